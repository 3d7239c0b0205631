"""Judging limits on containers."""

from __future__ import annotations

from typing import Final

from podstead.proof.check import Check, Judgement, could_not_look, failed, passed
from podstead.proof.engine_evidence import error_line
from podstead.proof.evidence import sections
from podstead.proof.finding import Severity
from podstead.proof.judges.needs import own_podman_starts
from podstead.proof.subject import Subject

_MEMORY = "67108864"
"""What the probe's container is limited to: 64 MiB."""


_CPU = "50000 100000"
"""Half a processor, in microseconds of each tenth of a second (cgroup v2 cpu.max)."""


def _none(subject: Subject) -> str:
    offered = subject.host.words("cgroup.controllers")
    if subject.host.get("cgroup") != "cgroup2fs" or offered is None:
        return f"the host has no cgroup v2 ({subject.host.get('cgroup') or 'unknown'})"
    if not offered & {"memory", "cpu", "pids"}:
        return "this kernel gives cgroup v2 no controllers"
    if _missing_controllers(subject) or (subject.controllers or frozenset()) & {"memory", "cpu"}:
        return ""
    return "neither memory nor cpu is delegated, and the document does not ask for it"


def _wanted(subject: Subject) -> list[str]:
    """The controllers that the spec asks for and the kernel has."""
    offered = subject.host.words("cgroup.controllers") or frozenset()
    return sorted(offered & set(subject.spec.session.delegate))


def _missing_controllers(subject: Subject) -> list[str]:
    return [
        controller
        for controller in _wanted(subject)
        if controller not in (subject.controllers or frozenset())
    ]


def _limits(subject: Subject) -> Judgement:
    if missing := _missing_controllers(subject):
        return failed(
            expected=f"delegated: {' '.join(_wanted(subject))}", found=f"not delegated: {' '.join(missing)}"
        )
    attempts = subject.evidence.attempts
    name = next((name for name in ("whole", "limited") if name in attempts and attempts[name].ok), None)
    if name is None:
        limited = attempts.get("limited")
        if limited is not None:
            return failed(expected="a container with limits", found=error_line(limited.output))
        return could_not_look("no container runs")
    reported = sections(subject.evidence.container_output.get(name, ""))
    wanted = {
        key: text
        for key, text in (("memory", _MEMORY), ("cpu", _CPU))
        if key in (subject.controllers or frozenset())
    }
    found = {key: reported.get(key, "").strip() for key in wanted}
    texts = "; ".join(f"{key}.max {text or 'unknown'}" for key, text in found.items())
    if found == wanted:
        return passed(texts)
    return failed(expected="; ".join(f"{key}.max {text}" for key, text in wanted.items()), found=texts)


V25: Final = Check(
    id="V25",
    title="limits on containers take effect",
    fails="limits on containers do not take effect",
    severity=Severity.MINOR,
    why="Memory and processor limits need the cgroup controllers delegated to the user; without them they fail or are ignored.",
    remedy="As the user, cat /sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service/cgroup.controllers shows what is "
    "delegated.",
    sources=("systemd.resource-control(5) Delegate=", "cgroups(7)"),
    applies=_none,
    needs=(own_podman_starts,),
    judge=_limits,
)
