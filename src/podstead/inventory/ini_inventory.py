"""Ansible's INI inventory: ``[group]``, ``[group:vars]``, ``[group:children]`` and host lines with key=value."""

from __future__ import annotations

import re
import shlex

from podstead.errors import InputError
from podstead.inventory.connection import hide
from podstead.inventory.groups import Group, Inventory
from podstead.inventory.variables import assignment
from podstead.nodes import Node, Origin
from podstead.suggest import did_you_mean

_SECTION = re.compile(r"\[([^\[\]:]+)(?::(\w+))?\]\s*(?:[#;].*)?")
_HOST = re.compile(r"((?:[^\[\]:]|\[[^\[\]]*\])+)(?::(\d{1,5}))?")


def add(inventory: Inventory, text: str, file: str) -> None:
    """Add what one INI document declares."""
    group = inventory.group("ungrouped", Origin(file, 1))
    kind = "hosts"
    declared: set[str] = set()
    used: dict[str, Origin] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        origin = Origin(file, number)
        content = line.strip()
        if not content or content[0] in "#;":
            continue
        if content.startswith("["):
            match = _SECTION.fullmatch(content)
            kind = (match[2] or "hosts") if match else "skip"
            if not match or kind not in ("hosts", "vars", "children"):
                hint = did_you_mean(kind, ("vars", "children")) if match else ""
                inventory.problem(origin, f"expected [group], [group:vars] or [group:children]{hint}")
                kind = "skip"
                continue
            group = inventory.group(match[1].strip(), origin)
            (used.setdefault(group.name, origin) if kind == "vars" else declared.add(group.name))
        elif kind == "hosts":
            _host_line(inventory, group, content, origin)
        elif kind == "vars":
            _variable_line(inventory, group, content, origin)
        elif kind == "children":
            child = _without_comment(content)
            inventory.add_child(group, child, origin)
            used.setdefault(child, origin)
    for name, origin in used.items():
        if name not in declared and name not in ("all", "ungrouped"):
            inventory.problem(
                origin, f"no section declares the group {name!r}{did_you_mean(name, sorted(declared))}"
            )


def _host_line(inventory: Inventory, group: Group, content: str, origin: Origin) -> None:
    try:
        first, *rest = shlex.split(_without_comment(content))
    except ValueError:
        inventory.problem(origin, "a quotation mark is not closed")
        return
    match = _HOST.fullmatch(first)
    if not match:
        inventory.problem(
            origin, f"{first[:60]!r} is not a host name, a range such as web[01:20], or HOST:PORT"
        )
        return
    entries: dict[str, Node] = {}
    if match[2]:
        entries["ansible_port"] = Node(match[2], origin)
    for position, field in enumerate(rest, start=2):
        _assign(inventory, entries, field, origin, f"field {position} is not key=value")
    inventory.add_hosts(group, match[1], origin, Node(entries, origin) if entries else None)


def _variable_line(inventory: Inventory, group: Group, content: str, origin: Origin) -> None:
    entries: dict[str, Node] = {}
    key, equals, text = (part.strip() for part in content.partition("="))
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    _assign(inventory, entries, f"{key}{equals}{text}", origin, "expected key=value")
    if entries:
        group.variables.append(hide(Node(entries, origin)))


def _assign(
    inventory: Inventory, entries: dict[str, Node], field: str, origin: Origin, otherwise: str
) -> None:
    """Add one key=value. A field that is none is never repeated in a message: it may be part of a password."""
    key, equals, text = field.partition("=")
    if not equals or not key:
        inventory.problem(origin, otherwise)
    elif key in entries:
        inventory.problem(origin, "is given twice in this line", key)
    else:
        try:
            entries[key] = assignment(key, text, origin)
        except InputError as error:
            inventory.problems.extend(error.problems)


def _without_comment(line: str) -> str:
    """Cut a comment: a # or ; after a blank, outside quotation marks."""
    quote = ""
    for place, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "#;" and line[place - 1].isspace():
            return line[:place].rstrip()
    return line
