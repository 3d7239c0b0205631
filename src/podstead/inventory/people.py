"""For whom a host is prepared, where that is said beside its document: ``--for``, or the person who logs in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from podstead.document.layers import EMPTY, below_document
from podstead.document.validate import validate
from podstead.document.values import Node, Origin
from podstead.errors import InputError, Problem
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
        raise InputError(list(wrong_names(names, origin)) or map(below_document, problems))
    return replace(host, spec=spec, tree=tree)


def wrong_names(names: Iterable[str], origin: Origin) -> Iterator[Problem]:
    """Yield why a name cannot be that of a user, as ``--for 'a b': ...`` where ``origin`` is ``--for``."""
    for name in names:
        if not name:  # an empty variable of a script
            yield Problem(where=origin.where, message="is empty")
            continue
        entry = Node({"users": Node({name: Node({}, origin)}, origin)}, origin)
        for problem in validate(entry)[1]:
            yield Problem(where=f"{origin.where} {name!r}", message=problem.message)
