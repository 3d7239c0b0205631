"""B: newuidmap and newgidmap."""

from __future__ import annotations

import re

from podstead.proof.case import Case
from podstead.proof.diagnosis.sign import HELPERS, Register, Sign, said

register = Register()
_BOTH = ("newuidmap", "newgidmap")
_SYSTEM = ("/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/run/wrappers/bin/")


def _modes(case: Case) -> list[tuple[str, str, str]]:
    """Path, mode and owner of both helpers, as the user finds them."""
    lines = (line.rsplit(None, 2) for line in case.evidence.helper_stat.splitlines())
    return [(fields[0], fields[1], fields[2]) for fields in lines if len(fields) == 3]


@register("B08", "V01", *HELPERS)
def no_passwd_entry(case: Case) -> Sign | None:
    seen = case.evidence
    if len(seen.who) < 3 or seen.passwd:
        return None
    return Sign(found=f"getent passwd {seen.who[1]} finds nothing", expected="a passwd entry of the user")


@register("B01", *HELPERS)
def missing(case: Case) -> Sign | None:
    lacking = [name for name in _BOTH if name not in case.state.platform.tools]
    if not lacking or not case.state.platform.tools:
        return None
    return Sign(found=f"{' and '.join(lacking)} not found", expected="newuidmap and newgidmap on PATH")


@register("B02", *HELPERS)
def not_on_path(case: Case) -> Sign | None:
    seen = case.evidence
    lacking = [name for name in _BOTH if name in case.state.platform.tools and name not in seen.helpers]
    if not lacking or not seen.environment:
        return None
    at = ", ".join(case.state.platform.tools[name] for name in lacking)
    return Sign(
        found=f"{at} is not on the session's PATH ({seen.environment.get('PATH', '')})",
        expected="a PATH that has it",
    )


@register("B05", "V01", *HELPERS)
def no_new_privileges(case: Case) -> Sign | None:
    if "1" not in (case.evidence.status.get("NoNewPrivs"), case.facts.get("manager.nnp")):
        return None
    return Sign(found="NoNewPrivs is 1 in the user's session", expected="0")


@register("B07", "V01", *HELPERS)
def other_primary_group(case: Case) -> Sign | None:
    seen, wanted = case.evidence, str(case.account.gid)
    group = seen.who[2] if len(seen.who) > 2 else case.facts.get("manager.gid")
    if not group or group == wanted:
        return None
    return Sign(found=f"the session's group is {group}", expected=f"{wanted}, as in passwd")


@register("B04", *HELPERS)
def nosuid(case: Case) -> Sign | None:
    mount = case.host.mount("helper.mount")
    if mount is None or "nosuid" not in mount[1]:
        return None
    path = case.state.platform.tools.get("newuidmap", "newuidmap")
    return Sign(found=f"the file system of {path} is mounted nosuid", expected="suid")


@register("B09", *HELPERS)
def shadowed(case: Case) -> Sign | None:
    bad = [
        path
        for path, mode, owner in _modes(case)
        if not path.startswith(_SYSTEM) and ("s" not in mode or owner != "0") and not _capable(case, path)
    ]
    if not bad:
        return None
    return Sign(
        found=f"{', '.join(bad)} comes first on PATH and has no privileges",
        expected="the helper of the distribution",
        remedy=f"take {' and '.join(bad)} away, or put its folder behind /usr/bin on PATH",
    )


@register("B03", *HELPERS)
def privileges_lost(case: Case) -> Sign | None:
    weak = [
        f"{path} {mode}"
        for path, mode, owner in _modes(case)
        if path.startswith(_SYSTEM) and ("s" not in mode[:4] or owner != "0") and not _capable(case, path)
    ]
    if not weak:
        return None
    return Sign(
        found=f"{', '.join(weak)}, no file capabilities",
        expected="-rwsr-xr-x of root, or cap_setuid/cap_setgid",
    )


def _capable(case: Case, path: str) -> bool:
    shown = case.state.platform.tools.get(f"cap.{path.rpartition('/')[2]}", "")
    # what getcap showed is the system's helper, whatever a user has put before it
    return "cap_set" in shown and path.startswith((*_SYSTEM, shown.partition(" ")[0]))


@register("B06", *HELPERS)
def capabilities_dropped(case: Case) -> Sign | None:
    bounds, helper = case.evidence.status.get("CapBnd", ""), case.evidence.attempts.get("newuidmap")
    lacking = _lacking(bounds)
    if not lacking or helper is None or helper.ok:
        return said(case, r"open of [ug]id_map failed: Permission denied")
    found = f"{' and '.join(lacking)} is not in the session's bounding set (CapBnd: {bounds})"
    if case.state.platform.container or case.host.get("container"):
        return Sign(found=found, expected="the default capabilities")
    return Sign(
        found=found,
        expected="the default capabilities",
        cause="The unit that the session belongs to has a CapabilityBoundingSet= without what newuidmap needs",
        remedy="take CapabilityBoundingSet= out of user@UID.service and user@.service (systemctl cat user@UID.service "
        "shows where it is), then systemctl daemon-reload && systemctl restart user@UID.service",
    )


def _lacking(bounds: str) -> list[str]:
    """What newuidmap and newgidmap need and a bounding set does not have (capabilities(7))."""
    if not re.fullmatch("[0-9a-f]{1,16}", bounds):
        return []
    return [name for name, bit in (("CAP_SETGID", 6), ("CAP_SETUID", 7)) if not int(bounds, 16) >> bit & 1]
