"""The JSON of inventory scripts and of ``ansible-inventory --list``: groups by name, host variables under ``_meta``."""

from __future__ import annotations

from collections.abc import Mapping

from podstead.document.values import Node, Origin, Unsafe, VaultCiphertext, describe
from podstead.inventory.groups import Inventory

_KEYS = frozenset({"hosts", "vars", "children"})


def is_listing(root: Node) -> bool:
    """Whether a document is a listing and no inventory: only a listing has ``_meta``."""
    return "_meta" in root.entries


def add(inventory: Inventory, root: Node) -> list[str]:
    """Add what a listing declares. Returns the hosts whose variables it does not hold (it has no ``_meta``)."""
    before = set(inventory.hosts)
    for name, group in root.entries.items():
        if name != "_meta":
            _group(inventory, name, group)
    meta = root.entries.get("_meta")
    if meta is None:
        return [host for host in inventory.hosts if host not in before]
    hosts = meta.entries.get("hostvars", Node({}, meta.origin))
    for name, node in _mapping(inventory, hosts, "hostvars").items():
        if _mapping(inventory, node, f"hostvars of {name}"):
            add_host_variables(inventory, name, node)
    return []


def add_host_variables(inventory: Inventory, host: str, tree: Node) -> None:
    """Give a host variables; a host that no group names is not added, as in Ansible."""
    if host in inventory.hosts and tree.entries:
        scratch = inventory.groups["all"]
        known = host in scratch.hosts
        inventory.add_hosts(scratch, host, tree.origin, _decoded(tree))
        if not known:
            del scratch.hosts[host]


def _group(inventory: Inventory, name: str, node: Node) -> None:
    group = inventory.group(name, node.origin)
    if isinstance(node.value, tuple):  # the oldest form: a list of hosts
        node = Node({"hosts": node}, node.origin)
    elif node.entries and not _KEYS & node.entries.keys():
        node = Node({"hosts": _single(group.name, node.origin), "vars": node}, node.origin)
    for host in _list(inventory, node, "hosts", name):
        inventory.add_hosts(group, str(host.value), host.origin, None)
    variables = node.entries.get("vars")
    if variables is not None and _mapping(inventory, variables, f"vars of {name}"):
        inventory.add_variables(group, _decoded(variables))
    for child in _list(inventory, node, "children", name):
        inventory.add_child(group, str(child.value), child.origin)


def _single(name: str, origin: Origin) -> Node:
    return Node((Node(name, origin),), origin)


def _list(inventory: Inventory, node: Node, key: str, group: str) -> tuple[Node, ...]:
    found = node.entries.get(key)
    if found is None:
        return ()
    bad_child = next((child for child in found.items if not isinstance(child.value, str)), None)
    if not isinstance(found.value, tuple) or bad_child:
        inventory.problem(
            (bad_child or found).origin,
            f"expected a list of names, found {describe(bad_child or found)}",
            f"{group}.{key}",
        )
        return ()
    return found.items


def _mapping(inventory: Inventory, node: Node, what: str) -> Mapping[str, Node]:
    if not isinstance(node.value, Mapping):
        inventory.problem(node.origin, f"{what} must be a mapping; found {describe(node)}")
    return node.entries


def _decoded(node: Node) -> Node:
    """``{"__ansible_vault": TEXT}`` is a vaulted value, ``{"__ansible_unsafe": TEXT}`` one without templates."""
    if isinstance(node.value, tuple):
        return Node(tuple(map(_decoded, node.value)), node.origin)
    if not isinstance(node.value, Mapping):
        return node
    if len(node.value) == 1:
        ((key, child),) = node.value.items()
        if isinstance(child.value, str) and key in ("__ansible_vault", "__ansible_unsafe"):
            return Node(
                VaultCiphertext(child.value) if key.endswith("vault") else Unsafe(child.value), node.origin
            )
    return Node({key: _decoded(child) for key, child in node.value.items()}, node.origin)
