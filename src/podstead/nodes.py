"""Values that know where they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from pydantic import SecretStr


class Origin(NamedTuple):
    """Where a value was written; line 0 means the source as a whole."""

    file: str
    line: int = 0

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


Scalar: TypeAlias = str | int | float | bool | SecretStr | None
Value: TypeAlias = "Scalar | tuple[Node, ...] | Mapping[str, Node]"


@dataclass(frozen=True, slots=True)
class Node:
    """A value, where it came from, and whom it replaced (the latest first)."""

    value: Value
    origin: Origin
    replaced: tuple[Origin, ...] = ()

    @property
    def entries(self) -> Mapping[str, Node]:
        """The entries of a mapping; nothing for any other value."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a list; nothing for any other value."""
        return self.value if isinstance(self.value, tuple) else ()


def plain(node: Node) -> Any:  # noqa: ANN401 - the point is to forget the types
    """Return the bare value, without origins."""
    value = node.value
    if isinstance(value, Mapping):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, tuple):
        return [plain(child) for child in value]
    return value


def shown(value: object) -> str:
    """Return a value as a person would call it in a message, at most a few words long."""
    if isinstance(value, Node):
        value = value.value
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
