"""podstead roles"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from podstead.cli import shell_completion
from podstead.cli.setting_options import setting
from podstead.document.layers import is_whole
from podstead.document.roles import Role, RoleLibrary, builtin_roles, must_be_folders
from podstead.document.values import Node, displayed
from podstead.errors import InputError, Problem
from podstead.inventory.load import places
from podstead.printable import printable
from podstead.suggest import did_you_mean


@click.command("roles")
@click.argument("name", required=False, shell_complete=shell_completion.roles)
@setting(
    "inventory",
    "-i",
    "--inventory",
    "sources",
    metavar="PATH",
    help="Also list the roles beside this inventory. Repeatable.",
)
@setting(
    "roles_path", "--roles-path", metavar="DIR", help="Folder in which to look for roles first. Repeatable."
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, name: str | None, sources: tuple[str, ...], roles_path: tuple[str, ...], output: str) -> int:
    """List the available roles, with their keys; with NAME, one role."""
    folders = [folder / "roles" for folder in places(sources)]
    problems: list[Problem] = []
    chosen = [Path(folder) for folder in roles_path]
    must_be_folders(chosen)
    role_library = RoleLibrary(folders, chosen=chosen)
    if name and name not in role_library.known():
        raise InputError.single(
            f"there is no role {name!r}{did_you_mean(name, role_library.known())}", where="NAME"
        )
    found = [
        role
        for role_name in ((name,) if name else role_library.known())
        if (role := role_library.role(role_name, problems))
    ]
    if problems:
        raise InputError(problems)
    if output == "json":
        document = {"schema": "podstead.roles/1", "roles": [_document(role) for role in found]}
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo(printable("\n\n".join("\n".join(_lines(role)) for role in found)))
    return 0


def _lines(role: Role) -> Iterator[str]:
    yield f"{role.name}  ({_place(role)})"
    about = _about(role)
    if about:
        yield f"  {about}"
    if role.needs:
        yield f"  needs {', '.join(str(need.value) for need in role.needs)}"
    for key, value in _keys(role.tree, ()):
        yield f"  {key}: {json.dumps(displayed(value), ensure_ascii=False)}"
    for tag, parts in role.tags.items():
        yield f"  tag {tag}: {', '.join(parts)}"


def _document(role: Role) -> dict[str, Any]:
    return {
        "name": role.name,
        "path": str(role.path),
        "built_in": role.path.parent.parent == builtin_roles(),
        "about": _about(role),
        "needs": [str(need.value) for need in role.needs],
        "tags": {tag: list(parts) for tag, parts in role.tags.items()},
        "keys": {key: displayed(value) for key, value in _keys(role.tree, ())},
    }


def _place(role: Role) -> str:
    return "built in" if role.path.parent.parent == builtin_roles() else str(role.path)


def _keys(node: Node, path: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
    """Every key that has a value of its own."""
    if node.entries and not is_whole(path):
        for key, child in node.entries.items():
            yield from _keys(child, (*path, key))
    elif path:
        yield ".".join(path), node


def _about(role: Role) -> str:
    """The first sentence of the role's README: for whom it is."""
    try:
        text = (role.path.parent / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    first = next(
        (paragraph for paragraph in paragraphs if paragraph and not paragraph.startswith(("#", "<", "|"))), ""
    )
    sentence, stop, _ = first.partition(". ")
    return sentence + (stop.strip() or "")
