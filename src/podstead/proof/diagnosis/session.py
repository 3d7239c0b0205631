"""E: session, environment, systemd and D-Bus."""

from __future__ import annotations

import re
import shlex

from podstead.plural import agree
from podstead.proof.diagnosis.sign import CONTAINERS, PODMAN, Register, Sign, failure_line
from podstead.proof.finding import Verdict
from podstead.proof.subject import Subject

register = Register()
_SESSION = ("V01", "V26", "V25", *CONTAINERS)


def _has_bus(subject: Subject) -> bool:
    user = subject.state.session.users.get(subject.user)
    return "bus" in subject.evidence.access or (user is not None and user.bus)


@register("E08", "V01", "V31", *PODMAN, alone=Verdict.FAIL)
def no_home(subject: Subject) -> Sign | None:
    mode, _, owner = (subject.facts.get("home.mode") or "").partition(" ")
    # a home that cannot be entered is writable for test(1), and the probe then works elsewhere
    if owner == str(subject.account.uid) and re.fullmatch("[0-7]{1,4}", mode) and not int(mode, 8) & 0o100:
        return Sign(
            found=f"{subject.account.home} has mode {mode}, so {subject.user} cannot enter it",
            expected="0700, or more",
            remedy=f"chmod u+rwx {shlex.quote(subject.account.home)}",
        )
    if not subject.evidence.who or "home" in subject.evidence.access:
        return None
    return Sign(
        found=f"{subject.evidence.environment.get('HOME') or subject.account.home} does not exist or is not writable"
    )


@register("E07", "V01", *PODMAN)
def cannot_enter_folder(subject: Subject) -> Sign | None:
    if subject.evidence.who and "directory" not in subject.evidence.access:
        return Sign(found="the working directory cannot be entered")
    return failure_line(subject, r"cannot chdir to .{0,500}: Permission denied")


@register("E09", "V01", "V31", *PODMAN, alone=Verdict.FAIL)
def not_owned(subject: Subject) -> Sign | None:
    paths = subject.facts.all("not.owned")
    if not paths:
        return failure_line(subject, r"exists and it is not owned by the current user")
    return Sign(
        found=f"{', '.join(paths[:3])} {agree(len(paths[:3]), 'belongs', 'belong')} to another user",
        expected=f"files of {subject.user}",
        # never with -R: what containers own below belongs to subordinate IDs
        remedy=f"chown {subject.user}: {' '.join(paths)}" if _plain(paths) else "",
    )


def _plain(paths: tuple[str, ...]) -> bool:
    """Whether paths can be pasted as they are; a user may name files as they like."""
    return all(
        path.isascii() and path.replace("/", "").replace(".", "").replace("-", "").replace("_", "").isalnum()
        for path in paths
    )


@register("E12", *_SESSION)
def no_pam_systemd(subject: Subject) -> Sign | None:
    if not subject.state.platform.systemd or _has_bus(subject):
        return None
    if subject.host.get("pam.module") == "no":
        return Sign(found="pam_systemd.so is not installed")
    return (
        Sign(found="no file in /etc/pam.d names pam_systemd")
        if subject.host.get("pam.systemd") == "0"
        else None
    )


@register("E05", *_SESSION)
def no_user_bus(subject: Subject) -> Sign | None:
    """The session is there and its bus is not: the package of the user bus is missing."""
    user = subject.state.session.users.get(subject.user)
    if not subject.state.platform.systemd or user is None or _has_bus(subject) or not user.runtime_dir:
        return None
    return Sign(
        found=f"/run/user/{subject.account.uid} exists, but its bus does not",
        expected="the socket of a user bus",
    )


@register("E04", *CONTAINERS)
def no_linger_and_no_login(subject: Subject) -> Sign | None:
    """Without linger there is a session only while somebody is logged in."""
    return None if _has_bus(subject) else no_linger(subject)


@register("E04", "V26", "V01")
def no_linger(subject: Subject) -> Sign | None:
    user = subject.state.session.users.get(subject.user)
    if not subject.state.platform.systemd or user is None or user.linger or not subject.wants_linger:
        return None
    return Sign(found=f"/var/lib/systemd/linger/{subject.user} does not exist", expected="linger")


@register("E01", *_SESSION)
def no_session(subject: Subject) -> Sign | None:
    if not subject.state.platform.systemd or _has_bus(subject) or not subject.evidence.who:
        return None
    return Sign(found=f"no socket /run/user/{subject.account.uid}/bus")


@register("E02", "V01", *PODMAN, alone=Verdict.WARN)
def no_runtime_dir(subject: Subject) -> Sign | None:
    environment, user = subject.evidence.environment, subject.state.session.users.get(subject.user)
    if not subject.state.platform.systemd or not environment or environment.get("XDG_RUNTIME_DIR"):
        return None
    return Sign(
        found="XDG_RUNTIME_DIR is not set",
        expected=f"/run/user/{subject.account.uid}",
        # without the directory there is nothing to set it to, and that has a cause of its own
        proved=user is not None and user.runtime_dir,
    )


@register("E03", "V01", "V31", *PODMAN, alone=Verdict.FAIL)
def foreign_runtime_dir(subject: Subject) -> Sign | None:
    where = subject.evidence.environment.get("XDG_RUNTIME_DIR")
    if not where or "runtime-dir" in subject.evidence.access:
        return None
    return Sign(
        found=f"XDG_RUNTIME_DIR is {where}, which does not belong to {subject.user}",
        expected=f"/run/user/{subject.account.uid}",
    )


@register("E06", *CONTAINERS)
def system_bus(subject: Subject) -> Sign | None:
    return failure_line(subject, r"sd-bus call: .*|cannot open sd-bus.*|Interactive authentication required")


@register("E10", "V26", alone=Verdict.WARN)
def system_unit(subject: Subject) -> Sign | None:
    units = [
        line
        for line in subject.host.all("unit.user")
        if line.endswith((f":User={subject.user}", f":User={subject.account.uid}"))
    ]
    return (
        Sign(found=f"{units[0]} runs Podman as a system unit", expected="a user unit, with linger")
        if units
        else None
    )


@register("E15", "V26", alone=Verdict.WARN)
def network_never_online(subject: Subject) -> Sign | None:
    """Nothing wants the target, so user units that wait for it start late at every boot (podman#24796)."""
    state, quadlet = subject.host.get("online.waits"), subject.facts.get("quadlet")
    if quadlet is None or state is None or state == "active":
        return None
    return Sign(found=f"network-online.target is {state}, and {quadlet} waits for it", expected="active")


@register("E14", "V01", alone=Verdict.WARN)
def private_root(subject: Subject) -> Sign | None:
    if subject.host.get("root.propagation") != "private":
        return None
    return Sign(found="mounts below / are private", expected="shared propagation")
