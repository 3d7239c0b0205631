"""Hosts resolved: for each, the layers that reach it merged and validated, and how it is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from podstead.errors import Problem
from podstead.inventory.connection import Connection, connection, separate
from podstead.inventory.groups import Inventory
from podstead.layers import EMPTY, Layer, Path, Provenance, Rank, Stage, merge, origins, overlay
from podstead.nodes import Node, Origin
from podstead.roles import DEFAULT_ROLE, Shelf
from podstead.spec import HostSpec
from podstead.validate import validate

_DEFAULT: Final = Origin("podstead's default")
_DEFAULT_ROLES: Final = Node((Node(DEFAULT_ROLE, _DEFAULT),), _DEFAULT)
_DEFAULTS: Final = Layer(
    name="defaults", rank=Rank(Stage.DEFAULTS), tree=Node({"roles": _DEFAULT_ROLES}, _DEFAULT)
)


@dataclass(frozen=True, kw_only=True)
class ResolvedHost:
    """A host as it should be, how it is reached, and where each value of its document was written."""

    name: str
    groups: tuple[str, ...]
    spec: HostSpec
    connection: Connection
    tree: Node = field(repr=False)
    """The merged document with origins."""

    @cached_property
    def origins(self) -> Mapping[Path, Provenance]:
        return origins(self.tree)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The layers of one place, as host documents and as connection variables."""

    document: tuple[Layer, ...] = ()
    connection: tuple[Layer, ...] = ()


class _Resolver:
    """Merges once what many hosts share."""

    def __init__(self, inventory: Inventory, shelf: Shelf, extras: Sequence[Node], defaults: Node) -> None:
        self.problems: list[Problem] = []
        self.shelf = shelf
        depths = inventory.depths()
        self.groups = {
            group.name: self.pair(
                f"group {group.name}", _rank(group.name, depths[group.name]), group.variables
            )
            for group in inventory.groups.values()
        }
        self.defaults = self.pair("options", Rank(Stage.DEFAULTS), [defaults]).connection
        pairs = [
            self.pair(f"-e {depth}", Rank(Stage.EXTRA, depth), [tree]) for depth, tree in enumerate(extras)
        ]
        self.extra_document = merge([layer for pair in pairs for layer in pair.document], self.problems)
        self.extra_connection = merge([layer for pair in pairs for layer in pair.connection], self.problems)
        self.bases: dict[tuple[tuple[str, ...], tuple[object, ...]], Node] = {}
        self.group_roles: dict[tuple[str, ...], Node] = {}
        self.connections: dict[tuple[str, ...], Node] = {}
        self.specs: dict[int, tuple[Node, HostSpec | None]] = {}
        self.checked_roles: set[str] = set()

    def pair(self, name: str, rank: Rank, trees: Iterable[Node]) -> _Pair:
        documents, connections = [], []
        for tree in trees:
            document, variables = separate(tree, self.problems)
            if document.entries:
                self.problems.extend(validate(document, fragment=True)[1])
                documents.append(Layer(name=name, rank=rank, tree=document))
            if variables.entries:
                connections.append(Layer(name=name, rank=rank, tree=variables))
        return _Pair(tuple(documents), tuple(connections))

    def host(self, name: str, groups: tuple[str, ...], trees: Sequence[Node]) -> ResolvedHost | None:
        own = self.pair(name, Rank(Stage.HOST), trees)
        document = merge(own.document, self.problems)
        roles = (
            self.extra_document.entries.get("roles") or document.entries.get("roles") or self.roles_of(groups)
        )
        tree = overlay(overlay(self.base(groups, roles), document), self.extra_document)
        if id(tree) not in self.specs:
            spec, problems = validate(tree)
            self.problems.extend(problems)
            self.specs[id(tree)] = (tree, spec)  # holding the tree keeps its id its own
        spec = self.specs[id(tree)][1]
        variables = overlay(
            overlay(self.connection_of(groups), merge(own.connection, self.problems)), self.extra_connection
        )
        reached = connection(name, variables.entries, self.problems)
        if spec is None:
            return None
        return ResolvedHost(name=name, groups=groups, spec=spec, connection=reached, tree=tree)

    def documents_of(self, groups: tuple[str, ...]) -> list[Layer]:
        return [layer for group in ("all", *groups) for layer in self.groups[group].document]

    def roles_of(self, groups: tuple[str, ...]) -> Node:
        if groups not in self.group_roles:
            merged = merge(self.documents_of(groups), self.problems)
            self.group_roles[groups] = merged.entries.get("roles", _DEFAULT_ROLES)
        return self.group_roles[groups]

    def base(self, groups: tuple[str, ...], roles: Node) -> Node:
        """Return everything below the host's own layer."""
        key = (groups, tuple(node.value if isinstance(node.value, str) else None for node in roles.items))
        if key not in self.bases:
            layers = self.shelf.layers(roles.items, self.problems)
            for layer in layers:
                if layer.name not in self.checked_roles:
                    self.checked_roles.add(layer.name)
                    self.problems.extend(validate(layer.tree, fragment=True)[1])
            self.bases[key] = merge([_DEFAULTS, *layers, *self.documents_of(groups)], self.problems)
        return self.bases[key]

    def connection_of(self, groups: tuple[str, ...]) -> Node:
        if groups not in self.connections:
            layers = [layer for group in ("all", *groups) for layer in self.groups[group].connection]
            self.connections[groups] = merge([*self.defaults, *layers], self.problems)
        return self.connections[groups]


def _rank(group: str, depth: int) -> Rank:
    return Rank(Stage.ALL) if group == "all" else Rank(Stage.GROUPS, depth)


def resolve(
    inventory: Inventory,
    chosen: Sequence[str],
    *,
    shelf: Shelf,
    extras: Sequence[Node] = (),
    defaults: Node = EMPTY,
) -> tuple[tuple[ResolvedHost, ...], list[Problem]]:
    """Resolve the chosen hosts. With any problem the hosts are not to be used."""
    groups = inventory.memberships()
    resolver = _Resolver(inventory, shelf, extras, defaults)
    hosts = [resolver.host(name, groups[name], inventory.hosts[name]) for name in chosen]
    return tuple(host for host in hosts if host is not None), resolver.problems
