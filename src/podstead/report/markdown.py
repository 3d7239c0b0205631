"""The report as Markdown, for the summary of a CI run: a line for each host, then what is wrong and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TextIO

from podstead.printable import one_line
from podstead.report.ending import last_line
from podstead.report.problems import Problem, Weight, problems
from podstead.report.steps import as_text
from podstead.report.view import View
from podstead.visit.record import Report

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&@])")
_WORDS: Final = {Weight.ERROR: "Problem", Weight.PENDING: "Pending", Weight.WARNING: "Warning"}


def render(report: Report, view: View, out: TextIO) -> None:
    """Write the summary."""
    out.writelines(f"{line}\n" for line in _lines(report, view))


def _lines(report: Report, view: View) -> Iterator[str]:
    yield f"## podstead {report.verb}{' ' + _text(view.pattern) if view.pattern else ''}"
    yield ""
    yield _text(last_line(report)) or "Nothing is wrong, and nothing is pending."
    yield ""
    yield "| host | status | system |"
    yield "|---|---|---|"
    for host in report.hosts:
        yield f"| {_text(host.name)} | {host.status.value} | {_text(host.system)} |"
    for problem in problems(report):
        yield ""
        yield from _problem(problem)


def _problem(problem: Problem) -> Iterator[str]:
    users = f", {_text(', '.join(problem.users))}" if problem.users else ""
    about = f" ({_text(problem.about)})" if problem.about else ""
    yield f"- **{_WORDS[problem.weight]}: {_text(problem.host)}{users}:** {_text(problem.headline)}{about}"
    for row in (*problem.details.splitlines(), *as_text("do", problem.remedy).splitlines()):
        yield f"  <br>{_text(row)}"


def _text(text: str) -> str:
    """What a host or a user has written is text, and no markup, link or mention."""
    return _SPECIAL.sub(r"\\\1", one_line(text))
