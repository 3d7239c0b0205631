"""Findings put together by cause: one broken thing makes many checks fail, and a person mends it once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podstead.finding import Finding, Verdict

_ORDER = (Verdict.FAIL, Verdict.COULD_NOT_LOOK, Verdict.WARN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong for one user (or the host). ``head`` says what; ``checks`` failed, ``blind`` could not look."""

    head: Finding
    checks: tuple[str, ...]
    blind: tuple[str, ...] = ()


def problems(findings: Iterable[Finding]) -> tuple[Problem, ...]:
    """Everything that is wrong, failures first."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for one in findings:
        if one.verdict in _ORDER:
            groups.setdefault(_key(one), []).append(one)
    found = [_problem(group) for group in groups.values()]
    return tuple(sorted(found, key=lambda problem: _ORDER.index(problem.head.verdict)))


def _key(one: Finding) -> tuple[str, ...]:
    if one.ref:
        return (one.user, "mode", one.ref)
    if one.verdict is Verdict.COULD_NOT_LOOK:
        return (one.user, "blind", one.cause)
    return (one.user, "check", one.check)


def _problem(group: Sequence[Finding]) -> Problem:
    ordered = sorted(group, key=lambda one: _ORDER.index(one.verdict))
    checks = [one.check for one in ordered if one.verdict is not Verdict.COULD_NOT_LOOK]
    blind = [one.check for one in ordered if one.verdict is Verdict.COULD_NOT_LOOK]
    return Problem(head=ordered[0], checks=tuple(dict.fromkeys(checks)), blind=tuple(dict.fromkeys(blind)))
