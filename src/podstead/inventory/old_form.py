"""Before 0.2 the keys of the host document stood among the variables: one hint for who still writes them there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from podstead.document.layers import DOCUMENT
from podstead.document.validate import validate
from podstead.document.values import Node, displayed, is_template
from podstead.document.yaml_document import parse
from podstead.errors import InputError, Problem
from podstead.inventory.variables import DOCUMENT_KEYS, relabel
from podstead.plural import agree, counted

_LONG: Final = 60


def hints(trees: Iterable[Node], extras: Iterable[Node]) -> list[Problem]:
    """Return a warning for the first place with a key of the old form, and one for ``-e``.

    Such a name may as well be another tool's variable. So all of them in one place must be mappings (``roles``: a list), one
    must hold what a host document may hold, some place must name users, and an inventory in which ``podstead`` stands anywhere
    is written by somebody who knows.
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
    others = len(found) - 1
    more = f" ({counted(others, 'more place')} {agree(others, 'is', 'are')} like this)" if others else ""
    return [
        Problem(
            where=next(iter(first.values())).origin.where,
            key=", ".join(first),
            message=f"not read: the host document stands under the key {DOCUMENT!r}{more}; "
            f"write {(form or _form(first)).format(key=DOCUMENT, text=_text(first))}",
        )
    ]


def _form(first: dict[str, Node]) -> str:
    """As the file has it: an INI inventory has no mappings over several lines, and quotation marks around one with blanks."""
    return '{key}="{{{text}}}"' if _is_ini(next(iter(first.values()))) else "{key}: {{{text}}}"


def _is_ini(node: Node) -> bool:
    path = Path(node.origin.file)
    return path.suffix in ("", ".ini") and not {"group_vars", "host_vars"} & set(path.parts)


def _names_users(tree: Node) -> bool:
    users = _old_keys(tree).get("users")
    return users is not None and bool(users.entries) and _is_good("users", users)


def _old_keys(tree: Node) -> dict[str, Node]:
    """Return the entries of one place that look like a host document: a mistake in one of them is for later."""
    found = {key: _as_yaml(node) for key, node in tree.entries.items() if key in DOCUMENT_KEYS}
    if not all(_has_form(key, node) for key, node in found.items()):
        return {}
    good = [node for key, node in found.items() if _is_good(key, node)]
    return found if any(node.entries or node.items for node in good) else {}


def _as_yaml(node: Node) -> Node:
    """Read what an INI inventory has as text: before 0.2 it was YAML there (``users={alice: {}}``)."""
    value = node.value
    if not isinstance(value, str) or value[:1] not in ("{", "[") or is_template(value) or not _is_ini(node):
        return node
    try:
        return relabel(parse(value, node.origin.file), node.origin)
    except InputError:
        return node


def _has_form(key: str, node: Node) -> bool:
    expected = tuple if key == "roles" else Mapping
    return node.value is None or isinstance(node.value, expected)


def _is_good(key: str, node: Node) -> bool:
    return not validate(Node({key: node}, node.origin), fragment=True)[1]


def _text(found: dict[str, Node]) -> str:
    """As it may be written in one line: whole where it is short."""
    flow = yaml.safe_dump(displayed(Node(dict(found), next(iter(found.values())).origin)), default_flow_style=True,
                          width=2**31, sort_keys=False, allow_unicode=True)  # fmt: skip
    text = str(flow).strip().removeprefix("{").removesuffix("}")
    return (
        text
        if len(text) <= _LONG and not {"'", '"'} & set(text)
        else ", ".join(f"{key}: ..." for key in found)
    )
