"""Ansible's INI inventory: ``[group]``, ``[group:vars]``, ``[group:children]`` and host lines with key=value."""

from __future__ import annotations

import re
import shlex

from podstead.document.values import Node, Origin
from podstead.errors import InputError, Problem
from podstead.inventory.groups import Group, Inventory
from podstead.inventory.hostnames import with_port
from podstead.inventory.variables import assignment
from podstead.suggest import did_you_mean

_SECTION = re.compile(r"\[([^\[\]:\s]+)(?::(\w+))?\]\s*(?:[#;].*)?")
_HOST = re.compile(
    r"(?:[^\[\]:]|\[[^\[\]]*\])+(?::\d{1,5})?|[0-9A-Fa-f:.]+:[0-9A-Fa-f:.]*|\[[0-9A-Fa-f:.]+\]:\d{1,5}"
)
_KINDS = ("hosts", "vars", "children")


def add(inventory: Inventory, text: str, file: str) -> None:
    """Add what one INI document declares."""
    _Reader(inventory, file).read(text)


class _Reader:
    def __init__(self, inventory: Inventory, file: str) -> None:
        self.inventory = inventory
        self.file = file
        self.declared: set[str] = set(inventory.groups)
        """Groups that this file may name: its own, and those of the sources before it."""
        self.waiting: dict[str, list[tuple[Group, Origin]]] = {}
        """Children named before their own section: Ansible adds them where that section begins."""
        self.used: dict[str, Origin] = {}

    def read(self, text: str) -> None:
        group = self.inventory.group("ungrouped", Origin(self.file, 1))
        kind = "hosts"
        for number, line in enumerate(text.splitlines(), start=1):
            origin = Origin(self.file, number)
            content = line.strip()
            if not content or content[0] in "#;":
                continue
            if content.startswith("[") and not with_port(content.split()[0])[1]:
                found, kind = self.section(content, origin)
                group = found or group
            elif kind == "hosts":
                self.host_line(group, content, origin)
            elif kind == "vars":
                self.variable_line(group, content, origin)
            elif kind == "children":
                self.child_line(group, _without_comment(content), origin)
        for name, origin in self.used.items():
            if name not in self.declared:
                hint = did_you_mean(name, sorted(self.declared - {"all", "ungrouped"}))
                message = f"no section declares the group {name!r}{hint}"
                self.inventory.undeclared.append((name, Problem(where=origin.where, message=message)))

    def section(self, content: str, origin: Origin) -> tuple[Group | None, str]:
        match = _SECTION.fullmatch(content)
        kind = (match[2] or "hosts") if match else "skip"
        if not match or kind not in _KINDS:
            hint = did_you_mean(kind, ("vars", "children")) if match else ""
            self.inventory.problem(origin, f"expected [group], [group:vars] or [group:children]{hint}")
            return None, "skip"
        name = match[1].strip()
        group = self.inventory.group(name, origin)
        if kind == "vars":
            self.used.setdefault(name, origin)
        else:
            self.declared.add(name)
            for parent, where in self.waiting.pop(name, ()):
                self.inventory.add_child(parent, name, where)
        return group, kind

    def child_line(self, group: Group, name: str, origin: Origin) -> None:
        self.used.setdefault(name, origin)
        if name in self.inventory.groups:
            self.inventory.add_child(group, name, origin)
        else:
            self.waiting.setdefault(name, []).append((group, origin))

    def host_line(self, group: Group, content: str, origin: Origin) -> None:
        try:
            first, *rest = shlex.split(content, comments=True)
        except ValueError:
            self.inventory.problem(origin, "a quotation mark is not closed")
            return
        if not _HOST.fullmatch(first):
            message = f"{first[:60]!r} is not a host name, a range such as web[01:20], or HOST:PORT"
            self.inventory.problem(origin, message)
            return
        entries: dict[str, Node] = {}
        for position, field in enumerate(rest, start=2):
            key, equals, text = field.partition("=")
            self.assign(entries, (key, equals, text), origin, f"field {position} is not key=value")
        self.inventory.add_hosts(group, first, origin, Node(entries, origin) if entries else None)

    def variable_line(self, group: Group, content: str, origin: Origin) -> None:
        entries: dict[str, Node] = {}
        key, equals, text = (part.strip() for part in content.partition("="))
        self.assign(entries, (key, equals, text), origin, "expected key=value")
        if entries:
            self.inventory.add_variables(group, Node(entries, origin))

    def assign(
        self, entries: dict[str, Node], parts: tuple[str, str, str], origin: Origin, otherwise: str
    ) -> None:
        """Add one key=value. A field that is none is never repeated in a message: it may be part of a password."""
        key, equals, text = parts
        if not equals or not key:
            self.inventory.problem(origin, otherwise)
        elif key in entries:
            self.inventory.problem(origin, "is given twice in this line", key)
        else:
            try:
                entries[key] = assignment(key, text, origin)
            except InputError as error:
                self.inventory.problems.extend(error.problems)


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
