"""The report for GitLab's code quality widget: a JSON list of problems (docs.gitlab.com, "Code Quality report format")."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, TextIO

from podstead.printable import one_line
from podstead.proof.finding import Severity
from podstead.report.problems import Problem, Weight, problems
from podstead.report.view import View
from podstead.visit.record import Report

_SEVERITIES: Final = {
    Severity.BLOCK: "blocker",
    Severity.SECURITY: "critical",
    Severity.MAJOR: "major",
    Severity.MINOR: "minor",
    Severity.DRIFT: "minor",
}


def render(report: Report, _view: View, out: TextIO) -> None:
    """Write a list, empty where nothing is wrong."""
    out.write(
        json.dumps([_entry(problem) for problem in problems(report)], indent=2, ensure_ascii=False) + "\n"
    )


def _entry(problem: Problem) -> dict[str, Any]:
    """The widget wants a file; a host is none, so its name stands there as one."""
    users = f" ({', '.join(problem.users)})" if problem.users else ""
    description = one_line(f"{problem.host}{users}: {problem.headline}")
    name = one_line(problem.about or "host")
    # the widget compares two runs by it: what is the same problem has the same one
    identity = "\0".join((problem.host, name, *problem.users, problem.headline))
    return {
        "description": description,
        "check_name": name,
        "fingerprint": hashlib.sha256(identity.encode()).hexdigest(),
        "severity": "info" if problem.weight is Weight.WARNING else _SEVERITIES[problem.severity],
        "location": {"path": f"hosts/{one_line(problem.host)}", "lines": {"begin": 1}},
    }
