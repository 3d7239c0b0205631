"""Ansible's YAML inventory: groups with ``hosts``, ``vars`` and ``children``, nested as deep as one likes."""

from __future__ import annotations

from collections.abc import Mapping

from podstead.document.values import Node, describe
from podstead.inventory.groups import Group, Inventory
from podstead.suggest import did_you_mean

_KEYS = ("hosts", "vars", "children")


def add(inventory: Inventory, root: Node) -> None:
    """Add what one YAML document declares."""
    if "plugin" in root.entries and isinstance(root.entries["plugin"].value, str):
        message = "inventory plugins run only in Ansible; save what `ansible-inventory --list` prints, or use a script"
        inventory.problem(root.entries["plugin"].origin, message, "plugin")
        return
    for name, node in _mapping(inventory, root, "an inventory must be a mapping of groups").items():
        _group(inventory, inventory.group(name, node.origin), node)


def _group(inventory: Inventory, group: Group, node: Node) -> None:
    for key, child in _mapping(inventory, node, f"group {group.name} takes {', '.join(_KEYS)}").items():
        match key:
            case "hosts":
                _hosts(inventory, group, _named(child))
            case "vars":
                if _mapping(inventory, child, "vars must be a mapping"):
                    inventory.add_variables(group, child)
            case "children":
                message = "children must be a mapping of group names"
                for name, below in _mapping(inventory, _named(child), message).items():
                    _group(inventory, inventory.add_child(group, name, below.origin), below)
            case _:
                hint = did_you_mean(key, _KEYS) or "; a group takes hosts, vars and children"
                inventory.problem(child.origin, f"unknown key{hint}", f"{group.name}.{key}")


def _hosts(inventory: Inventory, group: Group, node: Node) -> None:
    message = "hosts must be a mapping of host names, with 'web1:' and the like on a line each"
    for name, child in _mapping(inventory, node, message).items():
        variables = _mapping(inventory, child, f"host {name} takes a mapping of variables")
        inventory.add_hosts(group, name, child.origin, child if variables else None)


def _named(node: Node) -> Node:
    """``hosts: web1`` is one host, ``children: web`` is one group."""
    if isinstance(node.value, str):
        return Node({node.value: Node(None, node.origin)}, node.origin)
    return node


def _mapping(inventory: Inventory, node: Node, message: str) -> Mapping[str, Node]:
    if node.value is not None and not isinstance(node.value, Mapping):
        inventory.problem(node.origin, f"{message}; found {describe(node)}")
    return node.entries
