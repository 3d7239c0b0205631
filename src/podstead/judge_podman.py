"""Judging what Podman itself showed: maps, owners, a container, ports and ICMP sockets."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from podstead.case import Case
from podstead.evidence import Bind, id_map, sections
from podstead.finding import Finding, Verdict
from podstead.judge import context, delegation, namespaces
from podstead.parts.sysctls import meets

PORT_START = "net.ipv4.ip_unprivileged_port_start"
PING_RANGE = "net.ipv4.ping_group_range"
_EXAMPLE = 5
"""The container UID whose host ID every report shows, and whose owner the probe looks at from outside."""


def findings(case: Case) -> tuple[Finding, ...]:
    """Every check for one user, in the order of their ids."""
    parts = (context(case), delegation(case), namespaces(case), maps(case), containers(case), sockets(case))
    return tuple(sorted((one for part in parts for one in part), key=lambda finding: finding.check))


def maps(case: Case) -> Iterator[Finding]:
    """V10 to V14"""
    yield _kept(case)
    inside = case.evidence.attempts.get("inside")
    if inside is None:
        why = "Podman is not installed" if "podman" not in case.state.platform.tools else "Podman was not run"
        verdict = (
            Verdict.FAIL
            if "podman" in case.spec.packages and "podman" not in case.state.platform.tools
            else Verdict.COULD_NOT_LOOK
        )
        yield case.finding("V10", verdict, found=why, remedy="podstead apply installs Podman")
        yield from (case.blind(check, why) for check in ("V12", "V13", "V14"))
        return
    shown = sections(inside.said)
    uid, gid = id_map(shown.get("uid")), id_map(shown.get("gid"))
    expected = f"uid {case.uid_map}; gid {case.gid_map}"
    if not (uid and gid and uid.extents and gid.extents and "chown" in shown):
        yield case.failed("V10", expected=expected, found=_why(inside.said))
        yield from (case.blind(check, "podman unshare did not work") for check in ("V12", "V13", "V14"))
        return
    if uid.same_ids(case.uid_map) and gid.same_ids(case.gid_map):
        host = uid.to_host(_EXAMPLE)
        text = f"uid {uid}; gid {gid}" + (
            f"; container UID {_EXAMPLE} is host UID {host}" if host is not None else ""
        )
        yield case.passed("V10", text, expected)
    else:
        yield case.failed(
            "V10",
            expected=expected,
            found=f"uid {uid}; gid {gid}",
            cause=_single_map(uid.extents == case.uid_map.extents[:1]),
        )
    allow = shown.get("setgroups", "").strip()
    yield case.passed("V12", allow) if allow == "allow" else case.failed("V12", expected="allow", found=allow)
    yield _chown(case, shown["chown"])
    yield _owner(
        case, "V14", case.evidence.owned, (_EXAMPLE, _EXAMPLE), f"a file of container {_EXAMPLE}:{_EXAMPLE}"
    )


def _single_map(single: bool) -> str:
    return "Podman fell back to a single ID: it finds no grant for the name in $USER" if single else ""


def _why(said: str) -> str:
    """The line of a failed Podman command that says most."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "rror" in line or "cannot" in line or "failed" in line]
    return (errors or lines or ["nothing was said"])[-1][-500:]


def _kept(case: Case) -> Finding:
    session = case.state.session.users.get(case.user)
    if session is None or session.pause is None:
        return case.absent("V11", "no pause process keeps a map")
    uid, gid = session.pause
    if uid.same_ids(case.uid_map) and gid.same_ids(case.gid_map):
        return case.passed("V11", f"uid {uid}; gid {gid}")
    return case.failed(
        "V11",
        expected=f"uid {case.uid_map}; gid {case.gid_map}",
        found=f"uid {uid}; gid {gid}",
        cause="the ranges were changed after Podman's first command",
    )


def _chown(case: Case, text: str) -> Finding:
    last, glast = case.uid_map.last_inside, case.gid_map.last_inside
    done = {
        line.removeprefix("chown ").removesuffix(" ok")
        for line in text.splitlines()
        if line.startswith("chown ") and line.endswith(" ok")
    }
    wanted = ("1:1", "5:5", f"{last}:{glast}")
    missing = [one for one in wanted if one not in done]
    beyond = sorted(one for one in done if one.startswith("beyond"))
    if missing or beyond:
        errors = [line for line in text.splitlines() if "hown" in line and not line.endswith(" ok")]
        found = "; ".join(
            (
                *(f"chown to {one} failed" for one in missing),
                *(f"chown {one} worked" for one in beyond),
                *errors[:1],
            )
        )
        return case.failed("V13", expected=f"1, 5 and {last} allowed, {last + 1} refused", found=found)
    if not case.evidence.attempts["inside"].ok:
        return case.blind("V13", "the attempts were cut short")  # a chown that was not tried was not refused
    return case.passed("V13", f"1, 5 and {last} allowed, {last + 1} refused")


def _owner(case: Case, check: str, found: str, ids: tuple[int, int], what: str) -> Finding:
    expected = f"{case.uid_map.to_host(ids[0])}:{case.gid_map.to_host(ids[1])}"
    if not found:
        return case.blind(check, "the file was not made")
    if found == expected:
        return case.passed(check, f"{what} belongs to {found} on the host", expected)
    return case.failed(check, expected=f"{what} belongs to {expected} on the host", found=found)


def containers(case: Case) -> Iterator[Finding]:
    """V17 and V18"""
    ran = case.evidence.attempts.get("container")
    if ran is None:
        yield from (case.blind(check, "no container was run") for check in ("V17", "V18"))
        return
    if not ran.ok:
        yield case.failed("V17", expected="a container", found=_why(ran.said))
        yield case.blind("V18", "no container runs")
        return
    shown = sections(ran.said)
    uid, gid = id_map(shown.get("uid")), id_map(shown.get("gid"))
    volume = _owner(case, "V17", case.evidence.volume, (5, 7), "a file of container 5:7")
    if volume.verdict is not Verdict.PASS:
        yield volume
    elif not uid or not gid or not uid.same_ids(case.uid_map) or not gid.same_ids(case.gid_map):
        yield case.failed(
            "V17", expected=f"uid {case.uid_map}; gid {case.gid_map}", found=f"uid {uid}; gid {gid}"
        )
    else:
        yield case.passed("V17", f"uid {uid}; {volume.found}")
    yield _top(case)


def _top(case: Case) -> Finding:
    top = case.evidence.attempts.get("top")
    if top is None or not top.ok:
        return case.blind("V18", _why(top.said if top else case.evidence.detached or ""))
    host = (str(case.uid_map.to_host(5)), str(case.gid_map.to_host(7)))
    rows = [line.split() for line in top.said.splitlines() if line.strip()]
    shown = rows[-1] if rows else []
    if len(shown) < 4:
        return case.blind("V18", "podman top printed something else than a table")
    if "?" in (shown[1], shown[3]):
        return case.absent(
            "V18", f"this Podman ({(case.evidence.podman or '').strip()}) prints ? for host IDs"
        )
    real = ":".join(host)
    truth = case.evidence.process
    if not truth:
        return case.blind("V18", "the process of the container could not be found on the host")
    if shown[1] == host[0] and shown[3] == host[1] and truth == real:
        return case.passed("V18", f"user 5 is {shown[1]}, group 7 is {shown[3]}; the host says {truth}", real)
    return case.failed(
        "V18",
        expected=real,
        found=f"podman top says {shown[1]}:{shown[3]}, the host says {truth}",
    )


def sockets(case: Case) -> Iterator[Finding]:
    """V21 and V22"""
    seen = case.evidence
    if seen.binds is None:
        why = "neither perl nor python3 is there to open sockets with"
        yield from (case.blind(check, why) for check in ("V21", "V22"))
        return
    yield _ports(case, seen.binds)
    yield _icmp(case)


def _ports(case: Case, binds: tuple[Bind, ...]) -> Finding:
    live = case.state.sysctls.live.get(PORT_START, "")
    if not (live.isascii() and live.isdigit()):
        return case.blind("V21", f"{PORT_START} could not be read")
    boundary = int(live)
    wrong: list[str] = []
    right: list[str] = []
    for one in binds:
        free = one.result in (
            "ok",
            str(errno.EADDRINUSE),
        )  # a port in use was not refused: the permission comes first
        if one.result in (str(errno.EADDRNOTAVAIL), str(errno.EAFNOSUPPORT)):
            continue  # no IPv6 on this host
        text = f"IPv{one.family} port {one.port} {'bound' if free else _errno(one.result)}"
        (right if free == (one.port >= boundary) else wrong).append(text)
    need = case.spec.sysctls.get(PORT_START)
    if need and not meets(need, live):
        wrong.append(f"{PORT_START} is {live}")
    if not right and not wrong:
        return case.blind("V21", "no bind was tried")
    expected = f"bound from {boundary} on, refused below"
    return (
        case.failed("V21", expected=expected, found="; ".join(wrong), remedy="podstead apply")
        if wrong
        else case.passed("V21", "; ".join(right), expected)
    )


def _errno(result: str) -> str:
    return f"refused ({os.strerror(int(result))})" if result.isdigit() else result


def _icmp(case: Case) -> Finding:
    icmp, denied = case.evidence.icmp, (case.evidence.denied or "").strip()
    wanted = case.spec.sysctls.get(PING_RANGE)
    live = case.state.sysctls.live.get(PING_RANGE, "unknown")
    if 4 not in icmp:
        return case.blind("V22", "no ICMP socket was tried")
    refused = [
        f"IPv{family}: {_errno(result)}"
        for family, result in sorted(icmp.items())
        if result != "ok"
        and (family == 4 or result not in (str(errno.EAFNOSUPPORT), str(errno.EPROTONOSUPPORT)))
    ]
    if refused and wanted is None:
        return case.absent("V22", f"not asked for, and {PING_RANGE} is {live}")
    if refused:
        return case.failed(
            "V22",
            expected=f"allowed ({PING_RANGE} covers the user's groups)",
            found=f"{'; '.join(refused)}; {PING_RANGE} is {live}",
            remedy="podstead apply",
        )
    if denied == "ok":
        return case.failed("V22", expected="a refusal for a group outside the range", found="allowed")
    counter = (
        "a group outside the range was refused"
        if denied
        else "the refusal outside the range was not tried (needs root)"
    )
    return case.passed("V22", f"allowed; {counter}")
