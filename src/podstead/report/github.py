"""The text, and below it annotations that GitHub Actions shows on the run (docs.github.com, "Workflow commands")."""

from __future__ import annotations

import secrets
from typing import TextIO

from podstead.printable import one_line, printable
from podstead.report import text
from podstead.report.problems import Problem, Weight, problems
from podstead.report.steps import as_text
from podstead.report.view import View
from podstead.visit.record import Report

_COMMANDS = {Weight.ERROR: "error", Weight.PENDING: "warning", Weight.WARNING: "notice"}


def render(report: Report, view: View, out: TextIO) -> None:
    """Write the report for the log, then a command for each problem.

    The runner looks for commands in every line of a log. In the text, which holds what hosts and their users have written,
    it is told to look for none but one that no host can know.
    """
    token = secrets.token_hex(16)
    out.write(f"::stop-commands::{token}\n")
    text.render(report, view, out)
    out.write(f"::{token}::\n")
    found = problems(report)
    out.writelines(f"{_command(problem)}\n" for problem in found)


def _command(problem: Problem) -> str:
    users = f" {', '.join(problem.users)}" if problem.users else ""
    pending = "pending: " if problem.weight is Weight.PENDING else ""
    title = one_line(f"{problem.host}{users}: {pending}{problem.headline}")
    rows = (
        problem.headline,
        problem.details,
        as_text("do", problem.remedy),
        _explained(problem),
    )
    body = "\n".join(printable(row) for row in rows if row)
    return f"::{_COMMANDS[problem.weight]} title={_property(title)}::{_data(body)}"


def _explained(problem: Problem) -> str:
    return f"podstead explain {problem.about}" if problem.about else ""


def _data(value: str) -> str:
    """Escaped as the runner's own toolkit does it (actions/toolkit, packages/core/src/command.ts)."""
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
