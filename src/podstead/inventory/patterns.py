"""Ansible's host patterns: which hosts of an inventory a pattern names."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from fnmatch import translate

from podstead.errors import InputError, Problem
from podstead.inventory.groups import Inventory
from podstead.suggest import did_you_mean

_SUBSCRIPT = re.compile(r"(.+)\[(?:(-?\d{1,9})|(-?\d{1,9})?(?::|(?<=\d)-(?=\d))(-?\d{1,9})?)\]")


def select(inventory: Inventory, pattern: str, *, option: str = "pattern") -> tuple[str, ...]:
    """Return the hosts that a pattern names, in the order of the inventory. Raises InputError when there is none."""
    problems: list[Problem] = []
    chosen: set[str] = set()
    parts = list(split(pattern))
    plain = [part for part in parts if part[0] not in "&!"]
    for part in plain or ["all"]:
        chosen |= _matching(inventory, part, option, problems)
    for part in parts:
        if part[0] == "&":
            chosen &= _matching(inventory, part[1:], option, problems)
    for part in parts:
        if part[0] == "!":
            chosen -= _matching(inventory, part[1:], option, problems)
    if problems:
        raise InputError(problems)
    if not chosen or not parts:
        raise InputError.one(f"no host matches {pattern!r} in {_sources(inventory)}", where=option)
    return tuple(host for host in inventory.hosts if host in chosen)


def split(pattern: str) -> Iterator[str]:
    """Yield the parts of a pattern. Commas and colons separate, but not within brackets; a ~regex takes its colons."""
    for piece in _cut(pattern, ","):
        rest = piece.strip()
        while rest:
            if rest.lstrip("&!").startswith(("~", "@")):
                yield rest
                break
            first, *others = _cut(rest, ":")
            if first.strip():
                yield first.strip()
            rest = ":".join(others)


def _cut(text: str, separator: str) -> list[str]:
    pieces, depth, start = [], 0, 0
    for place, char in enumerate(text):
        depth += (char in "[({") - (char in "])}")
        if char == separator and depth <= 0:
            pieces.append(text[start:place])
            start = place + 1
    return [*pieces, text[start:]]


def _matching(inventory: Inventory, part: str, option: str, problems: list[Problem]) -> set[str]:
    if part in ("all", "*"):
        return set(inventory.hosts)
    if part in inventory.groups or part in inventory.hosts:
        return _named(inventory, part)
    if part.startswith("~"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # what Python may change about an odd expression is not news here
                expression = re.compile(part[1:])
        except (re.error, OverflowError, RecursionError) as error:
            problems.append(Problem(where=option, message=f"{part!r} is not a regular expression: {error}"))
            return set()
        return _by_expression(inventory, expression)
    subscript = _SUBSCRIPT.fullmatch(part)
    if subscript:
        return _slice(inventory, _matching(inventory, subscript[1], option, problems), subscript)
    if any(char in part for char in "*?["):
        return _by_expression(inventory, re.compile(translate(part)))
    known = [*inventory.groups, *inventory.hosts]
    problems.append(
        Problem(
            where=option,
            message=f"no host or group is called {part!r} in {_sources(inventory)}{did_you_mean(part, known)}",
        )
    )
    return set()


def _named(inventory: Inventory, name: str) -> set[str]:
    found = inventory.members(name) if name in inventory.groups else set[str]()
    return found | ({name} & inventory.hosts.keys())


def _by_expression(inventory: Inventory, expression: re.Pattern[str]) -> set[str]:
    found = {host for host in inventory.hosts if expression.match(host)}
    for name in inventory.groups:
        if expression.match(name):
            found |= inventory.members(name)
    return found


def _slice(inventory: Inventory, found: set[str], subscript: re.Match[str]) -> set[str]:
    """``[0]`` is one host; ``[0:2]`` and ``[0-2]`` are three: Ansible counts the last one in."""
    ordered = [host for host in inventory.hosts if host in found]
    if subscript[2]:
        first = int(subscript[2])
        return set(ordered[first:][:1]) if -len(ordered) <= first else set()
    last = int(subscript[4] or -1)
    return set(ordered[int(subscript[3] or 0) : last + 1 or None])


def _sources(inventory: Inventory) -> str:
    return ", ".join(inventory.sources) or "the inventory"
