"""Judging sockets: ports that a user may bind, and ICMP echo."""

from __future__ import annotations

import errno
import os
from typing import Final

from podstead.host.sysctl_values import meets
from podstead.proof.check import Check, Judgement, could_not_look, failed, not_applicable, passed
from podstead.proof.finding import Severity
from podstead.proof.judges.needs import sockets_opened
from podstead.proof.subject import PING_RANGE, PORT_START, Subject


def _ports(subject: Subject) -> Judgement:
    live = subject.state.sysctls.live.get(PORT_START, "")
    if not (live.isascii() and live.isdigit() and len(live) < 11):
        return could_not_look(f"{PORT_START} could not be read")
    boundary = int(live)
    faults: list[str] = []
    passed_ports: list[str] = []
    for bind in subject.evidence.binds or ():
        free = bind.result in (
            "ok",
            str(errno.EADDRINUSE),
        )  # a port in use was not refused: the permission comes first
        if bind.result in (str(errno.EADDRNOTAVAIL), str(errno.EAFNOSUPPORT)):
            continue  # no IPv6 on this host
        text = f"IPv{bind.family} port {bind.port} {'bound' if free else _errno(bind.result)}"
        (passed_ports if free == (bind.port >= boundary) else faults).append(text)
    need = subject.spec.sysctls.get(PORT_START)
    if need and not meets(need, live):
        faults.append(f"{PORT_START} is {live}")
    if not passed_ports and not faults:
        return could_not_look("no bind was tried")
    expected = f"bound from {boundary} upwards, refused below"
    return (
        failed(expected=expected, found="; ".join(faults))
        if faults
        else passed("; ".join(passed_ports), expected)
    )


def _errno(result: str) -> str:
    return f"refused ({os.strerror(int(result))})" if result.isdigit() else result


V21: Final = Check(
    id="V21",
    title="low ports: bound from the boundary upwards, refused below",
    fails="low ports: what can be bound is not what the host is set to",
    severity=Severity.MINOR,
    why="A published port below net.ipv4.ip_unprivileged_port_start fails at container start (IPv6 follows IPv4's value).",
    remedy="See the value and the kernel's message under 'found'; the boundary: sysctl net.ipv4.ip_unprivileged_port_start",
    sources=("ip-sysctl (kernel documentation)", "podman troubleshooting.md 48"),
    undone_by_reboot=True,
    needs=(sockets_opened,),
    judge=_ports,
)


def _icmp(subject: Subject) -> Judgement:
    icmp, denied = subject.evidence.icmp, (subject.evidence.denied or "").strip()
    wanted = subject.spec.sysctls.get(PING_RANGE)
    live = subject.state.sysctls.live.get(PING_RANGE, "unknown")
    if 4 not in icmp:
        return could_not_look("no ICMP socket was tried")
    refused = [
        f"IPv{family}: {_errno(result)}"
        for family, result in sorted(icmp.items())
        if result != "ok"
        and (family == 4 or result not in (str(errno.EAFNOSUPPORT), str(errno.EPROTONOSUPPORT)))
    ]
    if refused and wanted is None:
        return not_applicable(f"not requested, and {PING_RANGE} is {live}")
    if refused:
        return failed(
            expected=f"allowed ({PING_RANGE} covers the user's groups)",
            found=f"{'; '.join(refused)}; {PING_RANGE} is {live}",
        )
    if denied == "ok":
        return failed(expected="a refusal for a group outside the range", found="allowed")
    counter = (
        "a group outside the range was refused"
        if denied
        else "the refusal outside the range was not tried (needs root)"
    )
    return passed(f"allowed; {counter}")


V22: Final = Check(
    id="V22",
    title="ICMP echo sockets: allowed for the user, refused outside the range",
    fails="ICMP echo sockets: ping is refused, or allowed outside the range",
    severity=Severity.MINOR,
    why="ping from containers needs the user's group in net.ipv4.ping_group_range on the host.",
    remedy="The range: sysctl net.ipv4.ping_group_range; the groups, as the user: id -G",
    sources=("icmp(7)", "podman troubleshooting.md 5"),
    undone_by_reboot=True,
    needs=(sockets_opened,),
    judge=_icmp,
)
