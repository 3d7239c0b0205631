"""Jinja2 in values: rendered for each host, lazily, in a sandbox; what is undefined is a mistake with a place.

A value that is one expression, ``"{{ count * 2 }}"``, keeps the type of what it says; any other text stays text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import SecretStr

from podstead.document.values import (
    AmbiguousScalar,
    HiddenFloat,
    HiddenInt,
    Node,
    Origin,
    Scalar,
    Value,
    VaultCiphertext,
    is_template,
    walk,
)
from podstead.errors import InputError, Problem
from podstead.inventory.lookups import functions
from podstead.inventory.sandbox import Failed, evaluate, solid, template_globals
from podstead.inventory.vault import Vault

_SHORT: Final = 3


class _RenderError(Exception):
    def __init__(self, origin: Origin, message: str) -> None:
        super().__init__(message)
        self.origin = origin
        self.message = message


def needs_rendering(tree: Node) -> bool:
    """Whether a tree holds a template or an encrypted value."""
    return any(_is_open(node.value) for node in walk(tree))


def _is_open(value: object) -> bool:
    if isinstance(value, str):
        return "{" in value and is_template(value)
    if isinstance(value, SecretStr):
        return True  # a report must know it to hide it
    return isinstance(value, VaultCiphertext)


class Rendering(Mapping[str, object]):
    """The variables of one host as its templates see them: each is rendered when it is asked for, and once."""

    def __init__(self, nodes: Mapping[str, Node], magic: Mapping[str, object], vault: Vault) -> None:
        self._nodes = nodes
        self._magic = magic
        self._vault = vault
        self._values: dict[int, tuple[object, bool, Node]] = {}
        self._busy: dict[int, str] = {}
        self._secrets: set[str] = set()
        self._touched: bool = False
        self._functions = functions(self)

    @property
    def secrets(self) -> frozenset[str]:
        """Every secret text that was used so far."""
        return frozenset(self._secrets)

    def render(self, tree: Node, problems: list[Problem], path: tuple[str, ...] = ()) -> Node:
        """Return the tree with every template rendered and every encrypted value decrypted (and kept secret)."""
        value = tree.value
        if isinstance(value, Mapping):
            return Node(
                {key: self.render(child, problems, (*path, key)) for key, child in value.items()},
                tree.origin,
                tree.replaced,
            )
        if isinstance(value, tuple):
            return Node(
                tuple(self.render(child, problems, path) for child in value), tree.origin, tree.replaced
            )
        if not _is_open(value):
            return tree
        self._touched = False
        try:
            found = solid(self.value(tree, ".".join(path)))
        except _RenderError as error:
            problems.append(Problem(where=error.origin.where, key=".".join(path), message=error.message))
            return Node(None, tree.origin, tree.replaced)
        secret = self._touched or isinstance(value, SecretStr | VaultCiphertext)
        return self._hidden(found, tree) if secret else _node(found, tree)

    def value(self, node: Node, name: str) -> object:
        """Return the bare value of a node: containers stay lazy."""
        value = node.value
        if isinstance(value, Mapping):
            return Lazy(self, value, name)
        if isinstance(value, tuple):
            return [self.value(child, name) for child in value]
        if isinstance(value, VaultCiphertext):
            return self._secret(self._decrypted(value, node, name))
        if isinstance(value, SecretStr):
            text = value.get_secret_value()
            return self._secret(self._rendered(text, node, name) if is_template(text) else text)
        if is_template(value):
            return self._rendered(str(value), node, name)
        return value.read_as if isinstance(value, AmbiguousScalar) else value

    def _decrypted(self, value: VaultCiphertext, node: Node, name: str) -> str:
        try:
            return self._vault.open(value.ciphertext, node.origin, name)
        except InputError as error:
            raise _RenderError(node.origin, error.problems[0].message) from None

    def _secret(self, found: object) -> object:
        self._touched = True
        self._remember(found)
        return found

    def _remember(self, found: object) -> None:
        """Keep the text of a secret, to take it out of reports: a port or a small number would take out too much."""
        if isinstance(found, str | int | float) and not isinstance(found, bool):
            text = str(found)
            if text and not (len(text) <= _SHORT and text.isdecimal()):
                self._secrets.add(text)

    def _hidden(self, found: object, source: Node) -> Node:
        """Return what a template made with a secret, as values that no message shows."""
        value: Value
        if isinstance(found, dict):
            value = {key: self._hidden(child, source) for key, child in found.items()}
        elif isinstance(found, list):
            value = tuple(self._hidden(child, source) for child in found)
        else:
            self._remember(found)
            value = _wrapped(found)
        return Node(value, source.origin, source.replaced)

    def _rendered(self, text: str, node: Node, name: str) -> object:
        place = id(node)
        if place in self._busy:
            names = list(self._busy.values())
            circle = " > ".join([*names[list(self._busy).index(place) :], name])
            raise _RenderError(node.origin, f"the template refers to itself: {circle}")
        if place not in self._values:
            self._busy[place] = name
            before, self._touched = self._touched, isinstance(node.value, SecretStr)
            try:
                found = self._evaluated(text, node)
            finally:
                del self._busy[place]
            if self._touched:
                self._remember(found)
            self._values[place] = (found, self._touched, node)
            self._touched = self._touched or before
        found, touched, _ = self._values[place]
        self._touched = self._touched or touched
        return found

    def _evaluated(self, text: str, node: Node) -> object:
        try:
            return evaluate(text, self)
        except Failed as failed:
            # Jinja's and Python's words repeat the values that they were given
            message = failed.safe if self._touched else str(failed)
            raise _RenderError(node.origin, message) from None

    def __contains__(self, name: object) -> bool:
        return any(name in names for names in (self._nodes, self._magic, self._functions, template_globals()))

    def __getitem__(self, name: str) -> object:
        if name in self._magic:
            return self._magic[name]
        if name in self._nodes:
            return self.value(self._nodes[name], name)
        return self._functions[name] if name in self._functions else template_globals()[name]

    def __iter__(self) -> Iterator[str]:
        """Jinja asks for the names that there are."""
        yield from {**self._magic, **self._nodes}

    def __len__(self) -> int:
        return len({**self._magic, **self._nodes})

    def lent_to(self, other: Rendering) -> Mapping[str, object]:
        """Return these variables for the templates of another host, which learns what of them is secret."""
        return _Borrowed(self, other)

    def lend(self, name: str, other: Rendering) -> object:
        """Return a variable with nothing left to render, and tell the other host whether a secret is in it."""
        before, self._touched = self._touched, False
        try:
            found = solid(self[name])
            return other._secret(found) if self._touched else found
        finally:
            self._touched = before


class _Borrowed(Mapping[str, object]):
    """One entry of ``hostvars``."""

    def __init__(self, owner: Rendering, other: Rendering) -> None:
        self._owner = owner
        self._other = other

    def __getitem__(self, name: str) -> object:
        return self._owner.lend(name, self._other)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._owner if name != "hostvars")  # which would hold this again

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Lazy(Mapping[str, Any]):
    """A mapping of which each value is rendered when it is asked for, so that neighbours may refer to each other."""

    def __init__(self, rendering: Rendering, entries: Mapping[str, Node], name: str) -> None:
        self._rendering = rendering
        self._entries = entries
        self._name = name

    def __getitem__(self, key: str) -> object:
        return self._rendering.value(self._entries[key], f"{self._name}.{key}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __str__(self) -> str:
        return str(dict(self))


def _wrapped(found: Any) -> Scalar:  # noqa: ANN401 - what solid returns and is no container
    match found:
        case None | bool():
            return found
        case int():
            return HiddenInt(found)
        case float():
            return HiddenFloat(found)
    return SecretStr(found)


def _node(found: Any, source: Node) -> Node:  # noqa: ANN401 - what solid returns
    value: Value
    if isinstance(found, dict):
        value = {key: _node(child, source) for key, child in found.items()}
    elif isinstance(found, list):
        value = tuple(_node(child, source) for child in found)
    else:
        value = found
    return Node(value, source.origin, source.replaced)
