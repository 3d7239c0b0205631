"""What every format of a report has in common: how it is called, and what it is told about the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

from podstead.document.tags import PART_NAMES
from podstead.visit.record import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What of a run was asked for: which hosts and parts, and how much is to be said about them."""

    pattern: str = ""
    parts: tuple[str, ...] = PART_NAMES
    diff: bool = False
    verbose: int = 0
    command: str = ""
    """What comes next for these very hosts: it proves what was applied, or applies what is pending. Empty: not to be named."""
    note: str = ""
    """What a person has to add to the command."""
    lists: Mapping[str, Path] = field(default_factory=dict)
    """Files with the names of hosts that did not come to their end: failed, unreachable, never-started."""


class Renderer(Protocol):
    """Writes a report in one format."""

    def __call__(self, report: Report, view: View, out: TextIO, /) -> None: ...
