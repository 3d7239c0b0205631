"""The one place where text becomes shell. Everything else passes values."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def word(text: str) -> str:
    """Quote one word for POSIX sh. Raises ValueError for a NUL byte, which no shell can carry."""
    if "\0" in text:
        raise ValueError("a NUL byte cannot be passed to a shell")
    return shlex.quote(text)


def command(*words: str) -> str:
    """One command line of quoted words."""
    return " ".join(word(text) for text in words)


def assign(name: str, value: str) -> str:
    """A variable assignment. ``name`` comes from podstead's own source, ``value`` from anywhere."""
    if not name.isidentifier():
        raise ValueError(f"not a name of a shell variable: {name!r}")
    return f"{name}={word(value)}"


def names(values: Iterable[str]) -> str:
    r"""A list for unquoted expansion: names without blanks, quotes or pattern characters, or ValueError.

    A backslash (``DOMAIN\\user``) stands for itself only where the shell has ``set -f``.
    """
    listed = list(values)
    for name in listed:
        if not name or not all(char.isascii() and (char.isalnum() or char in "._/@+-$\\") for char in name):
            raise ValueError(f"not a plain name: {name!r}")
    return " ".join(listed)
