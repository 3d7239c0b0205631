"""Judging a container's network, and a port that it publishes."""

from __future__ import annotations

from typing import Final

from podstead.proof.check import Check, Judgement, could_not_look, failed, passed
from podstead.proof.engine_evidence import error_line
from podstead.proof.evidence import sections
from podstead.proof.finding import Severity
from podstead.proof.judges.needs import own_podman_starts, started_container
from podstead.proof.subject import Subject


def _name(subject: Subject) -> str:
    """Of the container with a network: the one that has everything, or one of its own."""
    ran = started_container(subject)
    return "whole" if ran is not None and ran[0] == "whole" and ran[1].ok else "network"


def _tried(subject: Subject) -> str:
    attempts, ran = subject.evidence.attempts, started_container(subject)
    if ran is None or not (attempts.get("network") or ran[1].ok):
        return "no container runs"
    return "" if _name(subject) in attempts else "no container with a network was run"


def _runs(subject: Subject) -> str:
    attempt = subject.evidence.attempts.get(_name(subject))
    return "" if attempt is not None and attempt.ok else "no container with a network runs"


def _interface(subject: Subject) -> Judgement:
    name = _name(subject)
    attempt = subject.evidence.attempts[name]
    if not attempt.ok:
        return failed(expected="a container with a network", found=error_line(attempt.output))
    reported = sections(subject.evidence.container_output.get(name, ""))
    if "devices" not in reported:
        return could_not_look("the container reported nothing about its network")
    lines = (line.partition(":") for line in reported["devices"].splitlines() if ":" in line)
    devices = sorted({device.strip() for device, _, _ in lines} - {"lo"})
    routed = any(line.split()[1:2] == ["00000000"] for line in reported.get("route", "").splitlines()) or any(
        line.startswith("0" * 32 + " 00") and not line.rstrip().endswith(" lo")
        for line in reported.get("route", "").splitlines()
    )
    if not devices:
        return failed(expected="an interface besides lo", found="only lo")
    if not routed and subject.host.get("route") == "default":
        return failed(
            expected="a default route, as the host has one",
            found=f"{', '.join(devices)} and no default route",
        )
    if not routed and subject.host.get("route") is None:
        return could_not_look(
            "it is not known whether the host has a default route, and the container has none"
        )
    same_as_host = subject.host.get("route") == ("default" if routed else "none")
    return passed(
        f"{', '.join(devices)}, {'a' if routed else 'no'} default route{', as on the host' if same_as_host else ''}",
    )


V23: Final = Check(
    id="V23",
    title="the container's network comes up",
    fails="the container's network does not come up",
    severity=Severity.MAJOR,
    why="pasta (Podman 5) or slirp4netns (earlier versions) must be installed, reach /dev/net/tun and be allowed to open namespaces.",
    remedy="See Podman's message under 'found'. As the user, podman info shows which network program is used; ls -l /dev/net/tun must "
    "show crw-rw-rw-.",
    sources=("podman rootless.md", "pasta(1)"),
    needs=(own_podman_starts, _tried),
    judge=_interface,
)


def _published(subject: Subject) -> Judgement:
    attempts = subject.evidence.attempts
    published = attempts.get("published")
    if _name(subject) == "network" and published is not None and not published.ok:
        return failed(expected="a published port", found=error_line(published.output))
    answer = attempts.get("answer")
    if answer is None:
        why_not = (
            "the container does not listen on its port: it has neither perl nor python3, or takes too long"
        )
        return could_not_look(why_not)
    if not answer.ok or not answer.output.strip():
        return failed(expected="an answer on the published port", found=error_line(answer.output))
    return passed("the host reached the container at 127.0.0.1")


V24: Final = Check(
    id="V24",
    title="a published port answers on the host",
    fails="a published port does not answer on the host",
    severity=Severity.MAJOR,
    why="A published port is forwarded by pasta, slirp4netns or rootlessport, and each of these can be refused.",
    remedy="If V21 or V23 fails too, start there.",
    sources=("podman-run(1) --publish",),
    needs=(own_podman_starts, _tried, _runs),
    judge=_published,
)
