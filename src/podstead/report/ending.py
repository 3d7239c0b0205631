"""The last line of a text: how many things are wrong, on how many hosts, and the first of them."""

from __future__ import annotations

from podstead.plural import counted
from podstead.printable import one_line
from podstead.report.problems import Problem, Weight, problems
from podstead.visit.record import Report


def last_line(report: Report) -> str:
    """Return the line; empty where nothing is wrong, nothing is pending, and nobody has interrupted the run."""
    return "; ".join(filter(None, ("the run was interrupted" if report.interrupted else "", _found(report))))


def _found(report: Report) -> str:
    found = problems(report)
    errors = [problem for problem in found if problem.weight is Weight.ERROR]
    if errors:
        first = ": " if len(errors) == 1 else "; first: "
        where = f"{one_line(errors[0].host)}: {one_line(errors[0].headline)}"
        return f"{counted(len(errors), 'problem')}{_on(errors, report)}{first}{where}"
    pending = [problem for problem in found if problem.weight is Weight.PENDING]
    if pending:
        return f"{counted(len(pending), 'change')} pending{_on(pending, report)}"
    return ""


def _on(found: list[Problem], report: Report) -> str:
    hosts = {problem.host for problem in found} & {host.name for host in report.hosts}
    return f" on {len(hosts)} of {len(report.hosts)} hosts" if len(report.hosts) > 1 and hosts else ""
