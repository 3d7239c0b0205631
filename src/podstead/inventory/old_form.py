"""Before 0.2 the keys of the host document stood among the variables: one hint for who still writes them there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import yaml

from podstead.document.layers import DOCUMENT
from podstead.document.validate import validate
from podstead.document.values import Node, displayed
from podstead.errors import Problem
from podstead.inventory.variables import DOCUMENT_KEYS

_LONG: Final = 60


def hints(trees: Iterable[Node], extras: Iterable[Node]) -> list[Problem]:
    """Return a warning for the first place with a key of the old form, and one for ``-e``.

    Such a name may as well be another tool's variable. So it must hold what a host document may hold, some place must name
    users, and an inventory in which ``podstead`` stands anywhere is written by somebody who knows.
    """
    places = list({id(tree): tree for tree in trees}.values())
    if any(DOCUMENT in tree.entries for tree in places) or not any(map(_names_users, places)):
        places = []
    return [*_warning(places, ""), *_warning(list(extras), "-e '{key}={{{text}}}'")]


def _warning(places: Sequence[Node], form: str) -> list[Problem]:
    found = [keys for tree in places if (keys := _old_keys(tree))]
    if not found:
        return []
    first = found[0]
    more = {1: "", 2: " (1 more place is like this)"}.get(
        len(found), f" ({len(found) - 1} more places are like this)"
    )
    return [
        Problem(
            where=next(iter(first.values())).origin.where,
            key=", ".join(first),
            message=f"not read: the host document stands under the key {DOCUMENT!r}{more}; "
            f"write {(form or _form(first)).format(key=DOCUMENT, text=_text(first))}",
        )
    ]


def _form(first: dict[str, Node]) -> str:
    """As the file has it: an INI inventory has no mappings over several lines."""
    path = Path(next(iter(first.values())).origin.file)
    is_ini = path.suffix in ("", ".ini") and not {"group_vars", "host_vars"} & set(path.parts)
    return "{key}={{{text}}}" if is_ini else "{key}: {{{text}}}"


def _names_users(tree: Node) -> bool:
    return bool(tree.entries["users"].entries) if "users" in _old_keys(tree) else False


def _old_keys(tree: Node) -> dict[str, Node]:
    """Return the entries of one place that would be a good host document, if all of them are."""
    found = {key: node for key, node in tree.entries.items() if key in DOCUMENT_KEYS}
    if not found or not any(node.entries or node.items for node in found.values()):
        return {}
    return {} if validate(Node(found, tree.origin), fragment=True)[1] else found


def _text(found: dict[str, Node]) -> str:
    """As it may be written in one line: whole where it is short."""
    flow = yaml.safe_dump(displayed(Node(dict(found), next(iter(found.values())).origin)), default_flow_style=True,
                          width=2**31, sort_keys=False, allow_unicode=True)  # fmt: skip
    text = str(flow).strip().removeprefix("{").removesuffix("}")
    return text if len(text) <= _LONG and "'" not in text else ", ".join(f"{key}: ..." for key in found)
