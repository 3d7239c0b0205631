"""The words by which a document and a command line name parts, and which parts a person asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

PART_NAMES: Final = (
    "packages",
    "accounts",
    "subids",
    "sysctls",
    "storage",
    "engine",
    "session",
)
"""The words for the parts, in the order of a plan; the records of the parts are in :mod:`podstead.provision.parts`."""
UNMANAGED: Final = "host"
"""What podstead reports and does not manage: its refusals belong to no part, and are looked for with every part."""


def part_of(change_id: str) -> str:
    """The part of an id ``part:name:field``."""
    return change_id.split(":", 1)[0]


def position(part: str) -> int:
    """Where a part stands in the order of a plan; what is foreign comes last."""
    return PART_NAMES.index(part) if part in PART_NAMES else len(PART_NAMES)


def wanted(name: str, tags: Sequence[str], skip_tags: Sequence[str]) -> bool:
    """Whether an id is asked for; a tag is a part or an id."""
    names = {name, part_of(name)}
    return (not tags or bool(names & set(tags))) and not names & set(skip_tags)


def parts_asked_for(tags: Sequence[str], skip_tags: Sequence[str], start_at: str = "") -> tuple[str, ...]:
    """The parts of which something may be done."""
    first = position(part_of(start_at)) if start_at else 0
    return tuple(
        part
        for part in PART_NAMES
        if (not tags or part in map(part_of, tags)) and part not in skip_tags and position(part) >= first
    )
