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
    for one in findings:
        if one.verdict in _ORDER:
            groups.setdefault(_key(one), []).append(one)
    found = [_problem(group) for group in groups.values()]
    return tuple(sorted(found, key=lambda problem: _ORDER.index(problem.head.verdict)))


def _key(one: Finding) -> tuple[str, ...]:
    if one.ref:
        return ("mode", one.ref, one.cause)
    if one.verdict is Verdict.COULD_NOT_LOOK:
        return (one.user, "blind", one.cause)
    return (one.user, "check", one.check)


def _problem(group: Sequence[Finding]) -> Problem:
    ordered = sorted(group, key=lambda one: _ORDER.index(one.verdict))
    users = tuple(dict.fromkeys(one.user for one in ordered))
    heads = [next(one for one in ordered if one.user == user) for user in users]
    whose: dict[str, list[str]] = {}
    for one in heads:
        if one.remedy:
            whose.setdefault(one.remedy, []).append(one.user)
    said = dict.fromkeys(part for one in heads for part in one.found.split("; ") if part)
    return Problem(
        head=ordered[0],
        checks=_ids(one for one in ordered if one.verdict is not Verdict.COULD_NOT_LOOK),
        blind=_ids(one for one in ordered if one.verdict is Verdict.COULD_NOT_LOOK),
        users=users,
        found="; ".join(said),
        remedies=tuple((tuple(names), text) for text, names in whose.items()),
    )


def _ids(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.check for one in findings))
