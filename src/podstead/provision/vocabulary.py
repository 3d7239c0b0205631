"""What --tags and its like may name: parts, tags of roles, and the ids of changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from podstead.document.spec import HostSpec
from podstead.document.tags import PART_NAMES, UNMANAGED, part_of
from podstead.errors import Problem
from podstead.suggest import did_you_mean, listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What ``--tags`` and its like may name for the chosen hosts."""

    ids: frozenset[str]
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tags of roles -> the parts and ids that they stand for."""

    @property
    def words(self) -> tuple[str, ...]:
        """What may be named without naming one change."""
        return (*PART_NAMES, UNMANAGED, *sorted(self.tags))

    def expand(self, option: str, names: Iterable[str], problems: list[Problem]) -> tuple[str, ...]:
        """Parts and ids for what a person named. ``all`` asks for everything."""
        chosen: list[str] = []
        for name in names:
            if name in self.tags:
                chosen += self.tags[name]
            elif name == "all":
                chosen += (*PART_NAMES, UNMANAGED)
            else:
                chosen.append(name)
                self.known(option, name, problems, tags=self.words)
        return tuple(dict.fromkeys(chosen))

    def known(
        self, option: str, name: str, problems: list[Problem], tags: Sequence[str] = PART_NAMES
    ) -> None:
        """Say so where a name is neither one of ``tags`` nor the id of a change."""
        unmanaged = name.count(":") == 2 and part_of(name) == UNMANAGED
        if name in tags or name in self.ids or unmanaged:
            return
        near = did_you_mean(name, sorted(self.ids) if ":" in name else tags)
        message = f"there is no {name!r}{near}; it may be an id such as subids:alice:ranges, or one of: {listed(tags)}"
        problems.append(Problem(where=option, message=message))


def vocabulary(hosts: Iterable[tuple[HostSpec, Mapping[str, tuple[str, ...]]]]) -> Vocabulary:
    """Put together what the documents of the hosts, and the tags of their roles, allow to be named."""
    # the planners come along, which nobody needs who names no ids
    from podstead.provision.parts import PARTS  # noqa: PLC0415

    ids: set[str] = set()
    tags: dict[str, tuple[str, ...]] = {}
    for spec, own in hosts:
        ids |= {change_id for part in PARTS for change_id in part.ids(spec)}
        for tag, stands_for in own.items():
            tags[tag] = tuple(dict.fromkeys((*tags.get(tag, ()), *stands_for)))
    return Vocabulary(ids=frozenset(ids), tags=tags)
