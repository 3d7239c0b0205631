"""Layers: fragments of the host document, and how several become one.

Mappings merge by key; everything else is replaced by the later layer; layers of the same rank must agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import groupby
from typing import Final, NamedTuple

from podstead.document.values import Node, Origin, describe
from podstead.errors import Problem

Path = tuple[str, ...]

DOCUMENT: Final = "podstead"
"""The one variable of an inventory that holds the host document; every other name is the user's own (decision 0017)."""


def below_document(problem: Problem) -> Problem:
    """Return a problem of a host document with its key as an inventory has it, below ``podstead``."""
    return replace(problem, key=".".join(filter(None, (DOCUMENT, problem.key))))


class Stage(IntEnum):
    """Where a layer comes from; a later stage replaces an earlier one."""

    DEFAULTS = 0
    ROLES = 1
    ALL = 2
    GROUPS = 3
    HOST = 4
    EXTRA = 5


class Rank(NamedTuple):
    """A stage and, among groups, how far a group is from ``all``: children replace their parents.

    Among groups of one depth those with a greater ``ansible_group_priority`` replace the others.
    """

    stage: Stage
    depth: int = 0
    priority: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A fragment of the host document. ``over`` names layers of the same rank that it may replace."""

    name: str
    rank: Rank
    tree: Node
    over: frozenset[str] = frozenset()


class Provenance(NamedTuple):
    """Where a value of a merged document was written, and where the values were that it replaced."""

    origin: Origin
    replaced: tuple[Origin, ...] = ()


EMPTY: Final = Node({}, Origin("podstead"))


def is_whole(path: Path) -> bool:
    """True where a mapping is one value: ``at_most: 80`` replaces ``at_least: 5`` and does not join it."""
    return len(path) == 2 and path[0] == "sysctls"


def overlay(lower: Node, upper: Node, path: Path = ()) -> Node:
    """Put one tree over another. Shares what it does not change, so thousands of hosts can stand on one base."""
    if upper is EMPTY:
        return lower
    if isinstance(lower.value, Mapping) and isinstance(upper.value, Mapping) and not is_whole(path):
        entries = dict(lower.value)
        for key, node in upper.value.items():
            below = entries.get(key)
            entries[key] = node if below is None else overlay(below, node, (*path, key))
        return Node(entries, upper.origin, (*upper.replaced, *lower.replaced))
    return overlay_one(lower, upper)


def overlay_one(lower: Node, upper: Node) -> Node:
    """Replace one value as a whole; the upper one remembers where the lower one was."""
    return Node(upper.value, upper.origin, (*upper.replaced, lower.origin, *lower.replaced))


def merge(layers: Iterable[Layer], problems: list[Problem]) -> Node:
    """Merge layers, lowest rank first whatever their order; adds to ``problems`` where layers of one rank disagree."""
    tree = EMPTY
    for _, same_rank in groupby(sorted(layers, key=lambda layer: layer.rank), key=lambda layer: layer.rank):
        claims = [(layer, layer.tree) for layer in same_rank if layer.tree.entries]
        if claims:
            tree = overlay(tree, _agree(claims, (), problems))
    return tree


def _agree(claims: Sequence[tuple[Layer, Node]], path: Path, problems: list[Problem]) -> Node:
    """Join what layers of one rank say about one path."""
    first = claims[0][1]
    if len(claims) == 1:
        return first
    if all(isinstance(node.value, Mapping) for _, node in claims) and not is_whole(path):
        keys = dict.fromkeys(key for _, node in claims for key in node.entries)
        return Node(
            {
                key: _agree(
                    [(layer, node.entries[key]) for layer, node in claims if key in node.entries],
                    (*path, key),
                    problems,
                )
                for key in keys
            },
            first.origin,
        )
    names_over = frozenset[str]().union(*(layer.over for layer, _ in claims))
    remaining = [node for layer, node in claims if layer.name not in names_over]
    winner = remaining[0]
    problems.extend(_disagreement(path, winner, other) for other in remaining[1:] if not same(winner, other))
    replaced = [node.origin for layer, node in reversed(claims) if layer.name in names_over]
    return Node(winner.value, winner.origin, tuple(replaced))


def _disagreement(path: Path, first: Node, second: Node) -> Problem:
    first, second = _narrow(first, second)
    return Problem(
        where=second.origin.where,
        key=".".join(path),
        message=f"is {describe(second)} here and {describe(first)} in {first.origin.where}, which has the same rank; "
        "set it in one place only, or in a layer of a higher rank",
    )


def _narrow(first: Node, second: Node) -> tuple[Node, Node]:
    """Go down to the first thing in which two whole values differ, for the message."""
    if len(first.entries) == 1 and first.entries.keys() == second.entries.keys():
        return next(zip(first.entries.values(), second.entries.values(), strict=True))
    return first, second


def same(first: Node, second: Node) -> bool:
    """True when two trees hold the same value; 1, 1.0 and true are three values."""
    if isinstance(first.value, Mapping) and isinstance(second.value, Mapping):
        return first.value.keys() == second.value.keys() and all(
            same(node, second.value[key]) for key, node in first.value.items()
        )
    if isinstance(first.value, tuple) and isinstance(second.value, tuple):
        return len(first.value) == len(second.value) and all(map(same, first.value, second.value))
    return type(first.value) is type(second.value) and first.value == second.value


def origins(tree: Node) -> dict[Path, Provenance]:
    """Return where every value of a merged tree comes from; a list is one value, a mapping has its own line too."""
    return dict(_origins(tree, ()))


def _origins(node: Node, path: Path) -> Iterator[tuple[Path, Provenance]]:
    if path:
        yield path, Provenance(node.origin, node.replaced)
    for key, child in node.entries.items():
        yield from _origins(child, (*path, key))
