"""For whom a host is prepared, where that is said beside its document: ``--for``, or the person who logs in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from podstead.document.layers import EMPTY
from podstead.document.validate import validate
from podstead.document.values import Node, Origin
from podstead.errors import InputError
from podstead.inventory.resolve import ResolvedHost


def for_users(host: ResolvedHost, names: Sequence[str], origin: Origin) -> ResolvedHost:
    """Return the host with these users and no others; what its document says of one of them stays.

    Raises InputError, with ``origin`` as the place, for what cannot be a user.
    """
    known = host.tree.entries.get("users", EMPTY).entries
    users = {name: known.get(name, Node({}, origin)) for name in dict.fromkeys(names)}
    tree = Node({**host.tree.entries, "users": Node(users, origin)}, host.tree.origin, host.tree.replaced)
    spec, problems = validate(tree)
    if spec is None or problems:
        raise InputError(problems)
    return replace(host, spec=spec, tree=tree)
