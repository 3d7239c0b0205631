"""Which variable wins: Ansible's order of inventory variables, for everything that is not the host document.

Lowest first: ``all`` in the inventory, the other groups in the inventory (parents before children, then by
``ansible_group_priority``, then by name), group_vars of ``all``, group_vars of the other groups beside the first source, then
beside the next, the host in the inventory, host_vars, ``-e`` (Ansible's documentation, "Understanding variable precedence", and its VARIABLE_PRECEDENCE setting). A variable is
replaced as a whole; nothing is merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from podstead.document.layers import overlay_one
from podstead.document.values import Node
from podstead.inventory.groups import Group, HostVariables


def group_trees(groups: Iterable[Group]) -> Iterator[Node]:
    """Yield the trees of the groups of a host (``all`` first), the lowest first."""
    everything, *others = groups
    yield from everything.inline
    for group in others:
        yield from group.inline
    yield from everything.files
    # folder by folder: a parent's file beside a later source wins over a child's file beside an earlier one
    for number in sorted({number for group in others for number in group.in_files}):
        for group in others:
            yield from group.in_files.get(number, ())


def host_trees(host: HostVariables) -> Iterator[Node]:
    """Yield the trees of a host itself, the lowest first."""
    yield from host.inline
    yield from host.files


def combined(variables: Iterable[Mapping[str, Node]]) -> dict[str, Node]:
    """Put variables over each other; each remembers what it replaced."""
    found: dict[str, Node] = {}
    for tree in variables:
        for key, node in tree.items():
            below = found.get(key)
            found[key] = node if below is None else overlay_one(below, node)
    return found
