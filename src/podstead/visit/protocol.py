"""What podstead and a host say to each other, as data: ``scripts/protocol.toml``, beside the shell that writes it.

The table is plain TOML, so that other projects can read it without Python. Tests hold the scripts and the parsers to it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from podstead.errors import LookError
from podstead.host.frames import Records
from podstead.version import VERSION

WRITE_AGAIN = (
    "write the script again with this podstead, and run that: podstead verify --print-script >check.sh"
)


class _Entry(BaseModel):
    """Frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordKind(_Entry):
    """A record of a frame."""

    key: str = Field(pattern=r"^[a-z]+(-[a-z]+)*$")
    argument: str = Field(default="", description="What the argument is; empty where there is none.")
    body: str
    repeats: bool = Field(default=False, description="The key may come more than once.")
    names: Mapping[str, str] = Field(
        default_factory=dict, description="What the argument may be, where it is one of a few words."
    )
    becomes: str = Field(
        default="", description="The key under which a user's own record is passed on beside root's."
    )
    unread: str = Field(default="", description="Why no parser asks for it.")


class Frame(_Entry):
    """Records that one script prints."""

    name: str
    holds: str
    scripts: tuple[str, ...] = Field(description="The shell files that write its records.")
    packed_in: tuple[str, str] | None = Field(
        default=None,
        description="Frame and key of the record that holds it; none where it has lines of its own.",
    )
    includes: str = Field(default="", description="A frame all of whose records may be in it, too.")
    records: tuple[RecordKind, ...] = Field(alias="record", min_length=1)


class Sections(_Entry):
    """Sections in the body of a record."""

    record: str
    names: tuple[str, ...] = Field(description="Arguments of the records that have them.")
    printed_by: str = Field(description="The file of the scripts.")
    holds: Mapping[str, str]
    unread: Mapping[str, str] = Field(default_factory=dict, description="Why no parser asks for one.")


class FactKind(_Entry):
    """A fact of the host or of a user."""

    of: Literal["host", "user"]
    name: str = Field(pattern=r"^[a-z]+(\.[a-z]+)*$")
    value: str
    repeats: bool = False


class Protocol(_Entry):
    """The whole table."""

    version: int = Field(ge=1)
    frames: tuple[Frame, ...] = Field(alias="frame")
    sections: tuple[Sections, ...]
    facts: tuple[FactKind, ...] = Field(alias="fact")

    def frame(self, name: str) -> Frame:
        return next(frame for frame in self.frames if frame.name == name)

    def keys(self, name: str) -> frozenset[str]:
        """The keys of all records that may be in a frame."""
        frame = self.frame(name)
        own = frozenset(record.key for record in frame.records)
        return own | self.keys(frame.includes) if frame.includes else own


@cache
def load() -> Protocol:
    text = (files("podstead.visit") / "scripts" / "protocol.toml").read_text(encoding="utf-8")
    return Protocol.model_validate(tomllib.loads(text))


def written_by() -> str:
    """How the script that people carry away says what it is: the argument of its record ``script``."""
    return f"{VERSION} {load().version}"


def notes(look: Records) -> tuple[str, ...]:
    """What should be known about the script that wrote this answer. Raises LookError where it spoke another protocol."""
    version_line = next((record.argument for record in look.all("script")), "")
    match = re.fullmatch(r"([0-9A-Za-z.+!_-]{1,60}) ([0-9]{1,6})", version_line)
    if match is None:
        return (f"the script does not say which podstead wrote it; {WRITE_AGAIN}",)
    version, protocol_version = match[1], int(match[2])
    if protocol_version != load().version:
        raise LookError(
            f"podstead {version} wrote the script, and its answer is of protocol {protocol_version}; "
            f"this is podstead {VERSION}, which reads protocol {load().version}",
            hint=WRITE_AGAIN,
        )
    return () if version == VERSION else (f"podstead {version} wrote the script, this is podstead {VERSION}",)
