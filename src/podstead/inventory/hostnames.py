"""Names of hosts as inventories write them: ranges such as ``web[01:50]``, and a port behind a colon."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from itertools import product
from typing import Final

MAX_RANGE: Final = 100_000
HOST_NAME: Final = re.compile(r"[^\W][^\s'\"`$\\;&<>|(){}\[\],/!*?~]*|@[a-z]+(/[A-Za-z0-9_./@:-]+)?")
"""A letter of any language, a digit or ``_``; then nothing that a shell or a pattern would take for something else."""
_RANGE = re.compile(r"\[([^\[\]]*)\]")
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\](?::(\d{1,5}))?")
_WITH_PORT = re.compile(r"((?:[^\[\]:]|\[[^\[\]]*\])+):(\d{1,5})")


def with_port(text: str) -> tuple[str, str | None]:
    """Split ``web[1:3]:2222`` into the name and the port. An IPv6 address keeps its colons, or stands in brackets."""
    address = _BRACKETED.fullmatch(text)
    if address and address[1].count(":") > 1:
        return address[1], address[2]
    match = _WITH_PORT.fullmatch(text)
    return (match[1], match[2]) if match else (text, None)


def expand(pattern: str) -> Iterator[str]:
    """Yield the names that ``web[01:20]`` or ``db[a:f]`` stands for. Raises ValueError for a bad range."""
    if "[" not in pattern and "]" not in pattern:
        return iter((pattern,))
    pieces = _RANGE.split(pattern)
    if any(char in piece for piece in pieces[::2] for char in "[]"):
        raise ValueError(f"{pattern[:60]!r} has an unmatched bracket")
    choices = [_range(piece) if number % 2 else (piece,) for number, piece in enumerate(pieces)]
    return ("".join(parts) for parts in product(*choices))


def _range(text: str) -> tuple[str, ...]:
    first, last, step = _bounds(text)
    if first.isdecimal() and last.isdecimal() and len(last) <= 9:
        padded = len(first) if first.startswith("0") and len(first) > 1 else 0
        if padded and len(last) != padded:
            raise ValueError(
                f"[{text[:60]}]: both ends of a range with leading zeros must have the same length"
            )
        numbers = range(int(first), int(last) + 1, step)
        if len(numbers) > MAX_RANGE:
            raise ValueError(f"[{text[:60]}] expands to more than {MAX_RANGE} hosts")
        found = tuple(str(number).zfill(padded) for number in numbers)
    elif len(first) == len(last) == 1 and first in string.ascii_letters and last in string.ascii_letters:
        letters = string.ascii_letters
        found = tuple(letters[letters.index(first) : letters.index(last) + 1 : step])
    else:
        raise ValueError(f"[{text[:60]}] is not a range such as [01:20] or [a:f]")
    if not found:
        raise ValueError(f"[{text[:60]}] ends before it starts")
    return found


def _bounds(text: str) -> tuple[str, str, int]:
    first, _, rest = text.partition(":")
    last, colon, step = rest.partition(":")
    if text.isascii() and last and (not colon or (step.isdecimal() and int(step[:6]) > 0)):
        return first or "0", last, int(step[:6]) if step else 1
    raise ValueError(f"[{text[:60]}] is not a range such as [01:20] or [a:f]")
