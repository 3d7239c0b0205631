"""Values that know where they were written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic import SecretStr


class Origin(NamedTuple):
    """Where a value was written; line 0 means the source as a whole."""

    file: str
    line: int = 0

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class AmbiguousScalar(str):
    """Text that YAML 1.1 reads as something else than most people mean: ``0644``, ``12:30``, ``2024-01-02``.

    A document of podstead refuses it (``explanation``); a variable that podstead only passes on has the value that Ansible
    gives it (``read_as``).
    """

    __slots__ = ("explanation", "read_as")

    explanation: str
    read_as: str | int | float

    @classmethod
    def of(cls, text: str, *, explanation: str, read_as: str | float) -> AmbiguousScalar:
        made = cls(text)
        made.explanation = explanation
        made.read_as = read_as
        return made


class Unsafe(str):
    """Text after ``!unsafe``: no template, whatever it holds."""

    __slots__ = ()


class Literal(str):
    """Text of an INI inventory, which Ansible reads as a Python literal where it is one."""

    __slots__ = ()


class HiddenInt(int):
    """A whole number that a secret made: a number for the host, and shown nowhere."""

    __slots__ = ()
    __str__ = int.__repr__

    def __repr__(self) -> str:
        return HIDDEN


class HiddenFloat(float):
    """A number with a fraction that a secret made."""

    __slots__ = ()
    __str__ = float.__repr__

    def __repr__(self) -> str:
        return HIDDEN


@dataclass(frozen=True, slots=True)
class VaultCiphertext:
    """A value of Ansible Vault that nobody has opened yet."""

    ciphertext: str


Scalar: TypeAlias = str | int | float | bool | SecretStr | VaultCiphertext | None
Value: TypeAlias = "Scalar | tuple[Node, ...] | Mapping[str, Node]"
"""A mapping is always a dict: asking for that is several times faster, and there are millions to ask."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value, where it came from, and whom it replaced (the latest first)."""

    value: Value
    origin: Origin
    replaced: tuple[Origin, ...] = ()

    @property
    def entries(self) -> Mapping[str, Node]:
        """The entries of a mapping; nothing for any other value."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a list; nothing for any other value."""
        return self.value if isinstance(self.value, tuple) else ()


def is_template(value: object) -> bool:
    """Text with Jinja2 in it, which is rendered for each host."""
    return (
        isinstance(value, str)
        and "{" in value
        and any(mark in value for mark in ("{{", "{%", "{#"))
        and not isinstance(value, Unsafe)
    )


HIDDEN: Final = "********"


def is_hidden(value: object) -> bool:
    """Whether no message may hold this value."""
    return isinstance(value, SecretStr | VaultCiphertext | HiddenInt | HiddenFloat)


def reveal(value: Scalar) -> Scalar:
    """Return what a hidden value is."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case HiddenInt():
            return int(value)
        case HiddenFloat():
            return float(value)
    return value


def plain(node: Node) -> Any:  # noqa: ANN401 - the point is to forget the types
    """Return the bare value, without origins. Secrets are bare, too: for what is shown there is :func:`displayed`."""
    value = node.value
    if isinstance(value, Mapping):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, tuple):
        return [plain(child) for child in value]
    return reveal(value)


def displayed(node: Node) -> Any:  # noqa: ANN401
    """Return the bare value for people: secrets hidden, everything else as Ansible reads it."""
    value = node.value
    if isinstance(value, Mapping):
        return {_displayed_key(key): displayed(child) for key, child in value.items()}
    if isinstance(value, tuple):
        return [displayed(child) for child in value]
    if is_hidden(value):
        return HIDDEN
    if isinstance(value, AmbiguousScalar):
        return value.read_as
    return str(value) if isinstance(value, str) else value


def _displayed_key(key: str) -> str:
    return str(key.read_as if isinstance(key, AmbiguousScalar) else key)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it."""
    yield node
    if isinstance(node.value, dict):
        for child in node.value.values():
            yield from walk(child)
    elif isinstance(node.value, tuple):
        for child in node.value:
            yield from walk(child)


def describe(value: object) -> str:
    """Return a value as a person would call it in a message, at most a few words long."""
    if isinstance(value, Node):
        value = value.value
    if is_hidden(value):
        return "a hidden value"
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            text = f"the number {value}" if abs(value) < 10**30 else "a very large number"
        case str():
            text = repr(value)
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return "a hidden value"
    return text if len(text) <= 60 else text[:57] + "..."
