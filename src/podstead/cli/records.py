"""Options that belong together, and the typed record that a command gets of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
"""What adds an option to the function of a command."""


def stack(*decorators: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which help lists them."""

    def apply(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


@dataclass(frozen=True, slots=True)
class Group:
    """A decorator: options that a command gets as one typed record, its argument ``name``.

    Each option is a field of the record; a field with a default needs none.
    """

    name: str
    cls: type[Any]
    options: Decorator

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        names = [field.name for field in fields(self.cls)]

        @wraps(function)  # with the options that click has noted on it so far
        def command(**arguments: object) -> object:
            values = {name: arguments.pop(name) for name in names if name in arguments}
            return function(**arguments, **{self.name: self.cls(**values)})

        return self.options(command)


def record(name: str, cls: type[Any], *options: Decorator) -> Group:
    """Options as one record, in the order in which help lists them."""
    return Group(name, cls, stack(*options))
