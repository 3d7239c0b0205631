"""Engine settings: keys of containers.conf(5) in a drop-in that podstead owns."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from podstead.document.spec import HostSpec
from podstead.host.accounts import AccountsState
from podstead.host.engine import DROP_IN, EngineState
from podstead.host.package_versions import upstream
from podstead.host.packages import PackagesState
from podstead.host.state import HostState
from podstead.provision.change import Outcome, Phase, Refusal, allowing, rewritten
from podstead.provision.drop_ins import toml
from podstead.provision.engine_lasting import Traces, in_force, objections
from podstead.provision.part import Meaning, Part

_ID = "engine:drop-in:content"


def plan(
    spec: HostSpec,
    state: EngineState,
    packages: PackagesState,
    accounts: AccountsState,
    *,
    with_storage: frozenset[str],
    tools: Container[str],
    allowed: Container[str] = (),
) -> Outcome:
    """Write the drop-in when the spec has engine settings and they differ, unless that breaks what was made before.

    A spec without any leaves the drop-in as it is. ``with_storage``: users of the spec who have used Podman; ``tools``:
    programs that the host has.
    """
    if not spec.engine:
        return Outcome()
    podman = upstream(packages.podman())
    if podman and (podman.major, podman.minor) < (3, 3):
        return Outcome(refusals=(_no_drop_ins(str(podman)),))
    text = toml(spec.engine)
    written = rewritten(state.drop_in, text, name=_ID, phase=Phase.ENGINE, title=f"write {DROP_IN}")
    if not written.changes or _ID in allowed:
        return written
    broken = objections(
        in_force(state.files, podman),
        in_force({**state.files, DROP_IN: text}, podman),
        Traces(
            segments=state.segments,
            with_storage=with_storage,
            storage_of=state.storage_of,
            document=frozenset(spec.users),
            names={uid: account.name for uid, account in accounts.by_uid.items()},
        ),
        runtimes=frozenset(name for name in ("crun", "runc") if name in tools or name in spec.packages),
        podman=podman,
    )
    return Outcome(refusals=(_would_break(broken),)) if broken else written


def _would_break(broken: tuple[str, ...]) -> Refusal:
    return Refusal(
        id=_ID,
        title="engine settings would break what was created under the old ones",
        reason="; ".join(broken),
        remedy="leave the setting as it is; or make the change where nothing depends on it yet: locks are recreated "
        "after a reboot, or after the user, with no containers left, has removed the lock segment: rm /dev/shm/libpod_rootless_lock_$(id -u); "
        f"to write it anyway, for example before a reboot: {allowing(_ID)}",
        allow=True,
    )


def _no_drop_ins(podman: str) -> Refusal:
    """containers/common#615 (June 2021) brought the folder; Debian 11's Podman 3.0.1 does not know its name."""
    return Refusal(
        id=_ID,
        title="engine settings cannot be set here",
        reason=f"Podman {podman} does not read {DROP_IN.rpartition('/')[0]} (new in 3.3)",
        remedy="set them by hand in /etc/containers/containers.conf, or use a release with a newer Podman",
    )


def _from_state(spec: HostSpec, state: HostState, allowed: frozenset[str]) -> Outcome:
    return plan(
        spec,
        state.engine,
        state.packages,
        state.accounts,
        with_storage=state.users_with_storage,
        tools=state.platform.tools,
        allowed=allowed,
    )


PART: Final = Part(
    name="engine",
    does="writes the drop-in for containers.conf",
    phases=(Phase.ENGINE,),
    about=lambda spec: tuple(spec.engine),
    plan=_from_state,
    owns=(DROP_IN,),
    changes=(
        Meaning(
            id="engine:drop-in:content",
            title="write /etc/containers/containers.conf.d/50-podstead.conf",
            why=(
                "Settings in drop-ins survive upgrades and Podman 6, which reads only one main file. Refused where changing or removing "
                "a setting would break what any user's Podman has created under the old value."
            ),
            remedy="Write the tables of containers.conf to a file in that folder.",
            sources=("containers.conf(5)",),
        ),
    ),
)
