"""The last line of a text: how many things are wrong, on how many hosts, and the first of them."""

from __future__ import annotations

from collections.abc import Iterator

from podstead.printable import one_line
from podstead.proof.finding import Verdict
from podstead.report.causes import causes
from podstead.report.proved import headline
from podstead.visit.record import ChangeStatus, HostReport, Report, Status

_FAILED = (Verdict.FAIL, Verdict.COULD_NOT_LOOK)


def last_line(report: Report) -> str:
    """Return the line; empty where nothing is wrong and nothing is pending."""
    problems = [(host.name, text) for host in report.hosts for text in _problems(host)]
    problems += [
        ("the hosts together", headline(cause))
        for cause in causes(report.fleet)
        if cause.finding.verdict in _FAILED
    ]
    if problems:
        hosts = len({name for name, _ in problems})
        where = f" on {hosts} of {len(report.hosts)} hosts" if len(report.hosts) > 1 else ""
        first = ": " if len(problems) == 1 else "; first: "
        return f"{_many(len(problems), 'problem')}{where}{first}{one_line(problems[0][0])}: {problems[0][1]}"
    pending = sum(change.status is ChangeStatus.PENDING for host in report.hosts for change in host.changes)
    if pending:
        hosts = sum(host.status is Status.PENDING for host in report.hosts)
        where = f" on {hosts} of {len(report.hosts)} hosts" if len(report.hosts) > 1 else ""
        return f"{_many(pending, 'change')} pending{where}; podstead apply makes {'it' if pending == 1 else 'them'}"
    return ""


def _problems(host: HostReport) -> Iterator[str]:
    if host.trouble:
        yield one_line(host.trouble.message)
    for change in host.changes:
        if change.status is ChangeStatus.FAILED:
            yield f"failed: {one_line(change.title)}"
    for refusal in host.refusals:
        yield f"refused: {one_line(refusal.title)}"
    for cause in causes(host.findings):
        if cause.finding.verdict in _FAILED:
            yield headline(cause)


def _many(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"
