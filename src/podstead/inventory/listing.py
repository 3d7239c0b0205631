"""An inventory in the shapes of ``ansible-inventory``: ``--list``, ``--host`` and ``--graph``. Nothing is rendered; secrets are hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from podstead.document.values import Literal, Node, Unsafe, VaultCiphertext, displayed
from podstead.inventory.groups import PRIORITY, Group, Inventory
from podstead.inventory.literal import read as read_literal
from podstead.inventory.precedence import combined, group_trees, host_trees

_INTERNAL = frozenset(
    {"ansible_async_path", "ansible_collection_name", "ansible_config_file", "ansible_dependent_role_names",
     "ansible_diff_mode", "ansible_facts", "ansible_forks", "ansible_inventory_sources", "ansible_limit", "ansible_play_batch",
     "ansible_play_hosts", "ansible_play_hosts_all", "ansible_play_role_names", "ansible_playbook_python", "ansible_role_name",
     "ansible_role_names", "ansible_run_tags", "ansible_skip_tags", "ansible_verbosity", "ansible_version", "inventory_dir",
     "inventory_file", "inventory_hostname", "inventory_hostname_short", "groups", "group_names", "hostvars",
     "playbook_dir", "play_hosts", "role_name", "role_names", "role_path", "role_uuid"}
)  # fmt: skip
"""Variables that Ansible sets itself; it leaves them out of listings, whatever an inventory says (INTERNAL_STATIC_VARS)."""


class Listing:
    """The hosts that were chosen, with variables in Ansible's order of precedence."""

    def __init__(self, inventory: Inventory, chosen: Sequence[str], extras: Sequence[Node] = ()) -> None:
        self._inventory = inventory
        self._chosen = dict.fromkeys(chosen)
        self._extras = [tree.entries for tree in extras]
        self._memberships = inventory.memberships()
        self._of_groups: dict[tuple[str, ...], dict[str, Node]] = {}

    def document(self, *, export: bool = False) -> dict[str, Any]:
        """The JSON of ``--list``: groups with hosts and children; variables of hosts, with ``export`` those of groups apart."""
        hosts = {name: self.host(name, export=export) for name in self._chosen}
        document: dict[str, Any] = {
            "_meta": {
                "hostvars": {name: found for name, found in hosts.items() if found},
                "profile": "inventory_legacy",
            }
        }
        for group in self._below("all", set()):
            entry = self._group(group, export=export)
            if entry:
                document[group.name] = entry
        return dict(sorted(document.items()))

    def _below(self, name: str, seen: set[str]) -> Iterator[Group]:
        if name not in seen:
            seen.add(name)
            group = self._inventory.groups[name]
            yield group
            for child in group.children:
                yield from self._below(child, seen)

    def _group(self, group: Group, *, export: bool) -> dict[str, Any]:
        entry = {
            "children": list(group.children),
            "hosts": [host for host in group.hosts if host in self._chosen] if group.name != "all" else [],
            "vars": self._group_variables(group) if export else {},
        }
        return {key: value for key, value in entry.items() if value}

    def _group_variables(self, group: Group) -> dict[str, Any]:
        found = _displayed(combined(tree.entries for tree in (*group.inline, *group.files)))
        if group.priority != 1:
            found[PRIORITY] = group.priority
        return dict(sorted(found.items()))

    def host(self, name: str, *, export: bool = False) -> dict[str, Any]:
        """The variables of a host; with ``export`` only what was given to the host itself."""
        own = [tree.entries for tree in host_trees(self._inventory.hosts[name])]
        below = [] if export else [self._group_of(self._memberships[name])]
        return dict(sorted(_displayed(combined([*below, *own, *self._extras])).items()))

    def _group_of(self, groups: tuple[str, ...]) -> dict[str, Node]:
        if groups not in self._of_groups:
            members = [self._inventory.groups[name] for name in ("all", *groups)]
            self._of_groups[groups] = combined(tree.entries for tree in group_trees(members))
        return self._of_groups[groups]

    def graph(self, top: str, *, with_variables: bool = False) -> str:
        """The tree of groups and hosts of ``--graph``."""
        return "\n".join(self._graph(self._inventory.groups[top], 0, with_variables=with_variables))

    def _graph(self, group: Group, depth: int, *, with_variables: bool) -> Iterator[str]:
        yield _branch(f"@{group.name}:", depth)
        for child in group.children:
            yield from self._graph(self._inventory.groups[child], depth + 1, with_variables=with_variables)
        for host in group.hosts if group.name != "all" else ():
            yield _branch(host, depth + 1)
            if with_variables:
                yield from _variables(self.host(host), depth + 2)
        if with_variables:
            yield from _variables(self._group_variables(group), depth + 1)


def _branch(text: str, depth: int) -> str:
    return f"{'  |' * depth}--{text}" if depth else text


def _variables(found: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, value in found.items():
        unsafe = isinstance(value, dict) and value.keys() == {"__ansible_unsafe"}
        yield _branch(f"{{{name} = {value['__ansible_unsafe'] if unsafe else value}}}", depth)


def _displayed(variables: Mapping[str, Node]) -> dict[str, Any]:
    return {key: _value(node) for key, node in variables.items() if key not in _INTERNAL}


def _value(node: Node) -> Any:  # noqa: ANN401 - as displayed()
    """As Ansible prints it: what is encrypted stays encrypted, text of INI inventories is read as it reads it."""
    value = node.value
    if isinstance(value, Mapping):
        keys = displayed(Node(dict.fromkeys(value, Node(None, node.origin)), node.origin))
        return dict(zip(keys, map(_value, value.values()), strict=True))
    if isinstance(value, tuple):
        return [_value(element) for element in value]
    if isinstance(value, VaultCiphertext):
        return {"__ansible_vault": value.ciphertext}
    if isinstance(value, Unsafe):
        return {"__ansible_unsafe": str(value)}
    if isinstance(value, Literal) and not isinstance(value, SecretStr):
        return displayed(read_literal(value, node.origin))
    return displayed(node)
