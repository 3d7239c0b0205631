"""Reading ``/etc/subuid`` and ``/etc/subgid`` (subuid(5)) as they are found: names, numbers, and damaged lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from podstead.ids.ranges import IdRange
from podstead.ids.subid_lines import BadLine, Entry, read

__all__ = ["BadLine", "Entry", "SubidFile", "parse", "repaired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubidFile:
    """One of the two files. ``text`` is None where it is missing or could not be read."""

    path: str
    text: str | None = None
    exists: bool = False
    readable: bool = True
    mode: str = ""
    owner: str = "0:0"
    kind: str = "regular file"
    """What stat(1) calls it, without following a link. shadow opens nothing but regular files (O_NOFOLLOW)."""
    entries: tuple[Entry, ...] = ()
    bad: tuple[BadLine, ...] = ()

    @property
    def regular(self) -> bool:
        return not self.exists or self.kind.startswith("regular")

    @property
    def world_readable(self) -> bool:
        """Podman reads the file as the user; newuidmap does not need to, so its success proves nothing here."""
        return not self.mode or bool(int(self.mode, 8) & 0o004)

    @property
    def unfinished(self) -> bool:
        """The last line has no newline: shadow 4.19 ignores it, shadow 4.20 refuses the whole file."""
        return bool(self.text) and not (self.text or "").endswith("\n")

    @property
    def unreadable_lines(self) -> tuple[BadLine, ...]:
        """Lines that no program can read: the IDs that they stand for are unknown, so none can be said to be free."""
        return tuple(bad_line for bad_line in self.bad if not bad_line.readable and bad_line.intended is None)

    def of(self, owners: frozenset[str]) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.owner in owners)

    def bad_of(self, owners: frozenset[str]) -> tuple[BadLine, ...]:
        """Damaged lines that name one of ``owners``."""
        return tuple(bad_line for bad_line in self.bad if bad_line.owner in owners)

    def taken(self) -> Iterator[Entry]:
        """Every range that a line grants, or that some program may take it to grant."""
        yield from self.entries
        for bad_line in self.bad:
            yield from bad_line.taken


def parse(
    path: str,
    text: str | None,
    *,
    exists: bool,
    readable: bool = True,
    mode: str = "",
    owner: str = "0:0",
    kind: str = "regular file",
) -> SubidFile:
    """Read one file; nothing in it can raise."""
    found = [read(line, number) for number, line in enumerate((text or "").split("\n"), start=1)]
    return SubidFile(
        path=path,
        text=text,
        exists=exists,
        readable=readable,
        mode=mode,
        owner=owner,
        kind=kind,
        entries=tuple(line for line in found if isinstance(line, Entry)),
        bad=tuple(line for line in found if isinstance(line, BadLine)),
    )


def repaired(
    file: SubidFile, identity: Callable[[str], str], blocked: Callable[[IdRange, str], bool]
) -> str | None:
    """The text without white space around fields and without repeats of one owner's very same range; None if all is well.

    Both kinds of damage stop Podman ("Invalid argument" from newuidmap for a repeat), neither can be repaired by
    usermod(8), and repairing them moves nobody's IDs. Lines that cannot be understood stay as they are, and so do lines
    whose range is ``blocked`` (called with the range and the owner): to repair one of them would be to grant
    somebody else's IDs.
    """
    repairable = {
        bad_line.line: bad_line.intended
        for bad_line in file.bad
        if bad_line.intended
        and set(bad_line.grants) <= {bad_line.intended}
        and not blocked(bad_line.intended.range, bad_line.intended.owner)
    }
    seen: set[tuple[str, IdRange]] = set()
    lines: list[str] = []
    by_line = {entry.line: entry for entry in file.entries}
    for number, line in enumerate((file.text or "").split("\n"), start=1):
        entry = by_line.get(number) or repairable.get(number)
        if entry is None:
            lines.append(line)
            continue
        key = (identity(entry.owner), entry.range)
        comment = line.partition("#")[2].strip()
        good = number in by_line
        if comment and not good:
            lines.append(f"# {comment}")  # a line of its own is a comment to every program
        if key not in seen:
            seen.add(key)
            lines.append(line if good else f"{entry.owner}:{entry.range.start}:{entry.range.count}")
    text = "\n".join(lines)
    if text and not text.endswith("\n"):
        text += "\n"  # an appended line would else be glued to the last one
    return None if text == (file.text or "") else text
