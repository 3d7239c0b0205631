"""Reading ``/etc/subuid`` and ``/etc/subgid`` (subuid(5)) as they are found: names, numbers, and damaged lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from podstead.change import ABSENT, checksum
from podstead.ranges import IdRange

#: Directory services have names with blanks inside ("DOMAIN\\jane doe"); only blanks at an end are damage.
_LINE = re.compile(r"([^:#\s](?:[^:\n]*[^:\s])?):(0|[1-9][0-9]{0,9}):(0|[1-9][0-9]{0,9})")
_MAX_32 = 2**32


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that shadow and Podman both accept."""

    owner: str
    range: IdRange
    line: int


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that shadow passes over (and Podman's own parser may stop at). ``meant`` is what it seems to say."""

    line: int
    text: str
    meant: Entry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubidFile:
    """One of the two files. ``text`` is None where it is missing or could not be read."""

    path: str
    text: str | None = None
    exists: bool = False
    readable: bool = True
    mode: str = ""
    owner: str = "0:0"
    entries: tuple[Entry, ...] = ()
    bad: tuple[BadLine, ...] = ()

    @property
    def expected(self) -> str:
        """The checksum that a change of this file is guarded by."""
        return ABSENT if self.text is None else checksum(self.text.encode("utf-8", errors="surrogateescape"))

    @property
    def world_readable(self) -> bool:
        """Podman reads the file as the user; newuidmap does not need to, so its success proves nothing here."""
        return not self.mode or bool(int(self.mode, 8) & 0o004)

    def of(self, owners: frozenset[str]) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.owner in owners)


def parse(
    path: str, text: str | None, *, exists: bool, readable: bool = True, mode: str = "", owner: str = "0:0"
) -> SubidFile:
    """Read one file; nothing in it can raise."""
    entries: list[Entry] = []
    bad: list[BadLine] = []
    for number, line in enumerate((text or "").split("\n"), start=1):
        if line == "" or line.startswith("#"):
            continue  # shadow skips comments and empty lines
        entry = _entry(line, number)
        if entry:
            entries.append(entry)
        else:
            fields = (field.strip() for field in line.partition("#")[0].split(":"))
            bad.append(BadLine(number, line, _entry(":".join(fields), number)))
    return SubidFile(
        path=path,
        text=text,
        exists=exists,
        readable=readable,
        mode=mode,
        owner=owner,
        entries=tuple(entries),
        bad=tuple(bad),
    )


def _entry(line: str, number: int) -> Entry | None:
    match = _LINE.fullmatch(line)
    if not match:
        return None
    start, count = int(match[2]), int(match[3])
    if count < 1 or start + count > _MAX_32:
        return None
    return Entry(match[1], IdRange(start, count), number)


def repaired(file: SubidFile, identity: Callable[[str], str]) -> str | None:
    """The text without white space around fields and without repeats of one owner's very same range; None if all is well.

    Both kinds of damage stop Podman ("Invalid argument" from newuidmap for a repeat), neither can be mended by
    usermod(8), and mending them moves nobody's IDs. Lines that cannot be understood stay as they are.
    """
    mendable = {one.line: one.meant for one in file.bad if one.meant}
    seen: set[tuple[str, IdRange]] = set()
    kept: list[str] = []
    by_line = {entry.line: entry for entry in file.entries}
    for number, line in enumerate((file.text or "").split("\n"), start=1):
        entry = by_line.get(number) or mendable.get(number)
        if entry is None:
            kept.append(line)
            continue
        key = (identity(entry.owner), entry.range)
        if key not in seen:
            seen.add(key)
            good = number in by_line
            kept.append(line if good else f"{entry.owner}:{entry.range.start}:{entry.range.count}")
    text = "\n".join(kept)
    if text and not text.endswith("\n"):
        text += "\n"  # an appended line would else be glued to the last one
    return None if text == (file.text or "") else text
