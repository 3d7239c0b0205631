"""Findings grouped by cause: one broken thing makes many checks fail, and is fixed once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podstead.proof.finding import Finding, Severity, Verdict

_ORDER = (Verdict.FAIL, Verdict.COULD_NOT_LOOK, Verdict.WARN)
_SEVERITIES = (Severity.BLOCK, Severity.MAJOR, Severity.SECURITY, Severity.MINOR, Severity.DRIFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that is wrong, for one user or several (or the host, whose name is empty). ``finding`` says what.

    ``checks`` failed, ``could_not_look`` could not be checked. ``remedies`` are what to do, each with its users.
    """

    finding: Finding
    checks: tuple[str, ...]
    could_not_look: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    found: str = ""
    remedies: tuple[tuple[tuple[str, ...], str], ...] = ()


def causes(findings: Iterable[Finding]) -> tuple[Cause, ...]:
    """Everything that is wrong: failures first, and of them what is worst."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        if finding.verdict in _ORDER:
            groups.setdefault(_key(finding), []).append(finding)
    found = [_cause(group) for group in groups.values()]
    return tuple(
        sorted(
            found,
            key=lambda cause: (
                _ORDER.index(cause.finding.verdict),
                _SEVERITIES.index(cause.finding.severity),
            ),
        )
    )


def _key(finding: Finding) -> tuple[str, ...]:
    if finding.ref:
        return ("mode", finding.ref, finding.cause)
    if finding.verdict is Verdict.COULD_NOT_LOOK:
        return (finding.user, "could-not-look", finding.cause)
    return (finding.user, "check", finding.check)


def _cause(group: Sequence[Finding]) -> Cause:
    ordered = sorted(group, key=lambda finding: _ORDER.index(finding.verdict))
    users = tuple(dict.fromkeys(finding.user for finding in ordered))
    first_findings = [next(finding for finding in ordered if finding.user == user) for user in users]
    users_by_remedy: dict[str, list[str]] = {}
    for finding in first_findings:
        if finding.remedy:
            users_by_remedy.setdefault(finding.remedy, []).append(finding.user)
    parts = dict.fromkeys(part for finding in first_findings for part in finding.found.split("; ") if part)
    checks = _ids(finding for finding in ordered if finding.verdict is not Verdict.COULD_NOT_LOOK)
    could_not_look = _ids(finding for finding in ordered if finding.verdict is Verdict.COULD_NOT_LOOK)
    return Cause(
        finding=ordered[0],
        checks=checks,
        could_not_look=tuple(check for check in could_not_look if check not in checks),
        users=users,
        found="; ".join(parts),
        remedies=tuple((tuple(names), text) for text, names in users_by_remedy.items()),
    )


def _ids(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(sorted({finding.check for finding in findings}))
