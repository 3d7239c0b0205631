"""Hosts, groups and their variables as an inventory declares them, before anything is merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from podstead.document.values import AmbiguousScalar, Node, Origin
from podstead.errors import Problem
from podstead.inventory.connection import hide
from podstead.inventory.hostnames import HOST_NAME, MAX_RANGE, expand, with_port

PRIORITY: Final = "ansible_group_priority"


@dataclass(slots=True)
class Group:
    """A group as declared. Of groups of one depth the one with the greater priority counts more, then the later name."""

    name: str
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, Origin] = field(default_factory=dict)
    inline: list[Node] = field(default_factory=list)
    """Variables in the inventory itself, one tree for each place."""
    in_files: dict[int, list[Node]] = field(default_factory=dict)
    """Variables in group_vars, by the number of the folder that group_vars is in."""
    priority: int = 1

    @property
    def files(self) -> list[Node]:
        """Variables in group_vars of all folders."""
        return [tree for number in sorted(self.in_files) for tree in self.in_files[number]]


@dataclass(slots=True)
class HostVariables:
    """Variables of one host: in the inventory itself, and in host_vars."""

    inline: list[Node] = field(default_factory=list)
    files: list[Node] = field(default_factory=list)
    source: str = ""
    """The inventory file that speaks of the host first; empty if none does."""


@dataclass(slots=True)
class Inventory:
    """All that the sources declare, in the order in which they do, with every mistake found on the way."""

    hosts: dict[str, HostVariables] = field(default_factory=dict)
    groups: dict[str, Group] = field(
        default_factory=lambda: {
            "all": Group("all", children={"ungrouped": Origin("podstead")}),
            "ungrouped": Group("ungrouped"),
        }
    )
    problems: list[Problem] = field(default_factory=list)
    undeclared: list[tuple[str, Problem]] = field(default_factory=list)
    """Groups that an INI file speaks of and does not declare."""
    unread: list[Problem] = field(default_factory=list)
    """Why whole sources could not be read. Ansible warns of them and goes on with the others."""
    warnings: list[Problem] = field(default_factory=list)
    """What a person should know and nothing has to stop for."""
    sources: list[str] = field(default_factory=list)
    reading: str = ""
    """The file that is being read, with its whole path."""
    read_variables: Callable[[str], None] = lambda _: None
    """Reads group_vars and host_vars of a host, chosen or not, before a template of another one sees them."""

    def problem(self, origin: Origin, message: str, key: str = "") -> None:
        self.problems.append(Problem(where=origin.where, key=key, message=message))

    def group(self, name: str, origin: Origin) -> Group:
        """Return the group of that name, declaring it where it is new."""
        found = self.groups.get(name)
        if found is None:
            if isinstance(name, AmbiguousScalar):
                self.problem(origin, name.explanation)
            elif not name.strip() or not name.isprintable():
                self.problem(
                    origin, f"{name[:60]!r} is not a group name: it must be a text that can be printed"
                )
            found = self.groups[name] = Group(name)
        return found

    def add_variables(self, group: Group, tree: Node) -> None:
        """Add what an inventory itself gives to a group."""
        priority = tree.entries.get(PRIORITY)
        if priority is not None:
            try:
                group.priority = int(str(priority.value))
            except ValueError:
                self.problem(priority.origin, "expected a whole number", PRIORITY)
            tree = Node({key: node for key, node in tree.entries.items() if key != PRIORITY}, tree.origin)
        if tree.entries:
            group.inline.append(hide(tree))

    def add_hosts(self, group: Group, pattern: str, origin: Origin, variables: Node | None) -> list[str]:
        """Add the host, or the range of hosts, to a group. Returns their names."""
        if isinstance(pattern, AmbiguousScalar):
            self.problem(origin, pattern.explanation)
            return []
        port = None
        if not pattern.startswith("@"):
            pattern, port = with_port(pattern)
        names = self._expand(pattern, origin)
        if port and not any(
            name in self.hosts for name in names
        ):  # as in Ansible, the first mention of a host has it
            entries = variables.entries if variables else {}
            variables = Node({"ansible_port": Node(int(port), origin), **entries}, origin)
        if variables is not None:
            variables = hide(variables)
        for name in names:
            host_variables = self.hosts.get(name)
            if host_variables is None:
                host_variables = self.hosts[name] = HostVariables(source=self.reading)
            if variables is not None:
                host_variables.inline.append(variables)
            group.hosts[name] = None
        return names

    def add_child(self, parent: Group, child: str, origin: Origin) -> Group:
        group = self.group(child, origin)
        parent.children.setdefault(child, origin)
        return group

    def _expand(self, pattern: str, origin: Origin) -> list[str]:
        try:
            names = list(islice(expand(pattern), MAX_RANGE + 1))
        except ValueError as error:
            self.problem(origin, str(error))
            return []
        if len(names) > MAX_RANGE:
            self.problem(origin, f"{pattern!r} expands to more than {MAX_RANGE} hosts")
            return []
        bad_name = next(
            (name for name in names if not HOST_NAME.fullmatch(name) or not name.isprintable()), None
        )
        if bad_name is not None:
            self.problem(
                origin,
                f"{bad_name[:60]!r} is not a host name: it must begin with a letter or a digit, and have no blank and nothing "
                "that a shell or a pattern takes for something else",
            )
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

    def complete(self) -> None:
        """Put every group below ``all``, and every host of no other group into ``ungrouped``, as Ansible does.

        A group that was not declared where it had to be is a problem where it has hosts: Ansible gives them nothing of it.
        """
        for name, problem in self.undeclared:
            (self.problems if name in self.groups and self.members(name) else self.warnings).append(problem)
        self.undeclared.clear()
        self.depths()  # takes circles apart
        below = {child for group in self.groups.values() for child in group.children}
        everything = self.groups["all"]
        for name in self.groups:
            if name != "all" and name not in below:
                everything.children[name] = Origin("podstead")
        special = ("all", "ungrouped")
        grouped = {host for name, group in self.groups.items() if name not in special for host in group.hosts}
        alone = self.groups["ungrouped"].hosts
        ungrouped = [host for host in alone if host not in grouped]
        rest = (host for host in self.hosts if host not in grouped and host not in alone)
        self.groups["ungrouped"].hosts = dict.fromkeys((*ungrouped, *rest))

    def memberships(self) -> dict[str, tuple[str, ...]]:
        """Return the groups of every host, in the order in which they count; ``all`` is left out."""
        depths = self.depths()
        parents: dict[str, set[str]] = {name: set() for name in self.groups}
        for name in sorted(self.groups, key=lambda name: depths[name]):
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
                known[key] = tuple(
                    sorted(names, key=lambda name: (depths[name], self.groups[name].priority, name))
                )
            result[host] = known[key]
        return result

    def members(self, name: str) -> dict[str, None]:
        """Return the hosts of a group and of the groups below it, its own first, then level by level."""
        found: dict[str, None] = {}
        level, seen = [name], {name}
        while level:
            for member in level:
                found.update(self.groups[member].hosts)
            below = dict.fromkeys(child for member in level for child in self.groups[member].children)
            level = [child for child in below if child not in seen]
            seen.update(level)
        return found
