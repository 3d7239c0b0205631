"""The tasks of a run: the parts in the order of the plan, what each does, and which of them a person asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from podstead.document.spec import HostSpec
from podstead.errors import Problem
from podstead.suggest import did_you_mean, listed

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
_HELPERS: Final = ("newuidmap", "newgidmap", "crun")
"""Packages and programs that changes are named after without being in the document."""


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


def ids_of(spec: HostSpec) -> Iterator[str]:
    """Every id that a change of a host with this document can have."""
    # brings the whole diagnosis along, which nobody needs who names no ids
    from podstead.report.explain import CHANGES  # noqa: PLC0415

    for entry in CHANGES:
        part, middle, what = entry.id.split(":")
        names: Iterable[str] = (middle,)
        if middle == "KEY":
            names = spec.sysctls
        elif middle == "NAME":
            names = (*spec.packages, *_HELPERS) if part == "packages" else spec.users
        elif middle == "subuid":
            names = ("subuid", "subgid")
        yield from (f"{part}:{name}:{what}" for name in names if part != FOREIGN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What ``--tags`` and its like may name for the chosen hosts."""

    ids: frozenset[str]
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tags of roles -> the parts and ids that they stand for."""

    @property
    def words(self) -> tuple[str, ...]:
        """What may be named without naming one change."""
        return (*TASKS, FOREIGN, *sorted(self.tags))

    def expand(self, option: str, names: Iterable[str], problems: list[Problem]) -> tuple[str, ...]:
        """Parts and ids for what a person named. ``all`` asks for everything."""
        chosen: list[str] = []
        for name in names:
            if name in self.tags:
                chosen += self.tags[name]
            elif name == "all":
                chosen += (*TASKS, FOREIGN)
            else:
                chosen.append(name)
                self.known(option, name, problems, tags=self.words)
        return tuple(dict.fromkeys(chosen))

    def known(
        self, option: str, name: str, problems: list[Problem], tags: Sequence[str] = tuple(TASKS)
    ) -> None:
        """Say so where a name is neither one of ``tags`` nor the id of a change."""
        foreign = name.count(":") == 2 and part_of(name) == FOREIGN
        if name in tags or name in self.ids or foreign:
            return
        near = did_you_mean(name, sorted(self.ids) if ":" in name else tags)
        message = f"there is no {name!r}{near}; it may be an id such as subids:alice:ranges, or one of: {listed(tags)}"
        problems.append(Problem(where=option, message=message))


def vocabulary(hosts: Iterable[tuple[HostSpec, Mapping[str, tuple[str, ...]]]]) -> Vocabulary:
    """Put together what the documents of the hosts, and the tags of their roles, allow to be named."""
    ids: set[str] = set()
    tags: dict[str, tuple[str, ...]] = {}
    for spec, own in hosts:
        ids |= set(ids_of(spec))
        for tag, stands_for in own.items():
            tags[tag] = tuple(dict.fromkeys((*tags.get(tag, ()), *stands_for)))
    return Vocabulary(ids=frozenset(ids), tags=tags)
