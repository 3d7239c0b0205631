"""Findings put together by cause: one broken thing makes many checks fail, and a person mends it once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podstead.proof.finding import Finding, Verdict

_ORDER = (Verdict.FAIL, Verdict.COULD_NOT_LOOK, Verdict.WARN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, for one user or several (or the host, whose name is empty). ``head`` says what.

    ``checks`` failed, ``blind`` could not look. ``remedies`` are what to do, each with the users whom it is for.
    """

    head: Finding
    checks: tuple[str, ...]
    blind: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    found: str = ""
    remedies: tuple[tuple[tuple[str, ...], str], ...] = ()


def problems(findings: Iterable[Finding]) -> tuple[Problem, ...]:
    """Everything that is wrong, failures first."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        if finding.verdict in _ORDER:
            groups.setdefault(_key(finding), []).append(finding)
    found = [_problem(group) for group in groups.values()]
    return tuple(sorted(found, key=lambda problem: _ORDER.index(problem.head.verdict)))


def _key(finding: Finding) -> tuple[str, ...]:
    if finding.ref:
        return ("mode", finding.ref, finding.cause)
    if finding.verdict is Verdict.COULD_NOT_LOOK:
        return (finding.user, "blind", finding.cause)
    return (finding.user, "check", finding.check)


def _problem(group: Sequence[Finding]) -> Problem:
    ordered = sorted(group, key=lambda finding: _ORDER.index(finding.verdict))
    users = tuple(dict.fromkeys(finding.user for finding in ordered))
    heads = [next(finding for finding in ordered if finding.user == user) for user in users]
    whose: dict[str, list[str]] = {}
    for finding in heads:
        if finding.remedy:
            whose.setdefault(finding.remedy, []).append(finding.user)
    said = dict.fromkeys(part for finding in heads for part in finding.found.split("; ") if part)
    return Problem(
        head=ordered[0],
        checks=_ids(finding for finding in ordered if finding.verdict is not Verdict.COULD_NOT_LOOK),
        blind=_ids(finding for finding in ordered if finding.verdict is Verdict.COULD_NOT_LOOK),
        users=users,
        found="; ".join(said),
        remedies=tuple((tuple(names), text) for text, names in whose.items()),
    )


def _ids(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.check for finding in findings))
