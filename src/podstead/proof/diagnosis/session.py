"""E: session, environment, systemd and D-Bus."""

from __future__ import annotations

import re
import shlex

from podstead.proof.case import Case
from podstead.proof.diagnosis.sign import CONTAINERS, PODMAN, Register, Sign, said
from podstead.proof.finding import Verdict

register = Register()
_SESSION = ("V01", "V26", "V25", *CONTAINERS)


def _has_bus(case: Case) -> bool:
    user = case.state.session.users.get(case.user)
    return "bus" in case.evidence.access or (user is not None and user.bus)


@register("E08", "V01", "V31", *PODMAN, alone=Verdict.FAIL)
def no_home(case: Case) -> Sign | None:
    mode, _, owner = (case.facts.get("home.mode") or "").partition(" ")
    # a home that cannot be entered is writable for test(1), and the probe then works elsewhere
    if owner == str(case.account.uid) and re.fullmatch("[0-7]{1,4}", mode) and not int(mode, 8) & 0o100:
        return Sign(
            found=f"{case.account.home} has mode {mode}, so {case.user} cannot enter it",
            expected="0700, or more",
            remedy=f"chmod u+rwx {shlex.quote(case.account.home)}",
        )
    if not case.evidence.who or "home" in case.evidence.access:
        return None
    return Sign(
        found=f"{case.evidence.environment.get('HOME') or case.account.home} is not there or not writable"
    )


@register("E07", "V01", *PODMAN)
def cannot_enter_folder(case: Case) -> Sign | None:
    if case.evidence.who and "directory" not in case.evidence.access:
        return Sign(found="the working directory cannot be entered")
    return said(case, r"cannot chdir to .{0,500}: Permission denied")


@register("E09", "V01", "V31", *PODMAN, alone=Verdict.FAIL)
def not_owned(case: Case) -> Sign | None:
    foreign = case.facts.all("not.owned")
    if not foreign:
        return said(case, r"exists and it is not owned by the current user")
    return Sign(
        found=f"{', '.join(foreign[:3])} belongs to somebody else",
        expected=f"files of {case.user}",
        # never with -R: what containers own below belongs to subordinate IDs
        remedy=f"chown {case.user}: {' '.join(foreign)}" if _plain(foreign) else "",
    )


def _plain(paths: tuple[str, ...]) -> bool:
    """Whether paths can be pasted as they are; a user may name files as they like."""
    return all(
        path.isascii() and path.replace("/", "").replace(".", "").replace("-", "").replace("_", "").isalnum()
        for path in paths
    )


@register("E12", *_SESSION)
def no_pam_systemd(case: Case) -> Sign | None:
    if not case.state.platform.systemd or _has_bus(case):
        return None
    if case.host.get("pam.module") == "no":
        return Sign(found="pam_systemd.so is not installed")
    return (
        Sign(found="no file in /etc/pam.d names pam_systemd") if case.host.get("pam.systemd") == "0" else None
    )


@register("E05", *_SESSION)
def no_user_bus(case: Case) -> Sign | None:
    """The session is there and its bus is not: the package of the user bus is missing."""
    user = case.state.session.users.get(case.user)
    if not case.state.platform.systemd or user is None or _has_bus(case) or not user.runtime_dir:
        return None
    return Sign(
        found=f"/run/user/{case.account.uid} is there, its bus is not", expected="the socket of a user bus"
    )


@register("E04", *CONTAINERS)
def no_linger_and_no_login(case: Case) -> Sign | None:
    """Without linger there is a session only while somebody is logged in."""
    return None if _has_bus(case) else no_linger(case)


@register("E04", "V26", "V01")
def no_linger(case: Case) -> Sign | None:
    user = case.state.session.users.get(case.user)
    if not case.state.platform.systemd or user is None or user.linger or not case.wants_linger:
        return None
    return Sign(found=f"/var/lib/systemd/linger/{case.user} is not there", expected="linger")


@register("E01", *_SESSION)
def no_session(case: Case) -> Sign | None:
    if not case.state.platform.systemd or _has_bus(case) or not case.evidence.who:
        return None
    return Sign(found=f"no socket /run/user/{case.account.uid}/bus")


@register("E02", "V01", *PODMAN, alone=Verdict.WARN)
def no_runtime_dir(case: Case) -> Sign | None:
    environment, user = case.evidence.environment, case.state.session.users.get(case.user)
    if not case.state.platform.systemd or not environment or environment.get("XDG_RUNTIME_DIR"):
        return None
    return Sign(
        found="XDG_RUNTIME_DIR is not set",
        expected=f"/run/user/{case.account.uid}",
        # without the directory there is nothing to set it to, and that has a cause of its own
        proved=user is not None and user.runtime_dir,
    )


@register("E03", "V01", "V31", *PODMAN, alone=Verdict.FAIL)
def foreign_runtime_dir(case: Case) -> Sign | None:
    where = case.evidence.environment.get("XDG_RUNTIME_DIR")
    if not where or "runtime-dir" in case.evidence.access:
        return None
    return Sign(
        found=f"XDG_RUNTIME_DIR is {where}, which does not belong to {case.user}",
        expected=f"/run/user/{case.account.uid}",
    )


@register("E06", *CONTAINERS)
def system_bus(case: Case) -> Sign | None:
    return said(case, r"sd-bus call: .*|cannot open sd-bus.*|Interactive authentication required")


@register("E10", "V26", alone=Verdict.WARN)
def system_unit(case: Case) -> Sign | None:
    mine = [
        line
        for line in case.host.all("unit.user")
        if line.endswith((f":User={case.user}", f":User={case.account.uid}"))
    ]
    return (
        Sign(found=f"{mine[0]} runs Podman as a system unit", expected="a user unit, with linger")
        if mine
        else None
    )


@register("E15", "V26", alone=Verdict.WARN)
def network_never_online(case: Case) -> Sign | None:
    """Nothing wants the target, so user units that wait for it start late at every boot (podman#24796)."""
    state, quadlet = case.host.get("online.waits"), case.facts.get("quadlet")
    if quadlet is None or state is None or state == "active":
        return None
    return Sign(found=f"network-online.target is {state}, and {quadlet} waits for it", expected="active")


@register("E14", "V01", alone=Verdict.WARN)
def private_root(case: Case) -> Sign | None:
    if case.host.get("root.propagation") != "private":
        return None
    return Sign(found="mounts below / are private", expected="shared propagation")
