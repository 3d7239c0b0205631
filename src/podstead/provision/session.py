"""User sessions: linger, delegation, the user bus, and pause processes that hold an old ID map."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from podstead.document.spec import HostSpec
from podstead.host import subids
from podstead.host.accounts import AccountsState
from podstead.host.platforms import Platform
from podstead.host.session import DROP_IN, SessionState, UserSession
from podstead.host.state import HostState
from podstead.host.subids import SubidsState
from podstead.ids.ranges import IdMap
from podstead.plural import counted
from podstead.provision import looks
from podstead.provision.change import (
    Change,
    NotApplicable,
    Outcome,
    Phase,
    Refusal,
    RunAsUser,
    RunCommand,
    Step,
    WaitSocket,
    allowing,
    rewritten,
)
from podstead.provision.drop_ins import delegate_drop_in
from podstead.provision.part import Meaning, Part, users_of


def plan(spec: HostSpec, state: SessionState, platform: Platform) -> Outcome:
    """Delegation for all, linger and a bus for each user who shall have one."""
    lingering = _lingering(spec)
    if not platform.systemd:
        inside = "PID 1 is the systemd of another root: this is a chroot"
        reason = (
            inside if platform.init == "systemd" else f"PID 1 is {platform.init or 'unknown'}, not systemd"
        )
        wanted = [f"session:{name}:linger" for name in lingering]
        if spec.session.delegate:
            wanted.append("session:delegate:controllers")
        return Outcome(
            not_applicable=tuple(NotApplicable(id=change_id, reason=reason) for change_id in wanted)
        )
    outcome = _delegate(spec, state)
    for name in lingering:
        user = state.users.get(name)
        if user is None:
            continue  # of an account that is yet to be created, see follows()
        if user.linger and not user.bus and not platform.is_root and platform.user != name:
            reason = "not looked at: only root and the user can see whether the session has a bus"
            outcome += Outcome(not_applicable=(NotApplicable(id=f"session:{name}:bus", reason=reason),))
        else:
            outcome += _linger(name, user)
    return outcome


def _lingering(spec: HostSpec) -> list[str]:
    return sorted(
        name
        for name, user in spec.users.items()
        if (user.linger if user.linger is not None else spec.session.linger)
    )


def follows(spec: HostSpec, state: HostState, creating: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Id and title of what apply does for the accounts that it is creating, once it knows their UIDs. check shows it, too."""
    if not state.platform.systemd:
        return ()
    return tuple(
        (f"session:{name}:linger", f"enable linger for {name}")
        for name in _lingering(spec)
        if name in creating
    )


def _delegate(spec: HostSpec, state: SessionState) -> Outcome:
    if not spec.session.delegate:
        return Outcome()
    return rewritten(
        state.drop_in,
        delegate_drop_in(spec.session.delegate),
        name="session:delegate:controllers",
        phase=Phase.SESSION,
        title=f"delegate {' '.join(sorted(spec.session.delegate))} to users",
        then=(RunCommand(("systemctl", "daemon-reload")),),
    )


def _linger(name: str, user: UserSession) -> Outcome:
    if user.linger and user.bus:
        return Outcome()
    bus = f"/run/user/{user.uid}/bus"
    start = (
        RunCommand(("systemctl", "start", f"user@{user.uid}.service")),
        # a manager that was started before the bus was installed knows its socket only after a reload
        RunAsUser(user=name, argv=("systemctl", "--user", "daemon-reload")),
        RunAsUser(user=name, argv=("systemctl", "--user", "start", "dbus.socket")),
        WaitSocket(path=bus),
    )
    steps: tuple[Step, ...] = start
    if user.linger:
        change_id, title = f"session:{name}:bus", f"start the session of {name}"
    else:
        enable = RunCommand(("loginctl", "enable-linger", "--", name))
        change_id, title, steps = f"session:{name}:linger", f"enable linger for {name}", (enable, *start)
    return Outcome(changes=(Change(id=change_id, phase=Phase.SESSION, title=title, steps=steps, user=name),))


def plan_migrate(
    spec: HostSpec,
    state: SessionState,
    ranges: SubidsState,
    accounts: AccountsState,
    *,
    allowed: frozenset[str],
) -> Outcome:
    """``podman system migrate`` where a pause process holds another map than the host grants now (podman#3356)."""
    outcome = Outcome()
    for name in sorted(spec.users.keys() & state.users.keys()):
        user, account = state.users[name], accounts.by_name.get(name)
        if user.pause is None or account is None:
            continue
        subuids, subgids = subids.granted(name, ranges, accounts)
        wanted = (IdMap.expected(account.uid, subuids), IdMap.expected(account.gid, subgids))
        if all(actual.same_ids(expected) for actual, expected in zip(user.pause, wanted, strict=True)):
            continue
        change_id = f"session:{name}:migrate"
        if user.running and change_id not in allowed:
            outcome += Outcome(refusals=(_would_stop(change_id, name, user),))
            continue
        outcome += Outcome(
            changes=(
                Change(
                    id=change_id,
                    phase=Phase.MIGRATE,
                    title=f"make {name}'s Podman use the new ID map (podman system migrate)",
                    steps=(RunAsUser(user=name, argv=("podman", "system", "migrate")),),
                    user=name,
                ),
            )
        )
    return outcome


def _would_stop(change_id: str, name: str, user: UserSession) -> Refusal:
    return Refusal(
        id=change_id,
        title=f"Podman of {name} still uses an old ID map",
        reason=f"its pause process holds the map from before the change, and 'podman system migrate' would stop {counted(user.running, 'running container')}",
        remedy=f"stop them at a convenient time and apply again, or allow it by name: {allowing(change_id)}",
        allow=True,
    )


def _from_state(spec: HostSpec, state: HostState, allowed: frozenset[str]) -> Outcome:
    return plan(spec, state.session, state.platform) + plan_migrate(
        spec, state.session, state.subids, state.accounts, allowed=allowed
    )


PART: Final = Part(
    name="session",
    does="enables linger, delegates controllers, starts session buses, makes Podman use new ID maps",
    phases=(Phase.SESSION, Phase.MIGRATE),
    about=users_of,
    plan=_from_state,
    owns=(DROP_IN,),
    changes=(
        Meaning(
            id="session:delegate:controllers",
            title="delegate cgroup controllers to users",
            why="Without delegation, --cpus and other limits have no effect for rootless containers. Takes effect at a user's next login.",
            remedy="/etc/systemd/system/user@.service.d/50-podstead.conf with [Service] Delegate=..., systemctl daemon-reload",
            sources=("systemd.resource-control(5)", "podman troubleshooting.md 26"),
        ),
        Meaning(
            id="session:NAME:linger",
            title="let the user's services run without a login",
            why="Without linger, containers end at logout and /run/user/UID is removed while they still need it.",
            remedy="loginctl enable-linger NAME",
            sources=("loginctl(1)", "podman troubleshooting.md 17 and 21"),
        ),
        Meaning(
            id="session:NAME:bus",
            title="start the user's session bus",
            why="A user manager that was started before the bus was installed has no bus; Podman then falls back to cgroupfs.",
            remedy="systemctl start user@UID; as the user: systemctl --user daemon-reload, systemctl --user start dbus.socket",
            sources=("systemd user@.service(5)",),
        ),
        Meaning(
            id="session:NAME:migrate",
            title="make Podman use a changed ID map",
            why=(
                "A pause process keeps the namespace of the first command. The migration stops the user's running containers, so "
                "it is refused while any are running, unless allowed by name."
            ),
            remedy="as the user: podman system migrate",
            sources=("podman-system-migrate(1)",),
        ),
        looks.OF_SESSION,
    ),
)
