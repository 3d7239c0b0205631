"""One inventory for the comparison with Ansible."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

LISTS = (("--list",), ("--list", "--export"))
SHAPES = (*LISTS, ("--graph",), ("--graph", "--vars"))


@dataclass(frozen=True)
class Case:
    """Files, the sources given with ``-i``, and patterns to try."""

    files: dict[str, str]
    sources: tuple[str, ...] = ("hosts",)
    patterns: tuple[str, ...] = ()
    programs: frozenset[str] = field(default_factory=frozenset)
    shapes: tuple[tuple[str, ...], ...] = SHAPES
    """What to compare: the graph shows keys of Python, which no JSON has."""

    def write(self, folder: Path) -> None:
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            if name in self.programs:
                path.chmod(0o755)
