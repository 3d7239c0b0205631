"""Everything that is wrong in a report as one list, for formats that show problems and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from podstead.proof.finding import Severity, Verdict
from podstead.report.causes import Cause, causes
from podstead.report.proved import headline, names_of
from podstead.visit.record import ChangeStatus, HostReport, Report, Status

TOGETHER = "the hosts together"
"""What stands for a host where only several of them show a problem."""


class Weight(StrEnum):
    """What a problem makes of a run."""

    ERROR = "error"
    """The run fails."""
    PENDING = "pending"
    """A change that ``check`` would make."""
    WARNING = "warning"
    """Nothing fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong on one host. ``about`` is what ``podstead explain`` knows it by, where there is such a thing."""

    host: str
    weight: Weight
    headline: str
    about: str = ""
    users: tuple[str, ...] = ()
    details: str = ""
    remedy: str = ""
    severity: Severity = Severity.MAJOR


def problems(report: Report) -> tuple[Problem, ...]:
    """Return what is wrong, host by host, in the order of the report; errors of a host before its warnings."""
    found = [problem for host in report.hosts for problem in _of_host(host)]
    return (*found, *(_of_cause(TOGETHER, cause) for cause in causes(report.fleet)))


def _of_host(host: HostReport) -> Iterator[Problem]:
    if host.trouble and host.status is not Status.SKIPPED:
        yield Problem(
            host=host.name, weight=Weight.ERROR, headline=host.trouble.message, remedy=host.trouble.hint,
            severity=Severity.BLOCK,
        )  # fmt: skip
    for change in host.changes:
        if change.status is ChangeStatus.FAILED:
            yield Problem(
                host=host.name, weight=Weight.ERROR, about=change.id, headline=f"failed: {change.title}",
                details=change.log, remedy=change.hint,
            )  # fmt: skip
    for refusal in host.refusals:
        yield Problem(
            host=host.name, weight=Weight.ERROR, about=refusal.id, headline=f"refused: {refusal.title}",
            details=refusal.reason, remedy=refusal.remedy,
        )  # fmt: skip
    for change in host.changes:
        if change.status is ChangeStatus.PENDING:
            yield Problem(
                host=host.name,
                weight=Weight.PENDING,
                about=change.id,
                headline=change.title,
                severity=Severity.DRIFT,
            )
    for cause in causes(host.findings):
        yield _of_cause(host.name, cause)


def _of_cause(host: str, cause: Cause) -> Problem:
    finding = cause.finding
    is_warning = finding.verdict is Verdict.WARN
    rows = (("found", cause.found), ("expected", finding.expected))
    return Problem(
        host=host,
        weight=Weight.WARNING if is_warning else Weight.ERROR,
        about=finding.ref or finding.check,
        headline=headline(cause),
        users=tuple(user for user in cause.users if user),
        details="\n".join(f"{label}: {text}" for label, text in rows if text),
        remedy="; ".join(
            text if len(cause.remedies) == 1 else f"{names_of(users)}: {text}"
            for users, text in cause.remedies
        ),
        severity=finding.severity,
    )
