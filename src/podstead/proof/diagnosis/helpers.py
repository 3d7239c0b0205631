"""B: newuidmap and newgidmap."""

from __future__ import annotations

import re
import shlex

from podstead.plural import agree
from podstead.proof.diagnosis.sign import HELPERS, Register, Sign, failure_line
from podstead.proof.subject import Subject

register = Register()
_BOTH = ("newuidmap", "newgidmap")
_SYSTEM = ("/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/run/wrappers/bin/")


def _modes(subject: Subject) -> list[tuple[str, str, str]]:
    """Path, mode and owner of both helpers, as the user finds them."""
    lines = (line.rsplit(None, 2) for line in subject.evidence.helper_stat.splitlines())
    return [(fields[0], fields[1], fields[2]) for fields in lines if len(fields) == 3]


@register("B08", "V01", *HELPERS)
def no_passwd_entry(subject: Subject) -> Sign | None:
    evidence = subject.evidence
    if len(evidence.who) < 3 or evidence.passwd:
        return None
    return Sign(found=f"getent passwd {evidence.who[1]} finds nothing", expected="a passwd entry of the user")


@register("B01", *HELPERS)
def missing(subject: Subject) -> Sign | None:
    names = [name for name in _BOTH if name not in subject.state.platform.tools]
    if not names or not subject.state.platform.tools:
        return None
    return Sign(found=f"{' and '.join(names)} not found", expected="newuidmap and newgidmap on PATH")


@register("B02", *HELPERS)
def not_on_path(subject: Subject) -> Sign | None:
    evidence = subject.evidence
    unreachable = [
        name for name in _BOTH if name in subject.state.platform.tools and name not in evidence.helpers
    ]
    if not unreachable or not evidence.environment:
        return None
    at = ", ".join(subject.state.platform.tools[name] for name in unreachable)
    return Sign(
        found=f"{at} {agree(len(unreachable), 'is', 'are')} not on the session's PATH ({evidence.environment.get('PATH', '')})",
        expected=f"a PATH that has {agree(len(unreachable), 'it', 'them')}",
    )


@register("B05", "V01", *HELPERS)
def no_new_privileges(subject: Subject) -> Sign | None:
    if "1" not in (subject.evidence.status.get("NoNewPrivs"), subject.facts.get("manager.nnp")):
        return None
    return Sign(found="NoNewPrivs is 1 in the user's session", expected="0")


@register("B07", "V01", *HELPERS)
def other_primary_group(subject: Subject) -> Sign | None:
    evidence, wanted = subject.evidence, str(subject.account.gid)
    group = evidence.who[2] if len(evidence.who) > 2 else subject.facts.get("manager.gid")
    if not group or group == wanted:
        return None
    return Sign(found=f"the session's group is {group}", expected=f"{wanted}, as in passwd")


@register("B04", *HELPERS)
def nosuid(subject: Subject) -> Sign | None:
    mount = subject.host.mount("helper.mount")
    if mount is None or "nosuid" not in mount[1]:
        return None
    path = subject.state.platform.tools.get("newuidmap", "newuidmap")
    return Sign(found=f"the file system of {path} is mounted nosuid", expected="suid")


@register("B09", *HELPERS)
def shadowed(subject: Subject) -> Sign | None:
    bad = [
        path
        for path, mode, owner in _modes(subject)
        if not path.startswith(_SYSTEM) and ("s" not in mode or owner != "0") and not _capable(subject, path)
    ]
    if not bad:
        return None
    return Sign(
        found=f"{' and '.join(bad)} {agree(len(bad), 'comes first on PATH and has', 'come first on PATH and have')} no privileges",
        expected="the helper of the distribution",
        remedy=f"remove {' and '.join(map(shlex.quote, bad))}, or put {agree(len(bad), 'its folder', 'their folders')} after /usr/bin on PATH",
    )


@register("B03", *HELPERS)
def privileges_lost(subject: Subject) -> Sign | None:
    weak = [
        f"{path} {mode}"
        for path, mode, owner in _modes(subject)
        if path.startswith(_SYSTEM) and ("s" not in mode[:4] or owner != "0") and not _capable(subject, path)
    ]
    if not weak:
        return None
    return Sign(
        found=f"{', '.join(weak)}, no file capabilities",
        expected="-rwsr-xr-x of root, or cap_setuid/cap_setgid",
    )


def _capable(subject: Subject, path: str) -> bool:
    capabilities = subject.state.platform.tools.get(f"cap.{path.rpartition('/')[2]}", "")
    # what getcap showed is the system's helper, whatever a user has put before it
    return "cap_set" in capabilities and path.startswith((*_SYSTEM, capabilities.partition(" ")[0]))


@register("B06", *HELPERS)
def capabilities_dropped(subject: Subject) -> Sign | None:
    bounds, helper = subject.evidence.status.get("CapBnd", ""), subject.evidence.attempts.get("newuidmap")
    missing_capabilities = _missing_capabilities(bounds)
    if not missing_capabilities or helper is None or helper.ok:
        return failure_line(subject, r"open of [ug]id_map failed: Permission denied")
    are = agree(len(missing_capabilities), "is", "are")
    found = f"{' and '.join(missing_capabilities)} {are} not in the session's bounding set (CapBnd: {bounds})"
    if subject.state.platform.container or subject.host.get("container"):
        return Sign(found=found, expected="the default capabilities")
    return Sign(
        found=found,
        expected="the default capabilities",
        cause="The unit that the session belongs to has a CapabilityBoundingSet= that lacks what newuidmap needs",
        remedy="remove CapabilityBoundingSet= from user@UID.service and user@.service (systemctl cat user@UID.service "
        "shows where it is), then systemctl daemon-reload && systemctl restart user@UID.service",
    )


def _missing_capabilities(bounds: str) -> list[str]:
    """What newuidmap and newgidmap need and a bounding set does not have (capabilities(7))."""
    if not re.fullmatch("[0-9a-f]{1,16}", bounds):
        return []
    return [name for name, bit in (("CAP_SETGID", 6), ("CAP_SETUID", 7)) if not int(bounds, 16) >> bit & 1]
