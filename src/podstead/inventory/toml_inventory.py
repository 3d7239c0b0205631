"""Ansible's TOML inventory: a table for each group, with ``hosts``, ``vars`` and a list of ``children``."""

from __future__ import annotations

import tomllib
from datetime import date, time
from typing import Any

from podstead.document.values import Node, Origin
from podstead.errors import InputError
from podstead.inventory import yaml_inventory
from podstead.inventory.groups import Inventory

_DEPTH = 64


def add(inventory: Inventory, text: str, file: str) -> None:
    """Add what one TOML document declares. Raises InputError where it is none; its parser names lines, values have none."""
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise InputError.single(f"is nested deeper than {_DEPTH} levels", where=file) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError.single(f"is not TOML: {error}", where=file) from None
    groups = {name: _group(_node(table, Origin(file), 0)) for name, table in tables.items()}
    yaml_inventory.add(inventory, Node(groups, Origin(file)))


def _group(node: Node) -> Node:
    """As in YAML, where children are a mapping."""
    children = node.entries.get("children")
    if children is None or not isinstance(children.value, tuple):
        return node
    names = {str(child.value): Node(None, child.origin) for child in children.value}
    return Node({**node.entries, "children": Node(names, children.origin)}, node.origin)


def _node(value: Any, origin: Origin, depth: int) -> Node:  # noqa: ANN401 - what tomllib returns
    if depth > _DEPTH:
        raise InputError.single(f"is nested deeper than {_DEPTH} levels", where=origin.where)
    if isinstance(value, dict):
        return Node({key: _node(child, origin, depth + 1) for key, child in value.items()}, origin)
    if isinstance(value, list):
        return Node(tuple(_node(child, origin, depth + 1) for child in value), origin)
    return Node(value.isoformat() if isinstance(value, date | time) else value, origin)
