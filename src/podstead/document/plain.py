"""A host document from plain Python values, as a pyinfra inventory or a program holds them. Strict: every key must be one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podstead.document.layers import Layer, Rank, Stage, below_document, merge
from podstead.document.roles import DEFAULT_ROLE, RoleLibrary
from podstead.document.spec import HostSpec
from podstead.document.validate import validate
from podstead.document.values import Node, Origin, describe
from podstead.errors import InputError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainLayer:
    """One layer: what it is called in messages, where it ranks, and its values."""

    name: str
    rank: Rank
    values: Any
    """What should be a mapping with keys of the host document."""
    in_inventory: bool = False
    """Whether a person has written the values below the key ``podstead``, and looks for them there."""


def document(layers: Sequence[PlainLayer], *, roles: Sequence[Path] = ()) -> HostSpec:
    """Merge plain layers over their roles. Raises InputError with every mistake."""
    problems: list[Problem] = []
    layers_of_caller = []
    for layer in layers:
        origin = Origin(layer.name)
        tree = _node(layer.values, origin, problems)
        if not isinstance(tree.value, Mapping):
            message = f"expected a mapping with the keys of a host document, found {describe(tree)}"
            problems.append(Problem(where=layer.name, message=message))
            continue
        problems.extend(validate(tree, fragment=True)[1])
        layers_of_caller.append(Layer(name=layer.name, rank=layer.rank, tree=tree))
    wanted = merge(layers_of_caller, problems).entries.get("roles")
    default = Origin("podstead's default")
    names = wanted.items if wanted else (Node(DEFAULT_ROLE, default),)
    role_library = RoleLibrary([], chosen=roles)
    defaults = Layer(
        name="defaults", rank=Rank(Stage.DEFAULTS), tree=Node({"roles": Node(names, default)}, default)
    )
    spec, more = validate(
        merge([defaults, *role_library.layers(names, problems), *layers_of_caller], problems)
    )
    if problems or more or spec is None:
        below = {layer.name for layer in layers if layer.in_inventory}
        raise InputError(
            below_document(problem) if problem.where in below else problem for problem in (*problems, *more)
        )
    return spec


def _node(value: object, origin: Origin, problems: list[Problem]) -> Node:
    if isinstance(value, Mapping):
        bad_keys = [key for key in value if not isinstance(key, str)]
        problems.extend(
            Problem(where=origin.where, key=repr(key), message="a key must be a string") for key in bad_keys
        )
        return Node(
            {key: _node(child, origin, problems) for key, child in value.items() if isinstance(key, str)},
            origin,
        )
    if isinstance(value, list | tuple):
        return Node(tuple(_node(child, origin, problems) for child in value), origin)
    if value is None or isinstance(value, str | int | float | bool):
        return Node(value, origin)
    problems.append(
        Problem(where=origin.where, message=f"a {type(value).__name__} is not allowed in a host document")
    )
    return Node(None, origin)
