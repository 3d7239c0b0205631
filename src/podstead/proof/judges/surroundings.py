"""Judging what surrounds the container: sockets, network, cgroups, the session, storage, and other users."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from podstead.host.sysctl_values import meets
from podstead.proof.evidence import Bind, sections
from podstead.proof.finding import Finding
from podstead.proof.judges.podman import started, why
from podstead.proof.subject import PING_RANGE, PORT_START, Subject

_MEMORY = "67108864"
"""What the probe's container is limited to: 64 MiB."""
_CPU = "50000 100000"
"""Half a processor, in microseconds of each tenth of a second (cgroup v2 cpu.max)."""


def sockets(subject: Subject) -> Iterator[Finding]:
    """V21 and V22"""
    seen = subject.evidence
    if seen.binds is None:
        why = "neither perl nor python3 is there to open sockets with"
        yield from (subject.blind(check, why) for check in ("V21", "V22"))
        return
    yield _ports(subject, seen.binds)
    yield _icmp(subject)


def _ports(subject: Subject, binds: tuple[Bind, ...]) -> Finding:
    live = subject.state.sysctls.live.get(PORT_START, "")
    if not (live.isascii() and live.isdigit() and len(live) < 11):
        return subject.blind("V21", f"{PORT_START} could not be read")
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
    need = subject.spec.sysctls.get(PORT_START)
    if need and not meets(need, live):
        wrong.append(f"{PORT_START} is {live}")
    if not right and not wrong:
        return subject.blind("V21", "no bind was tried")
    expected = f"bound from {boundary} on, refused below"
    return (
        subject.failed("V21", expected=expected, found="; ".join(wrong))
        if wrong
        else subject.passed("V21", "; ".join(right), expected)
    )


def _errno(result: str) -> str:
    return f"refused ({os.strerror(int(result))})" if result.isdigit() else result


def _icmp(subject: Subject) -> Finding:
    icmp, denied = subject.evidence.icmp, (subject.evidence.denied or "").strip()
    wanted = subject.spec.sysctls.get(PING_RANGE)
    live = subject.state.sysctls.live.get(PING_RANGE, "unknown")
    if 4 not in icmp:
        return subject.blind("V22", "no ICMP socket was tried")
    refused = [
        f"IPv{family}: {_errno(result)}"
        for family, result in sorted(icmp.items())
        if result != "ok"
        and (family == 4 or result not in (str(errno.EAFNOSUPPORT), str(errno.EPROTONOSUPPORT)))
    ]
    if refused and wanted is None:
        return subject.absent("V22", f"not asked for, and {PING_RANGE} is {live}")
    if refused:
        return subject.failed(
            "V22",
            expected=f"allowed ({PING_RANGE} covers the user's groups)",
            found=f"{'; '.join(refused)}; {PING_RANGE} is {live}",
        )
    if denied == "ok":
        return subject.failed("V22", expected="a refusal for a group outside the range", found="allowed")
    counter = (
        "a group outside the range was refused"
        if denied
        else "the refusal outside the range was not tried (needs root)"
    )
    return subject.passed("V22", f"allowed; {counter}")


def network(subject: Subject) -> Iterator[Finding]:
    """V23 and V24"""
    attempts = subject.evidence.attempts
    ran = started(subject)
    if ran is None or not (attempts.get("network") or ran[1].ok):
        yield from (subject.blind(check, "no container runs") for check in ("V23", "V24"))
        return
    name = "whole" if ran[0] == "whole" and ran[1].ok else "network"
    attempt = attempts.get(name)
    if attempt is None:
        yield from (subject.blind(check, "no container with a network was run") for check in ("V23", "V24"))
        return
    if not attempt.ok:
        yield subject.failed("V23", expected="a container with a network", found=why(attempt.said))
        yield subject.blind("V24", "no container with a network runs")
        return
    yield _interface(subject, name)
    yield _published(subject, name)


def _interface(subject: Subject, name: str) -> Finding:
    shown = sections(subject.evidence.told.get(name, ""))
    if "devices" not in shown:
        return subject.blind("V23", "the container told nothing about its network")
    lines = (line.partition(":") for line in shown["devices"].splitlines() if ":" in line)
    devices = sorted({device.strip() for device, _, _ in lines} - {"lo"})
    routed = any(line.split()[1:2] == ["00000000"] for line in shown.get("route", "").splitlines()) or any(
        line.startswith("0" * 32 + " 00") and not line.rstrip().endswith(" lo")
        for line in shown.get("route", "").splitlines()
    )
    if not devices:
        return subject.failed("V23", expected="an interface besides lo", found="only lo")
    if not routed and subject.host.get("route") == "default":
        return subject.failed(
            "V23",
            expected="a default route, as the host has one",
            found=f"{', '.join(devices)} and no default route",
        )
    if not routed and subject.host.get("route") is None:
        return subject.blind(
            "V23", "whether the host has a default route is not known, and the container has none"
        )
    alike = subject.host.get("route") == ("default" if routed else "none")
    return subject.passed(
        "V23",
        f"{', '.join(devices)}, {'a' if routed else 'no'} default route{', as on the host' if alike else ''}",
    )


def _published(subject: Subject, name: str) -> Finding:
    attempts = subject.evidence.attempts
    published = attempts.get("published")
    if name == "network" and published is not None and not published.ok:
        return subject.failed("V24", expected="a published port", found=why(published.said))
    answer = attempts.get("answer")
    if answer is None:
        why_not = (
            "the container does not listen at its port: it has no perl and no python3, or takes too long"
        )
        return subject.blind("V24", why_not)
    if not answer.ok or not answer.said.strip():
        return subject.failed("V24", expected="an answer at the published port", found=why(answer.said))
    return subject.passed("V24", "the host reached the container at 127.0.0.1")


def limits(subject: Subject) -> Finding:
    """V25"""
    offered, have = subject.host.words("cgroup.controllers"), subject.controllers
    if subject.host.get("cgroup") != "cgroup2fs" or offered is None:
        return subject.absent("V25", f"the host has no cgroup v2 ({subject.host.get('cgroup') or 'unknown'})")
    if not offered & {"memory", "cpu", "pids"}:
        return subject.absent("V25", "this kernel gives cgroup v2 no controllers")
    lacking = sorted((offered & set(subject.spec.session.delegate)) - (have or frozenset()))
    if lacking:
        return subject.failed(
            "V25",
            expected=f"delegated: {' '.join(sorted(offered & set(subject.spec.session.delegate)))}",
            found=f"not delegated: {' '.join(lacking)}",
        )
    if have is None or not have & {"memory", "cpu"}:
        return subject.absent("V25", "neither memory nor cpu is delegated, and the spec does not ask for it")
    attempts = subject.evidence.attempts
    name = next((one for one in ("whole", "limited") if one in attempts and attempts[one].ok), None)
    if name is None:
        limited = attempts.get("limited")
        if limited is not None:
            return subject.failed("V25", expected="a container with limits", found=why(limited.said))
        return subject.blind("V25", "no container runs")
    shown = sections(subject.evidence.told.get(name, ""))
    wanted = {key: text for key, text in (("memory", _MEMORY), ("cpu", _CPU)) if key in have}
    found = {key: shown.get(key, "").strip() for key in wanted}
    texts = "; ".join(f"{key}.max {text or 'unknown'}" for key, text in found.items())
    if found == wanted:
        return subject.passed("V25", texts)
    return subject.failed(
        "V25", expected="; ".join(f"{key}.max {text}" for key, text in wanted.items()), found=texts
    )


def survival(subject: Subject) -> Finding:
    """V26"""
    user = subject.state.session.users.get(subject.user)
    if not subject.state.platform.systemd:
        return subject.absent(
            "V26",
            f"PID 1 is {subject.state.platform.init or 'unknown'}, not systemd: there are no user sessions",
        )
    if not subject.wants_linger:
        return subject.absent("V26", "the spec does not ask for linger")
    if user is None:
        return subject.blind("V26", "the user's session could not be looked at")
    lacking = [
        what
        for what, there in (
            ("linger", user.linger),
            (f"/run/user/{user.uid}", user.runtime_dir),
            ("the user bus", user.bus),
        )
        if not there
    ]
    if lacking:
        return subject.failed(
            "V26",
            expected="linger, a runtime directory and a user bus without a login",
            found=f"missing: {', '.join(lacking)}",
        )
    return subject.passed("V26", f"linger is on, /run/user/{user.uid}/bus is there")


def driver(subject: Subject) -> Finding:
    """V27"""
    info, own = subject.evidence.info, subject.evidence.own
    start = subject.evidence.start
    if info is None or start is None:
        return subject.blind("V27", "podman info was not run")
    if not start.ran.ok:
        return subject.blind("V27", "the user's own podman info fails (V31)")
    if not info.ran.ok:
        return subject.failed("V27", expected="podman info", found=why(info.ran.said))
    name = info.get("store.graphDriverName")
    if not name:
        return subject.blind("V27", "podman info named no driver")
    executable = subject.evidence.attempts.get("executable")
    wanted = subject.spec.storage.driver
    if wanted is not None and name != wanted:
        return subject.failed("V27", expected=f"driver {wanted}", found=f"a new user gets {name}")
    if executable is not None and not executable.ok:
        return subject.failed("V27", expected="programs beside the storage can run", found=executable.last)
    backing = start.get("store.graphStatus.Backing Filesystem")
    mount = subject.graph_mount
    where = backing or (mount[0] if mount else "an unknown file system")
    kept = own.get("store.graphDriverName") if own else ""
    return subject.passed(
        "V27", f"{name} on {where}" + (f"; the user's own storage has {kept}" if kept else "")
    )


def isolation(subject: Subject) -> Finding:
    """V28"""
    seen = subject.evidence
    if not seen.peer:
        why_not = "one user only" if subject.state.platform.is_root else "only root can act as two users"
        return subject.absent("V28", why_not)
    if seen.peer_changed:
        return subject.blind(
            "V28", f"what {seen.peer} laid out to be tried was not what it should be, or did not stay so"
        )
    if seen.reached is None or len(seen.reached) < 4:
        return subject.blind(
            "V28", f"nothing of {seen.peer} was there to be tried, or it was not tried as root of a namespace"
        )
    got = [name for name, reached in seen.reached.items() if reached]
    if got:
        words = {"user read": "read", "user signal": "signal", "root read": "read", "root signal": "signal"}
        what = " and ".join(sorted({words[name] for name in got}))
        return subject.failed(
            "V28",
            expected="a refusal",
            found=f"{subject.user} can {what} what a container of {seen.peer} owns",
        )
    return subject.passed("V28", f"a file and a process of {seen.peer}'s container were out of reach")
