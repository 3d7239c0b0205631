"""Hosts, groups and their variables as an inventory declares them, before anything is merged."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Final

from podstead.errors import Problem
from podstead.inventory.connection import hide
from podstead.nodes import Node, Origin

MAX_RANGE: Final = 100_000
_GROUP_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*|@[a-z]+(/[A-Za-z0-9_./@:-]+)?")
_RANGE = re.compile(r"\[([^\[\]]*)\]")


@dataclass(slots=True)
class Group:
    """A group as declared; ``variables`` holds one tree for each place that gives it some."""

    name: str
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, Origin] = field(default_factory=dict)
    variables: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Inventory:
    """All that the sources declare, in the order in which they do, with every mistake found on the way."""

    hosts: dict[str, list[Node]] = field(default_factory=dict)
    groups: dict[str, Group] = field(
        default_factory=lambda: {name: Group(name) for name in ("all", "ungrouped")}
    )
    problems: list[Problem] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def problem(self, origin: Origin, message: str, key: str = "") -> None:
        self.problems.append(Problem(where=origin.where, key=key, message=message))

    def group(self, name: str, origin: Origin) -> Group:
        """Return the group of that name, declaring it where it is new."""
        found = self.groups.get(name)
        if found is None:
            if not _GROUP_NAME.fullmatch(name):
                self.problem(origin, f"{name[:60]!r} is not a group name: letters, digits, '_', '.' and '-'")
            found = self.groups[name] = Group(name)
        return found

    def add_hosts(self, group: Group, pattern: str, origin: Origin, variables: Node | None) -> list[str]:
        """Add the host, or the range of hosts, to a group. Returns their names."""
        names = self._expand(pattern, origin)
        for name in names:
            trees = self.hosts.setdefault(name, [])
            if variables is not None:
                trees.append(hide(variables))
            group.hosts[name] = None
        return names

    def add_child(self, parent: Group, child: str, origin: Origin) -> Group:
        parent.children.setdefault(child, origin)
        return self.group(child, origin)

    def _expand(self, pattern: str, origin: Origin) -> list[str]:
        try:
            names = list(islice(expand(pattern), MAX_RANGE + 1))
        except ValueError as error:
            self.problem(origin, str(error))
            return []
        if len(names) > MAX_RANGE:
            self.problem(origin, f"{pattern!r} stands for more than {MAX_RANGE} hosts")
            return []
        wrong = next((name for name in names if not _HOST_NAME.fullmatch(name)), None)
        if wrong is not None:
            self.problem(origin, f"{wrong[:60]!r} is not a host name: letters, digits, '_', '.' and '-'")
            return []
        return names

    def depths(self) -> dict[str, int]:
        """Return how far each group is from ``all`` by the longest way; a circle of groups is a problem."""
        depths = {name: 0 if name == "all" else 1 for name in self.groups}
        done: set[str] = set()
        order: list[str] = []
        for name in self.groups:
            self._visit(name, [], done, order)
        for name in reversed(order):
            for child in self.groups[name].children:
                depths[child] = max(depths[child], depths[name] + 1)
        return depths

    def _visit(self, name: str, chain: list[str], done: set[str], order: list[str]) -> None:
        if name in done:
            return
        for child, origin in list(self.groups[name].children.items()):
            if child in (*chain, name):
                circle = [*chain, name][[*chain, name].index(child) :]
                self.problem(origin, f"groups contain each other: {' > '.join([*circle, child])}")
                del self.groups[name].children[child]
            elif len(chain) > 100:
                self.problem(origin, "groups are nested deeper than 100 levels")
                del self.groups[name].children[child]
            else:
                self._visit(child, [*chain, name], done, order)
        done.add(name)
        order.append(name)

    def gather_ungrouped(self) -> None:
        """Let ``ungrouped`` hold the hosts that are in no other group, as Ansible does."""
        grouped = {
            host
            for group in self.groups.values()
            if group.name not in ("all", "ungrouped")
            for host in group.hosts
        }
        self.groups["ungrouped"].hosts = {host: None for host in self.hosts if host not in grouped}

    def memberships(self) -> dict[str, tuple[str, ...]]:
        """Return the groups of every host, parents first, then by name; ``all`` is left out."""
        depths = self.depths()
        parents: dict[str, set[str]] = {name: set() for name in self.groups}
        for name in sorted(self.groups, key=lambda one: depths[one]):
            for child in self.groups[name].children:
                parents[child] |= {name, *parents[name]}
        direct: dict[str, set[str]] = {host: set() for host in self.hosts}
        for group in self.groups.values():
            for host in group.hosts:
                direct[host].add(group.name)
        known: dict[frozenset[str], tuple[str, ...]] = {}
        result: dict[str, tuple[str, ...]] = {}
        for host, own in direct.items():
            key = frozenset(own)
            if key not in known:
                names = own.union(*(parents[name] for name in own)) - {"all"}
                known[key] = tuple(sorted(names, key=lambda one: (depths[one], one)))
            result[host] = known[key]
        return result

    def members(self, name: str) -> set[str]:
        """Return the hosts of a group and of the groups below it."""
        if name == "all":
            return set(self.hosts)
        found: set[str] = set()
        seen: set[str] = set()
        todo = [name]
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                found |= self.groups[one].hosts.keys()
                todo.extend(self.groups[one].children)
        return found


def expand(pattern: str) -> Iterator[str]:
    """Yield the names that ``web[01:20]`` or ``db[a:f]`` stands for. Raises ValueError for a bad range."""
    pieces = _RANGE.split(pattern)
    if any(char in piece for piece in pieces[::2] for char in "[]"):
        raise ValueError(f"{pattern[:60]!r} has a bracket without its partner")
    choices = [_range(piece) if number % 2 else (piece,) for number, piece in enumerate(pieces)]
    return ("".join(parts) for parts in product(*choices))


def _range(text: str) -> tuple[str, ...]:
    parts = text.split(":")
    if len(parts) in (2, 3) and (len(parts) == 2 or parts[2].isdecimal()):
        first, last, step = parts[0] or "0", parts[1], int((parts[2] if len(parts) == 3 else "1")[:6])
        if (
            step
            and first.isascii()
            and last.isascii()
            and first.isdecimal()
            and last.isdecimal()
            and len(last) <= 9
        ):
            padded = len(first) if first.startswith("0") and len(first) > 1 else 0
            if padded and len(last) != padded:
                raise ValueError(
                    f"[{text[:60]}]: both ends of a range with leading zeros have the same length"
                )
            numbers = range(int(first), int(last) + 1, step)
            if len(numbers) > MAX_RANGE:
                raise ValueError(f"[{text[:60]}] stands for more than {MAX_RANGE} hosts")
            if numbers:
                return tuple(str(number).zfill(padded) for number in numbers)
        letters = string.ascii_letters
        if step and len(first) == len(last) == 1 and first in letters and last in letters:
            found = letters[letters.index(first) : letters.index(last) + 1 : step]
            if found:
                return tuple(found)
    raise ValueError(f"[{text[:60]}] is not a range such as [01:20] or [a:f]")
