"""A merged tree as a HostSpec, or everything that is wrong with it, in words and with the lines it was written in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import UnionType
from typing import Any, Final, Union, cast, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from podstead.document.layers import Path
from podstead.document.spec import HostSpec
from podstead.document.values import (
    AmbiguousScalar,
    Node,
    Scalar,
    VaultCiphertext,
    describe,
    is_hidden,
    is_template,
    reveal,
    walk,
)
from podstead.errors import Problem
from podstead.suggest import did_you_mean, listed

_OF_THE_WHOLE: Final = frozenset({"missing", "value_error", "assertion_error"})
"""Errors that a fragment may have: another layer can supply the rest."""

_EXPECTED: Final = {
    "bool": "true or false",
    "int": "a whole number",
    "string": "a string",
    "float": "a number",
    "dict": "a mapping (key: value)",
    "model": "a mapping (key: value)",
    "tuple": "a list",
    "list": "a list",
    "set": "a list",
    "literal": "",
}
_PATTERNS: Final = {
    "users": "not a user name: letters, digits, '_', '.' and '-', no digit first, at most 31 characters; or DOMAIN\\user, or user@domain",
    "packages": "not a package name: letters, digits, '+', '.', '_' and '-'",
    "sysctls": "not a kernel setting such as net.ipv4.ip_forward",
    "roles": "not a role name: letters, digits, '_' and '-'",
    "shell": "not an absolute path such as /bin/bash",
    "version": 'not a version specifier such as ">=4.3"',
}
_KEY_FIRST = re.compile(r"([A-Za-z_][\w.-]*): (.*)", re.DOTALL)


def validate(tree: Node, *, fragment: bool = False) -> tuple[HostSpec | None, list[Problem]]:
    """Validate a merged tree, or one layer by itself (``fragment``), where what another layer may supply can lack.

    What a template will say is not known in a fragment: its place is not judged there.
    """
    ambiguities: dict[Path, Problem] = {}
    bare = values(tree, (), ambiguities)
    try:
        return HostSpec.model_validate(bare), list(ambiguities.values())
    except ValidationError as error:
        found = error.errors(include_url=False)
    problems: dict[tuple[Path, str], Problem] = {}
    for violation in found:
        if fragment and violation["type"] in _OF_THE_WHOLE:
            continue
        problem, path, node = _problem(tree, violation)
        if path in ambiguities or (fragment and _is_open(node)):
            continue
        # The members of a union fail one by one; the first speaks for all.
        problems.setdefault((path, "" if violation["type"] != "value_error" else problem.message), problem)
    return None, [*ambiguities.values(), *problems.values()]


def values(node: Node, path: Path, ambiguities: dict[Path, Problem]) -> Any:  # noqa: ANN401 - as plain()
    """As :func:`~podstead.document.values.plain`, and note what YAML read differently from what most people mean."""
    value = node.value
    if isinstance(value, dict):
        for key in value:
            if isinstance(key, AmbiguousScalar):
                ambiguities[(*path, key)] = _ambiguous(key, value[key], path)
        return {key: values(child, (*path, key), ambiguities) for key, child in value.items()}
    if isinstance(value, tuple):
        return [values(child, path, ambiguities) for child in value]
    if isinstance(value, AmbiguousScalar):
        ambiguities[path] = _ambiguous(value, node, path)
    return reveal(cast("Scalar", value))


def _ambiguous(found: AmbiguousScalar, node: Node, path: Path) -> Problem:
    return Problem(where=node.origin.where, key=".".join(path), message=found.explanation)


def _is_open(node: Node) -> bool:
    """A value that is known only once a host's templates are rendered and its secrets opened."""
    value = node.value
    return isinstance(value, VaultCiphertext) or (
        isinstance(value, str | SecretStr) and is_template(reveal(value))
    )


def _problem(tree: Node, error: Mapping[str, Any]) -> tuple[Problem, Path, Node]:
    kind, loc = error["type"], error["loc"]
    message = str(error["msg"])
    if kind == "value_error":
        message = str(error["ctx"]["error"])
        match = _KEY_FIRST.match(message)
        if match and not loc and "." in match[1]:
            loc, message = tuple(match[1].split(".")), match[2]
    path, node = _deepest(tree, loc)
    if kind == "missing":
        rest = [str(part) for part in loc[len(path) :]]
        if rest and rest[0].isdigit():
            return (
                Problem(where=node.origin.where, key=".".join(path), message="has too few values"),
                path,
                node,
            )
        path = (*path, *rest)
        return Problem(where=node.origin.where, key=".".join(path), message="is missing"), path, node
    if kind != "value_error":
        message = _message(kind, path, node, error)
    elif loc == error["loc"] and any(is_hidden(descendant.value) for descendant in walk(node)):
        message = _without_values(path, node)
    return Problem(where=node.origin.where, key=".".join(path), message=message), path, node


def _without_values(path: Path, node: Node) -> str:
    """The checks of the schema repeat what they were given; this says as much without it."""
    if is_hidden(node.value):
        return f"a hidden value is {_PATTERNS.get(path[-1], 'invalid')}"
    return "its values, some of which are hidden, contradict each other"


def _deepest(tree: Node, loc: Iterable[str | int]) -> tuple[Path, Node]:
    """Follow an error's location as far as the tree goes: pydantic adds names of its own for unions and keys."""
    path: list[str] = []
    node = tree
    for part in loc:
        child = _child(node, part)
        if child is None:
            break
        path.append(str(part))
        node = child
    return tuple(path), node


def _child(node: Node, part: str | int) -> Node | None:
    if isinstance(part, int):
        return node.items[part] if part < len(node.items) else None
    return node.entries.get(part)


def _message(kind: str, path: Path, node: Node, error: Mapping[str, Any]) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    found = describe(node)
    match kind:
        case "extra_forbidden":
            known = known_keys(path[:-1])
            return f"unknown key{did_you_mean(path[-1], known) or f'; known keys: {listed(known)}'}"
        case "literal_error":
            choices = re.findall(r"'([^']*)'", context["expected"])
            hint = did_you_mean(node.value, choices) if isinstance(node.value, str) else ""
            return f"expected {context['expected'].replace(chr(39), '')}, found {found}{hint}"
        case "string_pattern_mismatch":
            words = _PATTERNS.get(path[-1]) or _PATTERNS.get(path[0], "not in the required form")
            return words if error["loc"][-1] == "[key]" else f"{found} is {words}"
        case "greater_than_equal" | "less_than_equal":
            bound = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
            return f"must be {bound}, found {found}"
        case "string_too_long":
            return f"must be at most {context['max_length']} characters long"
        case "too_long" | "too_short":
            number = context.get("max_length", context.get("min_length"))
            return f"expected {number} values, found {context['actual_length']}"
    return _of_another_type(kind, path, node, str(error["msg"]))


def _of_another_type(kind: str, path: Path, node: Node, message: str) -> str:
    expected = _EXPECTED.get(kind.partition("_")[0])
    if path[:1] == ("sysctls",) and len(path) == 2:
        expected = "a number, a string, or one of at_least, at_most, covers, exact"
    elif path[:1] == ("sysctls",) and path[-1] == "exact":
        expected = "a number or a string"
    if expected is None:
        return message.removeprefix("Input ").lower()
    hint = ""
    if "string" in expected and isinstance(node.value, bool | int | float):
        hint = "; quote it"
    if node.value is None and expected.startswith("a mapping"):
        hint = "; write {} to use the defaults"
    return f"expected {expected}, found {describe(node)}{hint}"


@cache
def known_keys(path: Path) -> tuple[str, ...]:
    """Return the keys that the host document knows at a path."""
    annotation: Any = HostSpec
    for part in path:
        annotation = _below(annotation, part)
    model = _model(annotation)
    return tuple(model.model_fields) if model else ()


def _below(annotation: Any, part: str) -> Any:  # noqa: ANN401 - annotations have no common type
    model = _model(annotation)
    if model is not None:
        field = model.model_fields.get(part)
        return field.annotation if field else None
    arguments = get_args(annotation)
    return arguments[1] if get_origin(annotation) is dict else None


def _model(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType) or hasattr(annotation, "__metadata__"):
        return next((model for argument in get_args(annotation) if (model := _model(argument))), None)
    return None
