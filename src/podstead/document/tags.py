"""The tasks of a run: the parts in the order of the plan, what each does, and which of them a person asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from podstead.document.spec import HostSpec

TASKS: Final[Mapping[str, str]] = {
    "packages": "installs Podman and what this version of it needs",
    "accounts": "looks for the users, and makes those that have create: true",
    "subids": "grants subordinate UIDs and GIDs",
    "sysctls": "sets kernel values, now and for the next boot",
    "storage": "settles the storage driver before the first use",
    "engine": "writes the drop-in for containers.conf",
    "session": "lets sessions linger, delegates controllers, starts buses, takes up new ID maps",
}
"""Part -> what it does, in the order of the phases of a plan."""
FOREIGN: Final = "host"
"""Refusals of what is not podstead's to change; looked at with every part, and no task of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a part will do for a document."""

    part: str
    does: str
    names: tuple[str, ...]
    """The things it is about: users, packages, keys."""


def part_of(change_id: str) -> str:
    """The part of an id ``part:name:field``."""
    return change_id.split(":", 1)[0]


def position(part: str) -> int:
    """Where a part stands in the order of tasks; what is foreign comes last."""
    order = tuple(TASKS)
    return order.index(part) if part in TASKS else len(order)


def tasks_of(spec: HostSpec) -> tuple[Task, ...]:
    """The tasks that a document gives reason for."""
    users = tuple(spec.users)
    names: dict[str, tuple[str, ...]] = {
        "packages": tuple(spec.packages),
        "accounts": users,
        "subids": users,
        "sysctls": tuple(spec.sysctls),
        "storage": (spec.storage.driver,) if spec.storage.driver else (),
        "engine": tuple(spec.engine),
        "session": users,
    }
    return tuple(Task(part=part, does=TASKS[part], names=names[part]) for part in TASKS if names[part])


def wanted(name: str, tags: Sequence[str], skip_tags: Sequence[str]) -> bool:
    """Whether an id is asked for; a tag is a part or an id."""
    names = {name, part_of(name)}
    return (not tags or bool(names & set(tags))) and not names & set(skip_tags)


def parts_asked_for(tags: Sequence[str], skip_tags: Sequence[str], start_at: str = "") -> tuple[str, ...]:
    """The parts of which something may be done."""
    first = position(part_of(start_at)) if start_at else 0
    return tuple(
        part
        for part in TASKS
        if (not tags or part in map(part_of, tags)) and part not in skip_tags and position(part) >= first
    )
