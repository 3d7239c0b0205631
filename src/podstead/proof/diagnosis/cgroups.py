"""F: control groups."""

from __future__ import annotations

import re

from podstead.proof.case import Case
from podstead.proof.diagnosis.sign import CONTAINERS, Register, Sign, said
from podstead.proof.finding import Verdict

register = Register()


@register("F02", *CONTAINERS)
def hybrid(case: Case) -> Sign | None:
    controllers = case.host.get("cgroup.hybrid")
    if not controllers or case.host.get("cgroup") == "cgroup2fs":
        return said(case, r"cgroups in hybrid mode not supported")
    return Sign(found=f"/sys/fs/cgroup/unified has the controllers {controllers}", expected="cgroup v2 alone")


@register("F01", *CONTAINERS)
def version_one(case: Case) -> Sign | None:
    kind, podman = case.host.get("cgroup"), case.podman
    if kind in (None, "", "cgroup2fs") or case.host.get("cgroup.hybrid"):
        return None
    # Podman 6 knows no other; before, cgroup v1 is the cause only of what speaks of cgroups
    fatal = podman is not None and podman.major >= 6
    proved = fatal or re.search("cgroup", case.said, re.IGNORECASE) is not None
    return Sign(found=f"/sys/fs/cgroup is {kind}", expected="cgroup2fs", proved=proved)


@register("F05", *CONTAINERS)
def nothing_delegated(case: Case) -> Sign | None:
    return said(
        case, r"controller [`'\"]?pids[`'\"]? is not available|subtree_control: (?:invalid argument|No such)"
    )


@register("F04", "V25", alone=Verdict.WARN)
def cpuset_too_early(case: Case) -> Sign | None:
    match = re.search(r"systemd (\d{1,4})", case.host.get("systemd") or "")
    if not match or int(match[1]) >= 244 or "cpuset" not in case.spec.session.delegate:
        return None
    return Sign(found=f"systemd {match[1]}", expected="systemd 244 or newer, to delegate cpuset")


@register("F03", *CONTAINERS)
def controller_asked_for(case: Case) -> Sign | None:
    return said(case, r"the requested cgroup controller [`'\"]?\w+[`'\"]? is not available")


@register("F03", "V25")
def not_delegated(case: Case) -> Sign | None:
    have, offered = case.controllers, case.host.words("cgroup.controllers")
    if have is None or offered is None:
        return None
    lacking = sorted((offered & set(case.spec.session.delegate)) - have)
    if not lacking:
        return None
    return Sign(
        found=f"delegated: {' '.join(sorted(have)) or 'nothing'}", expected=f"also {' '.join(lacking)}"
    )


@register("F06", "V25", alone=Verdict.WARN)
def no_manager(case: Case) -> Sign | None:
    info = case.evidence.info
    if info is None or info.get("host.cgroupManager") != "cgroupfs" or case.state.platform.systemd:
        return None
    return Sign(found="the cgroup manager is cgroupfs: limits of containers have no effect")
