"""Lines of kernel settings that are read at boot, as systemd-sysctl takes them (src/sysctl/sysctl.c, sysctl.d(5)).

Of the lines about one key the last one counts. A key with a pattern (``user.max_*_namespaces``) sets every file that it
matches, but none for which there is a line of its own: one that sets it, or one that leaves it alone (``-KEY``, no value).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice

_FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
_MOST = 256
"""A longer key, or one with more alternatives, names no file below ``/proc/sys`` that anybody would set by hand."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One ``key = value`` in a file that is read at boot; ``pattern`` is the key as it is written where it is no name."""

    path: str
    line: int
    value: str
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    path: str
    number: int
    key: str
    """The file below ``/proc/sys``, or a pattern of such files."""
    written: str
    value: str | None
    """None where the line takes a key out of patterns."""


def read_at_boot(names: list[str], *, systemd: bool) -> list[str]:
    """The files that count. Without systemd, /etc/sysctl.conf is read last; systemd-sysctl takes it only through a link."""
    passed_over = {"/etc/sysctl.conf"} if systemd or "!linked" in names else set()
    return [name for name in names if name.startswith("/") and name not in passed_over]


def assignments(
    names: list[str], lines: list[str], keys: Iterable[str], own: str
) -> dict[str, tuple[Assignment, ...]]:
    """What is set at boot, by key (with dots), in the order in which it is done.

    ``names`` are the files, ``lines`` what grep(1) found in them (``PATH:NUMBER:LINE``). Patterns are asked about ``keys``
    and every key that has a line. The lines of ``own``, podstead's file, do not hide what others have decided with a
    pattern.
    """
    named: dict[str, list[_Line]] = {}
    patterns: dict[str, _Line] = {}
    excluded: set[str] = set()
    for line in _in_order(names, lines):
        if any(char in line.key for char in "*?["):
            _replace(patterns, line)
        elif line.value is None:
            excluded.add(line.key)
            named[line.key] = []
        else:
            named.setdefault(line.key, []).append(line)
    found = {}
    for key in {*(_path(key) for key in keys), *named}:
        explicit = named.get(key, [])
        free = key not in excluded and all(line.path == own for line in explicit)
        matching = [line for line in patterns.values() if free and matches(line.key, key)]
        values = tuple(_assignment(line) for line in (*matching, *explicit) if line.value is not None)
        if values:
            found[key.replace("/", ".")] = values
    return found


def _replace(patterns: dict[str, _Line], line: _Line) -> None:
    """The same pattern once more comes last, unless it says the same."""
    before = patterns.get(line.key)
    if before is None or before.value != line.value:
        patterns.pop(line.key, None)
        patterns[line.key] = line


def _assignment(line: _Line) -> Assignment:
    pattern = line.written if any(char in line.key for char in "*?[") else ""
    return Assignment(line.path, line.number, line.value or "", pattern)


def _in_order(names: list[str], lines: list[str]) -> list[_Line]:
    """The lines of the files that count, sorted by the names of the files, whatever their folder."""
    chosen: dict[str, str] = {}
    for path in names:
        folder, _, base = path.rpartition("/")
        if folder in _FOLDERS and (
            base not in chosen or _FOLDERS.index(folder) < _FOLDERS.index(chosen[base].rpartition("/")[0])
        ):
            chosen[base] = path
    effective = {path: base for base, path in chosen.items()}
    if "/etc/sysctl.conf" in names:
        effective["/etc/sysctl.conf"] = "\uffff"
    read = [line for line in map(_line, lines) if line is not None and line.path in effective]
    return sorted(read, key=lambda line: (effective[line.path], line.number))


def _line(text: str) -> _Line | None:
    """``KEY = VALUE``, with a "-" before it where an error shall not count; or ``-KEY``."""
    match = re.match(r"(/.*?\.conf):([0-9]{1,9}):\s*(-?)\s*([^=\s]+)\s*(?:(=)(.*))?$", text)
    if match is None or match[4].startswith(("#", ";")) or not (match[3] or match[5]):
        return None
    value = " ".join(match[6].split()) if match[5] else None
    return _Line(match[1], int(match[2]), _path(match[4]), match[4], value)


def _path(key: str) -> str:
    """The file below ``/proc/sys``: what comes first, a dot or a slash, parts the names; then each stands for the other."""
    first = re.search("[./]", key)
    if first and first[0] == ".":
        key = key.translate({ord("."): "/", ord("/"): "."})
    return re.sub("/+", "/", key).strip("/")


def matches(pattern: str, path: str) -> bool:
    """Whether glob(3) finds this file below ``/proc/sys``: "*" stays within a name, braces are alternatives."""
    return any(
        _fits(alternative.split("/"), path.split("/"))
        for alternative in islice(_alternatives(pattern), _MOST)
    )


def _fits(wanted: list[str], actual: list[str]) -> bool:
    return len(wanted) == len(actual) and all(
        fnmatchcase(name, glob.replace("[^", "[!")) for glob, name in zip(wanted, actual, strict=True)
    )


def _alternatives(pattern: str) -> Iterator[str]:
    match = len(pattern) <= _MOST and re.fullmatch(r"(.*)\{([^{}]*,[^{}]*)\}(.*)", pattern)
    if not match:
        yield pattern
        return
    for alternative in match[2].split(","):
        yield from _alternatives(f"{match[1]}{alternative}{match[3]}")
