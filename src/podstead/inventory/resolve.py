"""Hosts resolved: for each, the layers that reach it merged, rendered and validated, and how it is reached."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from podstead.document.layers import (
    DOCUMENT,
    EMPTY,
    Layer,
    Path,
    Provenance,
    Rank,
    Stage,
    below_document,
    merge,
    origins,
    overlay,
)
from podstead.document.roles import DEFAULT_ROLE, RoleLibrary, name_in
from podstead.document.spec import HostSpec
from podstead.document.validate import validate
from podstead.document.values import HIDDEN, Node, Origin, VaultCiphertext, describe, is_template
from podstead.errors import Problem
from podstead.inventory.connectable import connectable
from podstead.inventory.connection import Connection, connection, connection_variables
from podstead.inventory.groups import Group, HostVariables, Inventory
from podstead.inventory.old_form import hints
from podstead.inventory.precedence import combined, group_trees, host_trees
from podstead.inventory.special import SpecialVariables
from podstead.inventory.templates import needs_rendering
from podstead.inventory.vault import Vault

_DEFAULT: Final = Origin("podstead's default")
_DEFAULT_ROLES: Final = Node((Node(DEFAULT_ROLE, _DEFAULT),), _DEFAULT)
_DEFAULTS: Final = Layer(
    name="defaults", rank=Rank(Stage.DEFAULTS), tree=Node({"roles": _DEFAULT_ROLES}, _DEFAULT)
)
Groups = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ResolvedHost:
    """A host as it should be, how it is reached, and where each value of its document was written."""

    name: str
    groups: tuple[str, ...]
    spec: HostSpec = field(repr=False)
    connection: Connection
    tree: Node = field(repr=False)
    """The merged document with origins."""
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The own tags of the roles: what each stands for (parts, or ids of changes)."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Texts that came out of Ansible Vault and may be in the document: no report may hold them."""

    @cached_property
    def origins(self) -> Mapping[Path, Provenance]:
        return origins(self.tree)


@dataclass(frozen=True, slots=True)
class _Place:
    """What one place says: its part of the host document, how the host is reached, and all of it as variables."""

    document: Node
    connection: Mapping[str, Node]
    variables: Mapping[str, Node]


class _Resolver:
    """Merges once what many hosts share."""

    def __init__(
        self,
        inventory: Inventory,
        role_library: RoleLibrary,
        *,
        extras: Sequence[Node],
        defaults: Node,
        vault: Vault,
        memberships: Mapping[str, Groups],
    ) -> None:
        self.problems: list[Problem] = []
        self.document_problems: list[Problem] = []
        """With keys of the host document, as a role has them."""
        self.inventory = inventory
        self.role_library = role_library
        self.vault = vault
        self.depths = inventory.depths()
        self.places: dict[int, _Place] = {}
        self.defaults = self.place(defaults)
        self.extras = [self.place(tree) for tree in extras]
        layers = [
            Layer(name=f"-e {depth}", rank=Rank(Stage.EXTRA, depth), tree=extra.document)
            for depth, extra in enumerate(self.extras)
        ]
        self.extra_document = merge(layers, self.document_problems)
        self.extra_connection = combined(extra.connection for extra in self.extras)
        self.extra_variables = combined(extra.variables for extra in self.extras)
        self.documents: dict[str, list[Layer]] = {}
        self.bases: dict[tuple[Groups, tuple[object, ...]], Node] = {}
        self.tags: dict[tuple[object, ...], Mapping[str, tuple[str, ...]]] = {}
        self.group_roles: dict[Groups, Node] = {}
        self.connections: dict[Groups, dict[str, Node]] = {}
        self.variables: dict[Groups, dict[str, Node]] = {}
        self.special = SpecialVariables(inventory, memberships, self.vault, self.own_and_inherited)
        self.specs: dict[int, tuple[Node, HostSpec | None]] = {}
        self.open: dict[int, tuple[Node, bool]] = {}
        self.checked_roles: set[str] = set()

    def rank(self, group: Group) -> Rank:
        if group.name == "all":
            return Rank(Stage.ALL)
        return Rank(Stage.GROUPS, self.depths[group.name], group.priority)

    def place(self, tree: Node, *, check: bool = True) -> _Place:
        """Take apart what one place says. ``check`` its part of the document by itself: a higher layer may hide it."""
        document = tree.entries.get(DOCUMENT, EMPTY)
        if not isinstance(document.value, Mapping):
            if document.value is not None:
                message = f"expected a mapping with the keys of a host document, found {describe(document)}"
                self.problems.append(Problem(where=document.origin.where, key=DOCUMENT, message=message))
            document = EMPTY
        found = _Place(
            document if document.entries else EMPTY,
            connection_variables(tree, self.problems),
            tree.entries,
        )
        if found.document is not EMPTY and check:
            self.document_problems.extend(validate(found.document, fragment=True)[1])
        return found

    def remembered_place(self, tree: Node) -> _Place:
        """As :meth:`place`, and remember it: every kind of hosts asks for its groups again."""
        self.places[id(tree)] = found = self.place(tree)
        return found

    def document_layers(self, name: str) -> list[Layer]:
        """Return what a group says of the host document. Asked for only for groups of chosen hosts: no others are judged."""
        if name not in self.documents:
            group = self.inventory.groups[name]
            documents = [self.remembered_place(tree).document for tree in (*group.inline, *group.files)]
            self.documents[name] = [
                Layer(name=f"group {name}", rank=self.rank(group), tree=document)
                for document in documents
                if document.entries
            ]
        return self.documents[name]

    def host(self, name: str, groups: Groups, own: HostVariables) -> ResolvedHost | None:
        # nothing but -e can hide what a host's own layer says from the validation of the whole
        places = [self.place(tree, check=bool(self.extra_document.entries)) for tree in host_trees(own)]
        layers = [
            Layer(name=name, rank=Rank(Stage.HOST), tree=place.document)
            for place in places
            if place.document.entries
        ]
        document = merge(layers, self.document_problems)
        roles = (
            self.extra_document.entries.get("roles") or document.entries.get("roles") or self.roles_of(groups)
        )
        base = self.base(groups, roles)
        tree = overlay(overlay(base, document), self.extra_document)
        merged_connection = combined(
            (self.connection_of(groups), *(place.connection for place in places), self.extra_connection)
        )
        reach = Node(merged_connection, _DEFAULT)
        secrets: frozenset[str] = frozenset()
        is_open = self.is_open(base) or needs_rendering(document) or self.is_open(self.extra_document)
        if is_open or needs_rendering(reach):
            own_variables = combined(place.variables for place in places)
            variables = ChainMap(
                {DOCUMENT: tree}, self.extra_variables, own_variables, self.variables_of(groups)
            )
            rendering = self.special.rendering(name, variables)
            in_document: list[Problem] = []
            in_connection: list[Problem] = []
            rendered = rendering.render(tree, in_document) if is_open else tree
            reach = rendering.render(reach, in_connection)
            secrets = rendering.secrets
            if (
                in_document or in_connection
            ):  # what could not be rendered cannot be judged, everything else can
                self.document_problems.extend([*in_document, *validate(tree, fragment=True)[1]])
                self.problems.extend(in_connection)
                connection(name, reach.entries, self.problems)
                return None
            tree = rendered
        before = len(self.document_problems)
        spec = self.validated(tree)
        self.document_problems[before:] = [
            _hiding(secrets, problem) for problem in self.document_problems[before:]
        ]
        reached = connection(name, reach.entries, self.problems)
        if spec is None:
            return None
        return ResolvedHost(
            name=name,
            groups=groups,
            spec=spec,
            connection=reached,
            tree=tree,
            tags=self.tags[_names(roles)],
            secrets=secrets,
        )

    def validated(self, tree: Node) -> HostSpec | None:
        if id(tree) not in self.specs:
            spec, problems = validate(tree)
            self.document_problems.extend(problems)
            self.specs[id(tree)] = (tree, spec)  # holding the tree keeps its id its own
        return self.specs[id(tree)][1]

    def is_open(self, tree: Node) -> bool:
        """Whether a tree has templates or encrypted values; what hosts share is looked through once."""
        if id(tree) not in self.open:
            self.open[id(tree)] = (tree, needs_rendering(tree))
        return self.open[id(tree)][1]

    def documents_of(self, groups: Groups) -> list[Layer]:
        return [layer for group in ("all", *groups) for layer in self.document_layers(group)]

    def roles_of(self, groups: Groups) -> Node:
        if groups not in self.group_roles:
            merged = merge(self.documents_of(groups), self.document_problems)
            self.group_roles[groups] = merged.entries.get("roles", _DEFAULT_ROLES)
        return self.group_roles[groups]

    def base(self, groups: Groups, roles: Node) -> Node:
        """Return everything below the host's own layer."""
        names = _names(roles)
        key = (groups, names)
        if key not in self.bases:
            layers = self.role_library.layers(_wanted(roles), self.document_problems)
            for layer in layers:
                if layer.name not in self.checked_roles:
                    self.checked_roles.add(layer.name)
                    self.document_problems.extend(validate(layer.tree, fragment=True)[1])
            self.tags[names] = self.role_library.tags(layers)
            self.bases[key] = merge([_DEFAULTS, *layers, *self.documents_of(groups)], self.document_problems)
        return self.bases[key]

    def group_places(self, groups: Groups) -> list[_Place]:
        members = [self.inventory.groups[name] for name in ("all", *groups)]
        self.documents_of(groups)  # takes their places apart
        return [self.places[id(tree)] for tree in group_trees(members)]

    def connection_of(self, groups: Groups) -> dict[str, Node]:
        if groups not in self.connections:
            places = [self.defaults, *self.group_places(groups)]
            self.connections[groups] = combined(place.connection for place in places)
        return self.connections[groups]

    def variables_of(self, groups: Groups) -> dict[str, Node]:
        if groups not in self.variables:
            members = [self.inventory.groups[name] for name in ("all", *groups)]
            self.variables[groups] = combined(tree.entries for tree in group_trees(members))
        return self.variables[groups]

    def own_and_inherited(self, name: str, groups: Groups) -> dict[str, Node]:
        """Return the variables of any host, for the templates of others: nothing of it is judged, nor made a document."""
        own = combined(tree.entries for tree in host_trees(self.inventory.hosts[name]))
        variables = {**self.variables_of(groups), **own, **self.extra_variables}
        variables.pop(DOCUMENT, None)
        return variables


def _names(roles: Node) -> tuple[object, ...]:
    names = map(name_in, _wanted(roles))
    return tuple(name if isinstance(name, str) else None for name in names)


def _hiding(secrets: Iterable[str], problem: Problem) -> Problem:
    """A template can make a secret a key, and a problem names the keys that lead to it."""
    key = problem.key
    for secret in sorted(secrets, key=len, reverse=True):
        key = key.replace(secret, HIDDEN) if len(secret) > 1 else key
    return problem if key == problem.key else replace(problem, key=key)


def _wanted(roles: Node) -> tuple[Node, ...]:
    """The entries of a list; what is to become a list stands for itself, to be refused and not passed over."""
    closed = isinstance(roles.value, VaultCiphertext) or is_template(name_in(roles))
    return (roles,) if closed else roles.items


def resolve(
    inventory: Inventory,
    chosen: Sequence[str],
    *,
    role_library: RoleLibrary,
    extras: Sequence[Node] = (),
    defaults: Node = EMPTY,
    vault: Vault | None = None,
    named: Container[str] = frozenset(),
) -> tuple[tuple[ResolvedHost, ...], list[Problem]]:
    """Resolve the chosen hosts. With any problem the hosts are not to be used. Warnings are added to the inventory's.

    Hosts that podstead cannot connect to are left out, unless they were asked for by name (``named``).
    """
    groups = inventory.memberships()
    chosen = connectable(inventory, chosen, groups, extras, named)
    resolver = _Resolver(
        inventory,
        role_library,
        extras=extras,
        defaults=defaults,
        vault=vault or Vault(),
        memberships=groups,
    )
    hosts = [resolver.host(name, groups[name], inventory.hosts[name]) for name in chosen]
    inventory.warnings += hints(_trees(inventory, chosen, groups), extras)
    found = [
        problem if role_library.is_in_role(problem) else below_document(problem)
        for problem in resolver.document_problems
    ]
    return tuple(host for host in hosts if host is not None), [*resolver.problems, *found]


def _trees(inventory: Inventory, chosen: Sequence[str], groups: Mapping[str, Groups]) -> Iterator[Node]:
    """All that concerns the chosen hosts."""
    for name in dict.fromkeys(("all", *(group for host in chosen for group in groups[host]))):
        group = inventory.groups[name]
        yield from (*group.inline, *group.files)
    for host in chosen:
        yield from host_trees(inventory.hosts[host])
