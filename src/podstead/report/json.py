"""The report as the JSON document whose schema is ``docs/reference/report.schema.json``."""

from __future__ import annotations

from typing import TextIO

from podstead.report.view import View
from podstead.visit.record import Report


def render(report: Report, _view: View, out: TextIO) -> None:
    """Write the whole report, whatever of it was asked for."""
    out.write(report.to_json() + "\n")
