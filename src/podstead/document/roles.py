"""Roles: named layers in ``roles/<name>/role.yml``, found beside the inventory or built in, or asked for by path."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from podstead.document.layers import EMPTY, Layer, Rank, Stage
from podstead.document.tags import PART_NAMES, part_of
from podstead.document.values import Node, VaultCiphertext, describe, is_hidden, is_template
from podstead.document.yaml_document import collecting, read
from podstead.errors import InputError, Problem
from podstead.suggest import did_you_mean, listed

DEFAULT_ROLE = "rootless-podman"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
OWN_KEYS = ("roles", "tags", "override")
"""Keys of a role.yml besides those of the host document."""


def builtin_roles() -> Path:
    """Return the folder of the built-in roles: in the wheel, or in the checkout of an editable install."""
    from importlib.resources import files  # noqa: PLC0415 - costs time that `--help` does not have

    packaged = Path(str(files("podstead") / "_roles"))
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "roles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role as its file gives it; ``needs`` are the roles that come before it, ``tags`` its own names for parts."""

    name: str
    path: Path
    tree: Node
    needs: tuple[Node, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    override: bool = False


def must_be_folders(folders: Iterable[Path]) -> None:
    """Raise InputError for folders of roles that a person has named and that do not exist: their roles would be passed over."""
    problems = [
        Problem(
            where=str(folder),
            message="is not a folder of roles that can be read"
            if os.path.lexists(folder)
            else "there is no such folder of roles",
        )
        for folder in folders
        if not _is_folder(folder) or not os.access(folder, os.R_OK | os.X_OK)
    ]
    if problems:
        raise InputError(
            problems, hint="correct --roles-path, $PODSTEAD_ROLES_PATH or 'roles_path' in podstead.toml"
        )


class RoleLibrary:
    """The roles that are found on the search path; each file is read once.

    ``chosen`` are folders that the person named: what is in them wins. A role of ``folders`` (beside an inventory) that has
    the name of a built-in one needs ``override: true``.
    """

    def __init__(
        self, folders: Iterable[Path], *, chosen: Iterable[Path] = (), builtin: Path | None = None
    ) -> None:
        self._chosen = tuple(dict.fromkeys(chosen))
        self._folders = tuple(dict.fromkeys(folders))
        self._builtin = builtin or builtin_roles()
        self._read: dict[str, Role | None] = {}
        self._files: set[str] = set()
        self._known: tuple[str, ...] | None = None

    def known(self) -> tuple[str, ...]:
        """Return the names of all roles."""
        if self._known is None:
            everywhere = (*self._chosen, *self._folders, self._builtin)
            found = {path.parent.name for folder in everywhere for path in folder.glob("*/role.yml")}
            self._known = tuple(sorted(found))
        return self._known

    def is_in_role(self, problem: Problem) -> bool:
        """Return whether a problem is in the file of a role, where the keys of the document stand at the top."""
        file, _, line = problem.where.rpartition(":")
        return problem.where in self._files or (line.isdecimal() and file in self._files)

    def role(self, name: str, problems: list[Problem]) -> Role | None:
        """Return a role by its name, if there is one that can be read."""
        return self._role(name, name, None, problems)

    def layers(self, wanted: Sequence[Node], problems: list[Problem]) -> tuple[Layer, ...]:
        """Return the layers of the roles that a ``roles:`` list names, each after those that it needs."""
        layers: dict[str, Layer] = {}
        for node in wanted:
            self._add(node, (), layers, problems)
        return tuple(layers.values())

    def tags(self, layers: Iterable[Layer]) -> dict[str, tuple[str, ...]]:
        """Return the own tags of the roles of these layers; two roles may add to one tag."""
        found: dict[str, tuple[str, ...]] = {}
        for layer in layers:
            role = self._read.get(layer.name)
            for tag, parts in role.tags.items() if role else ():
                found[tag] = tuple(dict.fromkeys((*found.get(tag, ()), *parts)))
        return found

    def _add(
        self, node: Node, chain: tuple[str, ...], layers: dict[str, Layer], problems: list[Problem]
    ) -> None:
        name_or_path = name_in(node)
        if not isinstance(name_or_path, str) or not _could_be_role(name_or_path):
            if is_template(name_or_path):
                message = "templates are not rendered in roles, because roles decide which variables exist"
                problems.append(Problem(where=node.origin.where, key="roles", message=message))
            elif isinstance(name_or_path, VaultCiphertext):
                message = "the name of a role cannot be encrypted by itself: write it in plain text, or encrypt the whole file"
                problems.append(Problem(where=node.origin.where, key="roles", message=message))
            elif chain:  # in a host's own list, validation says so
                problems.append(
                    Problem(
                        where=node.origin.where, key="roles", message=f"{describe(node)} is not a role name"
                    )
                )
            return
        name = _by_path(name_or_path, node) if "/" in name_or_path else name_or_path
        if name in chain:
            circle = " > ".join((*chain[chain.index(name) :], name))
            problems.append(
                Problem(where=node.origin.where, key="roles", message=f"roles need each other: {circle}")
            )
            return
        if name in layers:
            return
        role = self._role(name, name_or_path, node, problems)
        if role is None:
            return
        over: set[str] = set()
        for needed in role.needs:
            self._add(needed, (*chain, name), layers, problems)
            below = _by_path(needed.value, needed) if "/" in str(needed.value) else needed.value
            if isinstance(below, str) and below in layers:
                over |= {below, *layers[below].over}
        layers[name] = Layer(name=name, rank=Rank(Stage.ROLES), tree=role.tree, over=frozenset(over))

    def _role(self, name: str, name_or_path: str, node: Node | None, problems: list[Problem]) -> Role | None:
        if name not in self._read:
            self._read[name] = None
            path = Path(name) / "role.yml" if "/" in name_or_path else self._path(name)
            if path is not None and _is_file(path):
                self._files.add(str(path))
                with collecting(problems):
                    self._read[name] = self._checked(_role(name, path, problems), path, problems)
                return self._read[name]
        if self._read[name] is None and node is not None and name not in self.known():
            problems.append(self._missing(name_or_path, node))
        return self._read[name]

    def _path(self, name: str) -> Path | None:
        places = (folder / name / "role.yml" for folder in (*self._chosen, *self._folders, self._builtin))
        return next((path for path in places if _is_file(path)), None)

    def _checked(self, role: Role, path: Path, problems: list[Problem]) -> Role:
        """A site role must say that it replaces a built-in one."""
        is_site_role = path.parent.parent in self._folders and path.parent.parent not in self._chosen
        if is_site_role and not role.override and _is_file(self._builtin / role.name / "role.yml"):
            message = (
                f"has the name of the built-in role {role.name!r}: set `override: true` in it to replace that role, or "
                "rename it"
            )
            problems.append(Problem(where=str(path), message=message))
        return role

    def _missing(self, name_or_path: str, node: Node) -> Problem:
        if is_hidden(node.value):
            message = f"there is no role with this hidden name; known roles: {listed(self.known())}"
        elif "/" in name_or_path:
            message = f"there is no role at {name_or_path!r}: no role.yml was found there"
        else:
            is_ansible_role = any(
                _is_folder(folder / name_or_path / "tasks") for folder in (*self._chosen, *self._folders)
            )
            why = "; a role is a single role.yml file here, and tasks are not run" if is_ansible_role else ""
            hint = did_you_mean(name_or_path, self.known())
            message = f"there is no role {name_or_path!r}{hint}{why}; known roles: {listed(self.known())}"
        return Problem(where=node.origin.where, key="roles", message=message)


def _by_path(name_or_path: object, node: Node) -> str:
    """A path is relative to the file that names it, or to the current folder on the command line."""
    here = Path(node.origin.file).parent if node.origin.line else Path()
    # pathlib's own raise where there is no such user or where links lead in a circle
    return os.path.realpath(here / os.path.expanduser(str(name_or_path)))  # noqa: PTH111


def name_in(node: Node) -> object:
    """Return the name in an entry of a ``roles:`` list; in a vars file that is encrypted as a whole it is wrapped."""
    return node.value.get_secret_value() if isinstance(node.value, SecretStr) else node.value


def _could_be_role(text: str) -> bool:
    is_path = "/" in text and "\0" not in text and not is_template(text)
    return is_path or bool(_NAME.fullmatch(text))


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - Path's own raises in a folder that one may not enter


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - as above


def _role(name: str, path: Path, problems: list[Problem]) -> Role:
    tree = read(path)
    entries = dict(tree.entries)
    if tree.value is not None and not isinstance(tree.value, dict):
        problems.append(
            Problem(where=tree.origin.where, message=f"a role must be a mapping, found {describe(tree)}")
        )
    for key in [key for key in entries if key.startswith("ansible_")]:
        message = "connection variables are not allowed in a role; set them for hosts or groups"
        problems.append(Problem(where=entries.pop(key).origin.where, key=key, message=message))
    needs = entries.pop("roles", EMPTY)
    if needs is not EMPTY and not isinstance(needs.value, tuple):
        message = f"expected a list, found {describe(needs)}"
        problems.append(Problem(where=needs.origin.where, key="roles", message=message))
    override = entries.pop("override", EMPTY)
    if override is not EMPTY and not isinstance(override.value, bool):
        message = f"expected true or false, found {describe(override)}"
        problems.append(Problem(where=override.origin.where, key="override", message=message))
    return Role(
        name=name,
        path=path,
        tags=_tags(entries.pop("tags", EMPTY), problems),
        tree=Node(entries, tree.origin),
        needs=needs.items,
        override=override.value is True,
    )


def _tags(node: Node, problems: list[Problem]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    if node is not EMPTY and not isinstance(node.value, Mapping):
        message = f"expected a mapping from each tag to a list of parts, found {describe(node)}"
        problems.append(Problem(where=node.origin.where, key="tags", message=message))
    for tag, parts in node.entries.items():
        names = tuple(part.value for part in parts.items if isinstance(part.value, str))
        unknown = next((name for name in names if part_of(name) not in PART_NAMES), None)
        if not names or len(names) < len(parts.items) or unknown:
            hint = did_you_mean(unknown, PART_NAMES) if unknown else ""
            message = f"expected a list of parts ({listed(PART_NAMES)}) or ids of changes, found {describe(unknown or parts)}{hint}"
            problems.append(Problem(where=parts.origin.where, key=f"tags.{tag}", message=message))
        elif tag in PART_NAMES:
            problems.append(Problem(where=parts.origin.where, key=f"tags.{tag}", message="is already a part"))
        else:
            found[tag] = names
    return found
