"""The framing of what remote scripts print: records between two plain lines, in base64 or hex.

A look that does not end with the end marker of its own run is a failed look, never an empty host.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from podstead.errors import LookError, NoAnswerError

_HEADER = re.compile(r"@@podstead (?P<kind>[a-z]+) 1 (?P<nonce>[0-9a-f]{16,64}) (?P<encoding>base64|hex)\s*")
MAX_BYTES = 64 * 2**20
"""More than any healthy host says; a host that talks on is not believed."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that a script printed: a key, its argument (often a path or a user), and bytes as they were."""

    key: str
    argument: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 become escapes that no terminal acts on."""
        return self.body.decode("utf-8", errors="backslashreplace")


@dataclass(frozen=True, slots=True)
class Records:
    """All records of one look, in order."""

    items: tuple[Record, ...]

    def all(self, key: str) -> Iterator[Record]:
        return (record for record in self.items if record.key == key)

    def text(self, key: str, argument: str | None = None) -> str | None:
        """The text of the first such record, or None when the host printed none."""
        for record in self.all(key):
            if argument is None or record.argument == argument:
                return record.text
        return None

    def lines(self, key: str, argument: str | None = None) -> list[str]:
        return (self.text(key, argument) or "").splitlines()

    def pairs(self, key: str) -> dict[str, str]:
        """``name value`` lines of a record as a mapping."""
        split = (line.partition(" ") for line in self.lines(key))
        return {name: value for name, _, value in split if name}


def decode(output: Sequence[str] | str, *, kind: str, nonce: str | None = None) -> Records:
    """Read what a script printed. Lines around the frame (login banners) are passed over.

    Raises :class:`~podstead.errors.LookError` when the frame is cut short or garbled, and
    :class:`~podstead.errors.NoAnswerError` when it is missing or of another run.
    """
    lines = output.splitlines() if isinstance(output, str) else output
    for number, line in enumerate(lines):
        header = _HEADER.fullmatch(line.strip())
        if header and header["kind"] == kind and nonce in (None, header["nonce"]):
            return _body(lines[number + 1 :], header["nonce"], header["encoding"])
    excerpt = " | ".join(line.strip() for line in lines if line.strip())[:200]
    raise NoAnswerError(f"the host did not answer with podstead's {kind} data; it said: {excerpt!a}")


def _body(lines: Sequence[str], nonce: str, encoding: str) -> Records:
    end = f"@@podstead end {nonce}"
    packed: list[str] = []
    size = 0
    for line in lines:
        stripped = line.strip()
        if stripped == end:
            return _records(_unpack("".join(packed), encoding), nonce)
        packed.append(stripped)
        size += len(stripped)
        if size > MAX_BYTES:
            raise LookError(f"the host's answer is larger than {MAX_BYTES // 2**20} MiB")
    raise LookError("the host's answer was cut short: its end marker is missing")


def _unpack(packed: str, encoding: str) -> bytes:
    try:
        if encoding == "hex":
            return bytes.fromhex(packed)
        return base64.b64decode(packed, validate=True)
    except (ValueError, binascii.Error) as error:
        raise LookError(f"the host's answer is garbled: {error}") from error


def unpack(text: str) -> bytes:
    """What a host packed into one record (the encoding's name, then the data); nothing where it is garbled."""
    encoding, _, data = text.partition("\n")
    try:
        return _unpack("".join(data.split()), encoding.strip())
    except LookError:
        return b""


def split(data: bytes, nonce: str) -> Records:
    """The records in ``data`` that are marked with ``nonce``; what stands before the first is passed over."""
    marker = f"\n@@{nonce} ".encode()
    items = []
    for chunk in data.split(marker)[1:]:
        head, _, body = chunk.partition(b"\n")
        key, _, argument = head.decode("utf-8", errors="backslashreplace").partition(" ")
        items.append(Record(key, argument, body))
    return Records(tuple(items))


def _records(data: bytes, nonce: str) -> Records:
    items = split(data, nonce).items
    if not items or items[-1].key != "end":
        raise LookError("the host's answer was cut short: its last record is missing")
    return Records(items[:-1])
