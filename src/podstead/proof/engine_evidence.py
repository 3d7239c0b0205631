"""What commands of Podman brought back: how they ended, what ``podman info`` said, and where the storage is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podstead.host.frames import Records


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a command ended and what it said (its last 40000 bytes)."""

    code: int
    output: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def last(self) -> str:
        """The line that most likely says why."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self.code}, without printing anything"


@dataclass(frozen=True, slots=True)
class Info:
    """``podman info``: how the command ended, and its scalar values by dotted name (``store.graphDriverName``)."""

    ran: Attempt
    values: Mapping[str, str]

    def get(self, name: str) -> str:
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Where the user's Podman keeps images and containers, and what of that path is there."""

    path: str
    nearest: str
    """The path, or the nearest folder above it that exists."""
    owner: str
    """"UID:GID" of the nearest."""
    mount: tuple[str, frozenset[str]] | None
    """The type of its file system, and the options that it is mounted with."""

    @property
    def exists(self) -> bool:
        return self.nearest == self.path


def info_of(records: Records, attempts: Mapping[str, Attempt], name: str) -> Info | None:
    """The ``podman info`` of this name, or None where it was not run."""
    ran = attempts.get(name)
    if ran is None:
        return None
    try:
        document = json.loads(records.text("json", name) or "")
    except (ValueError, RecursionError):  # a host may say anything
        document = {}
    values: dict[str, str] = {}
    _flatten("", document, values, 0)
    return Info(ran, values)


def graph_of(lines: Sequence[str]) -> Graph | None:
    """``PATH``, then ``UID:GID MODE NEAREST``, then ``TYPE OPTIONS`` of its file system."""
    if len(lines) < 2 or not lines[0].startswith("/"):
        return None
    match = re.fullmatch(r"([0-9]{1,10}:[0-9]{1,10}) [0-7]{1,5} (/.*)", lines[1])
    if not match:
        return None
    kind, _, options = lines[2].partition(" ") if len(lines) > 2 else ("", "", "")
    mount = (kind, frozenset(options.split(","))) if kind else None
    return Graph(path=lines[0], nearest=match[2], owner=match[1], mount=mount)


def _flatten(prefix: str, value: object, into: dict[str, str], depth: int) -> None:
    if isinstance(value, dict) and depth < 6:
        for key, inner in value.items():
            _flatten(f"{prefix}.{key}" if prefix else str(key), inner, into, depth + 1)
    elif isinstance(value, list) and all(isinstance(element, str) for element in value):
        into[prefix] = " ".join(value)
    elif isinstance(value, str | int | float | bool):
        into[prefix] = str(value).lower() if isinstance(value, bool) else str(value)


def error_line(output: str) -> str:
    """The line of a failed Podman command that says most."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "rror" in line or "cannot" in line or "failed" in line]
    return (errors or lines or ["nothing was printed"])[-1][-500:]
