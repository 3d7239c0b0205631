"""Values of INI inventories: Ansible reads them as Python literals, and as text where they are none."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping

from podstead.document.values import Literal, Node, Origin, Value

_NESTING = 64


def read(text: str, origin: Origin) -> Node:
    """Return what Ansible reads: ``8080`` is a number, ``True`` a truth value, ``[1, 2]`` a list, ``true`` is text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        found = text
    return _node(found, origin, 0) or Node(text, origin)


def connection(text: str, origin: Origin) -> Node:
    """A connection variable keeps its text: ``ansible_user=0042`` names a user. A listing shows what Ansible reads."""
    quoted = read(text, origin).value if text[:1] in "\"'" else None
    return Node(Literal(quoted if isinstance(quoted, str) else text), origin)


def _node(found: object, origin: Origin, depth: int) -> Node | None:
    value: Value
    if isinstance(found, Mapping):
        value = {str(key): node for key, child in found.items() if (node := _node(child, origin, depth + 1))}
    elif isinstance(found, list | tuple | set | frozenset):
        value = tuple(node for child in found if (node := _node(child, origin, depth + 1)))
    elif found is None or isinstance(found, str | int | float | bool):
        value = found
    else:
        value = found.decode(errors="replace") if isinstance(found, bytes) else str(found)
    return Node(value, origin) if depth < _NESTING else None
