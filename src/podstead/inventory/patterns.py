"""Ansible's host patterns: which hosts of an inventory a pattern names, and in which order."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from fnmatch import translate
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from podstead.document.yaml_document import read_text
from podstead.errors import InputError, Problem
from podstead.inventory.groups import Inventory
from podstead.suggest import did_you_mean

_SUBSCRIPT = re.compile(r"(.+)\[(?:(-?\d{1,9})|(\d{1,9})[:-](\d{0,9}))\]")
"""As Ansible has it (inventory/manager.py): one host may be counted from the end, the bounds of a slice may not."""
PSEUDO: Final = re.compile(
    r"@(?:(?P<local>local)|ssh/(?:(?P<user>[^@/:]+)@)?(?P<host>[^@/:]+)(?::(?P<port>\d+))?"
    r"|(?P<container>podman|docker)/(?P<name>[A-Za-z0-9][\w.-]*)|chroot/(?P<folder>/?[^\s:,]+))"
)
"""pyinfra's names for hosts that need no inventory."""
Hosts = dict[str, None]
_HINTS: Final = 3
"""So many mistakes are told what may have been meant."""


def select(inventory: Inventory, pattern: str, *, option: str = "pattern") -> tuple[str, ...]:
    """Return the hosts that a pattern names, in Ansible's order. Raises InputError when there is none.

    The parts count in the order in which they stand: first those that add, then ``&``, then ``!``.
    """
    problems: list[Problem] = []
    chosen: Hosts = {}
    parts = list(split(pattern, option))
    plain = [part for part in parts if part[0] not in "&!"]
    for part in plain or ["all"]:
        chosen.update(_matching(inventory, part, option, problems))
    for part in parts:
        if part[0] == "&":
            matching = _matching(inventory, part[1:], option, problems)
            chosen = {host: None for host in chosen if host in matching}
    for part in parts:
        if part[0] == "!":
            out = _matching(inventory, part[1:], option, problems)
            chosen = {host: None for host in chosen if host not in out}
    if problems:
        raise InputError(problems)
    if not chosen or not parts:
        raise InputError.single(f"no host matches {pattern!r} in {_sources(inventory)}", where=option)
    return tuple(chosen)


def split(pattern: str, option: str = "pattern") -> Iterator[str]:
    """Yield the parts of a pattern. Commas and colons separate, but not within brackets; a ~regex takes its colons.

    ``@FILE`` stands for the patterns in a file, a line each, as Ansible's retry files have them.
    """
    pieces = _cut(pattern, ",")
    for piece in pieces:
        rest = piece.strip()
        while rest:
            bare = rest.lstrip("&!")
            if bare.startswith("~") or PSEUDO.fullmatch(bare) or _is_address(bare):
                yield rest
                break
            first, *others = _cut(rest, ":")
            if others and len([piece for piece in pieces if piece.strip()]) > 1:
                # Ansible splits only at commas then, and would take other hosts
                message = f"{pattern[:60]!r} has commas and colons between its parts: use only commas, or only colons"
                raise InputError.single(message, where=option)
            if first.strip().startswith("@") and not PSEUDO.fullmatch(first.strip()):
                yield from _from_file(first.strip()[1:], option)
            elif first.strip():
                yield first.strip()
            rest = ":".join(others)


def _is_address(text: str) -> bool:
    """Whether the colons are those of an IPv6 address."""
    if text.count(":") < 2:
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _from_file(name: str, option: str) -> Iterator[str]:
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - Path's own raises for a user that there is not
    if not os.path.isfile(path):  # noqa: PTH113 - Path's own raises where it may not look
        message = f"{'@' + name!r} is neither a file of host names nor one of @local, @ssh/HOST, @podman/NAME, @docker/NAME, @chroot/DIR"
        raise InputError.single(message, where=option)
    for line in read_text(path).splitlines():
        part = line.strip()
        if part and (PSEUDO.fullmatch(part) or not part.startswith(("#", "@"))):
            yield from split(part, option)


def _cut(text: str, separator: str) -> list[str]:
    pieces, depth, start = [], 0, 0
    for place, char in enumerate(text):
        depth += (char in "[({") - (char in "])}")
        if char == separator and depth <= 0:
            pieces.append(text[start:place])
            start = place + 1
    return [*pieces, text[start:]]


def _matching(inventory: Inventory, part: str, option: str, problems: list[Problem]) -> Hosts:
    if part in ("all", "*"):
        return inventory.members("all")
    if part in inventory.groups or part in inventory.hosts:
        return _named(inventory, part)
    if part.startswith("~"):
        try:
            with warnings.catch_warnings():
                # what Python may change about an odd expression is not news here
                warnings.simplefilter("ignore")
                expression = re.compile(part[1:])
        except (re.error, OverflowError, RecursionError) as error:
            problems.append(Problem(where=option, message=f"{part!r} is not a regular expression: {error}"))
            return {}
        return _by_expression(inventory, expression)
    subscript = _SUBSCRIPT.fullmatch(part)
    if subscript:
        return _slice(_matching(inventory, subscript[1], option, problems), subscript)
    if any(char in part for char in "*?["):
        return _by_expression(inventory, re.compile(translate(part)))
    # to look for what is near takes long among many hosts, and the names of a retry file may all be gone
    hint = did_you_mean(part, [*inventory.groups, *inventory.hosts]) if len(problems) < _HINTS else ""
    message = f"there is no host or group named {part!r} in {_sources(inventory)}{hint}"
    problems.append(Problem(where=option, message=message))
    return {}


def _named(inventory: Inventory, name: str) -> Hosts:
    found = inventory.members(name) if name in inventory.groups else {}
    return {**found, name: None} if name in inventory.hosts else found


def _by_expression(inventory: Inventory, expression: re.Pattern[str]) -> Hosts:
    """The members of the groups that match, then the hosts that match."""
    found: Hosts = {}
    for name in inventory.groups:
        if expression.match(name):
            found.update(inventory.members(name))
    found.update({host: None for host in inventory.hosts if expression.match(host)})
    return found


def _slice(found: Hosts, subscript: re.Match[str]) -> Hosts:
    """``[0]`` is one host; ``[0:2]`` and ``[0-2]`` are three: Ansible counts the last one in."""
    ordered = list(found)
    if subscript[2]:
        first = int(subscript[2])
        return dict.fromkeys(ordered[first:][:1]) if -len(ordered) <= first else {}
    last = int(subscript[4] or -1)
    return dict.fromkeys(ordered[int(subscript[3] or 0) : last + 1 or None])


def _sources(inventory: Inventory) -> str:
    return ", ".join(inventory.sources) or "the inventory"
