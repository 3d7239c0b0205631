"""One line of ``/etc/subuid`` or ``/etc/subgid`` as each program reads it that grants IDs by it.

Two programs read these files, and they differ. shadow (newuidmap, getsubids, useradd; ``lib/subordinateio.c``) reads
numbers with strtoul(3), base 0: hexadecimal, octal, binary, signs and leading blanks are numbers, and up to shadow 4.17
further fields are ignored. Podman without libsubid (``parseSubidFile`` in containers/storage ``pkg/idtools``) wants
exactly three fields and decimal numbers. What either of them takes for a grant is taken, whoever else can read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from podstead.ids.ranges import IdRange

#: An owner that shadow 4.20 takes for a number (strtol(3), base 10), so that 01001 is the user with UID 1001; to shadow
#: 4.17 it is a name that nobody has.
_UID = re.compile(r"(?:\s+\+?)?0*([0-9]+)", re.ASCII)
#: Directory services have names with blanks inside ("DOMAIN\\jane doe"); only blanks at an end are damage. shadow takes
#: a line that begins with + or - for one of NIS.
_PLAIN = re.compile(r"(?!0[0-9]+:)([^:#\s+-](?:[^:\n]*[^:\s])?):(0|[1-9][0-9]{0,9}):(0|[1-9][0-9]{0,9})")
_STRTOUL = re.compile(
    r"[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|(0[0-7]*)|([1-9][0-9]*))", re.ASCII
)
_ATOI = re.compile(r"([+-]?)([0-9]{1,19})", re.ASCII)
_NUMBER = re.compile(r"[0-9]{2}", re.ASCII)
_MAX_LINE = 1023
"""subordinate_parse() of shadow takes no line of 1024 bytes or more."""
_IDS = 2**32
_WIDTHS = (64, 32)
"""Bits of an unsigned long, in which shadow computes and wraps around."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``owner`` is granted ``range`` by line number ``line`` (from 1)."""

    owner: str
    range: IdRange
    line: int


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that not every program reads as one and the same grant.

    ``grants`` is what at least one program takes it for. ``intended`` is what it says without blanks around its fields and
    without a comment. ``readable`` is False where no program reads it: which IDs it stands for is then unknown.
    """

    line: int
    text: str
    owner: str
    grants: tuple[Entry, ...] = ()
    intended: Entry | None = None
    readable: bool = False

    @property
    def taken(self) -> tuple[Entry, ...]:
        """Every range that the line may stand for."""
        extra = (self.intended,) if self.intended and self.intended not in self.grants else ()
        return (*self.grants, *extra)

    @property
    def printable(self) -> str:
        """The line as a message can hold it."""
        return ascii(self.text[:80])


def read(text: str, number: int) -> Entry | BadLine | None:
    """Read line ``number``. None for comments and blank lines; never raises."""
    if "\0" not in text and (not text.strip() or text.lstrip().startswith("#")):
        return None  # Podman passes over it, and to shadow it grants nothing to any account that can exist
    entry = _plain(text, number)
    if entry:
        return entry
    fields = [field.strip() for field in text.partition("#")[0].split(":")]
    grants = tuple(dict.fromkeys((*_shadow(text, number), *_podman(text, number))))
    nul = "\0" in text  # it makes shadow read lines together: what such a line says by itself is not known
    return BadLine(
        line=number,
        text=text,
        owner=_owner(fields[0]),
        grants=grants,
        intended=None if nul else _plain(":".join(fields), number),
        readable=not nul
        # a further number may be that of a line which lost its newline: whose it is cannot be known
        and not any(_NUMBER.search(field) for field in fields[3:])
        and (bool(grants) or text.startswith(("+", "-"))),  # shadow passes over NIS lines on purpose
    )


def _plain(text: str, number: int) -> Entry | None:
    """A line that both programs read, and read alike."""
    match = _PLAIN.fullmatch(text)
    if not match or "\0" in text or _bytes(text) > _MAX_LINE:
        return None
    start, count = int(match[2]), int(match[3])
    if count < 1 or start + count > _IDS:
        return None
    return Entry(match[1], IdRange(start, count), number)


def _owner(text: str) -> str:
    """Who an owner is, where some program takes it for a UID in another form than the plain one."""
    match = _UID.fullmatch(text)
    return match[1] if match else text


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _shadow(text: str, number: int) -> Iterator[Entry]:
    fields = text.split(":")
    if text.startswith(("+", "-")) or _bytes(text) > _MAX_LINE or len(fields) < 3 or not fields[0]:
        return
    for bits in _WIDTHS:
        start, count = strtoul(fields[1], bits), strtoul(fields[2], bits)
        if start is None or count is None:
            continue
        last = (start + count - 1) % 2**bits  # a count of 0 at 0 is everything, before shadow 4.20
        if start <= last and start < _IDS:
            yield Entry(_owner(fields[0]), IdRange.between(start, min(last, _IDS - 1)), number)


def strtoul(text: str, bits: int = 64) -> int | None:
    """Read a number as the C library does with base 0; None where shadow refuses the text as a whole.

    Binary numbers (0b) are C23's: glibc reads them from 2.38 on.
    """
    match = _STRTOUL.fullmatch(text)
    if not match:
        return None
    sign, hexadecimal, binary, octal, decimal = match.groups()
    for digits, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)):
        if digits is not None:
            value = int(digits, base)
            if value >= 2**bits:
                return None  # ERANGE
            return -value % 2**bits if sign == "-" else value
    return None


def _podman(text: str, number: int) -> Iterator[Entry]:
    fields = text.strip().split(":")
    if len(fields) != 3 or not fields[0]:
        return
    start, count = (_ATOI.fullmatch(field) for field in fields[1:])
    if not start or not count or "-" in (start[1], count[1]):
        return
    first, size = int(start[2]), int(count[2])
    if size >= 1 and first < _IDS:
        yield Entry(_owner(fields[0]), IdRange.between(first, min(first + size, _IDS) - 1), number)
