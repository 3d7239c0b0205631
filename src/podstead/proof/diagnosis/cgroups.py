"""F: control groups."""

from __future__ import annotations

import re

from podstead.proof.diagnosis.sign import CONTAINERS, Register, Sign, failure_line
from podstead.proof.finding import Verdict
from podstead.proof.subject import Subject

register = Register()


@register("F02", *CONTAINERS)
def hybrid(subject: Subject) -> Sign | None:
    controllers = subject.host.get("cgroup.hybrid")
    if not controllers or subject.host.get("cgroup") == "cgroup2fs":
        return failure_line(subject, r"cgroups in hybrid mode not supported")
    return Sign(found=f"/sys/fs/cgroup/unified has the controllers {controllers}", expected="cgroup v2 alone")


@register("F01", *CONTAINERS)
def version_one(subject: Subject) -> Sign | None:
    kind, podman = subject.host.get("cgroup"), subject.podman
    if kind in (None, "", "cgroup2fs") or subject.host.get("cgroup.hybrid"):
        return None
    # Podman 6 knows no other; before, cgroup v1 is the cause only of what speaks of cgroups
    fatal = podman is not None and podman.major >= 6
    proved = fatal or re.search("cgroup", subject.failure_output, re.IGNORECASE) is not None
    return Sign(found=f"/sys/fs/cgroup is {kind}", expected="cgroup2fs", proved=proved)


@register("F05", *CONTAINERS)
def nothing_delegated(subject: Subject) -> Sign | None:
    return failure_line(
        subject,
        r"controller [`'\"]?pids[`'\"]? is not available|subtree_control: (?:invalid argument|No such)",
    )


@register("F04", "V25", alone=Verdict.WARN)
def cpuset_too_early(subject: Subject) -> Sign | None:
    match = re.search(r"systemd (\d{1,4})", subject.host.get("systemd") or "")
    if not match or int(match[1]) >= 244 or "cpuset" not in subject.spec.session.delegate:
        return None
    return Sign(found=f"systemd {match[1]}", expected="systemd 244 or newer, to delegate cpuset")


@register("F03", *CONTAINERS)
def controller_asked_for(subject: Subject) -> Sign | None:
    return failure_line(subject, r"the requested cgroup controller [`'\"]?\w+[`'\"]? is not available")


@register("F03", "V25")
def not_delegated(subject: Subject) -> Sign | None:
    have, offered = subject.controllers, subject.host.words("cgroup.controllers")
    if have is None or offered is None:
        return None
    missing = sorted((offered & set(subject.spec.session.delegate)) - have)
    if not missing:
        return None
    return Sign(
        found=f"delegated: {' '.join(sorted(have)) or 'nothing'}", expected=f"also {' '.join(missing)}"
    )


@register("F06", "V25", alone=Verdict.WARN)
def no_manager(subject: Subject) -> Sign | None:
    info = subject.evidence.fresh_info
    if info is None or info.get("host.cgroupManager") != "cgroupfs" or subject.state.platform.systemd:
        return None
    return Sign(found="the cgroup manager is cgroupfs: limits of containers have no effect")
