"""J: unusual hosts."""

from __future__ import annotations

from podstead.ids.ranges import IdMap
from podstead.proof.diagnosis.sign import (
    CONTAINERS,
    HELPERS,
    NAMESPACES,
    Register,
    Sign,
    failure_line,
    line_of,
)
from podstead.proof.subject import Subject

register = Register()


def _outer(subject: Subject) -> IdMap | None:
    outer = subject.evidence.own_map
    return outer if outer is not None and not outer.is_whole_host and outer.extents else None


@register("J02", "V01", *HELPERS)
def crosses_extents(subject: Subject) -> Sign | None:
    outer = _outer(subject)
    if outer is None:
        return None
    for range_ in (*subject.subuids, *subject.subgids):
        if (
            not outer.holds(range_)
            and outer.to_host(range_.start) is not None
            and outer.to_host(range_.last) is not None
        ):
            return Sign(
                found=f"{range_} crosses extents of the outer map {outer}",
                expected="a range inside one extent",
            )
    return None


@register("J02", "V19")
def keep_id_crosses_ranges(subject: Subject) -> Sign | None:
    """With several ranges the map of keep-id has extents of its own, which Podman must cut where the ranges end."""
    attempt = subject.evidence.attempts.get("keep-id")
    if attempt is None or attempt.ok or max(len(subject.subuids), len(subject.subgids)) < 2:
        return None
    sign = line_of(attempt.output, r"[ug]id_map[^\n]{0,20}: Operation not permitted")
    if sign is None:
        return None
    return Sign(
        found=sign.found,
        expected="one range, or a Podman that splits the map of keep-id where ranges end",
        cause="This Podman does not split the ID map of keep-id where the user's ranges end",
        remedy="use a newer Podman (4.3 can do it), or give USER one range instead of several before the first container",
    )


@register("J01", "V01", *HELPERS)
def inside_a_namespace(subject: Subject) -> Sign | None:
    outer = _outer(subject)
    if outer is None or all(outer.holds(range_) for range_ in (*subject.subuids, *subject.subgids)):
        return None
    return Sign(
        found=f"this host is itself in a user namespace ({outer})",
        expected="a map that contains the granted IDs",
    )


@register("J03", *CONTAINERS)
def hidden_processes(subject: Subject) -> Sign | None:
    options = (subject.host.get("proc.options") or "").split(",")
    if not any(
        option.startswith("hidepid=") and option not in ("hidepid=0", "hidepid=off") for option in options
    ):
        return None
    return Sign(
        found=f"/proc is mounted with {next(option for option in options if option.startswith('hidepid='))}",
        proved=failure_line(subject, r"sd-bus call: .{0,500}No route to host|cannot read argv") is not None,
    )


@register("J04", *NAMESPACES, "V21", "V22")
def read_only_sysctls(subject: Subject) -> Sign | None:
    unmet = sorted(subject.state.sysctls.read_only & subject.unmet)
    if not unmet or not (subject.state.platform.container or subject.host.get("container")):
        return None
    return Sign(
        found=f"{unmet[0]} cannot be written inside this container", expected="the outer host must set it"
    )


@register("J06", "V26", "V25")
def no_systemd(subject: Subject) -> Sign | None:
    init = subject.state.platform.init
    if subject.state.platform.systemd or not init:
        return None
    return Sign(
        found=f"PID 1 is {init}: there is no user session",
        proved=init in ("init", "openrc-init") and not subject.state.platform.container,
    )
