"""Roles: named layers in ``roles/<name>/role.yml``, found beside the inventory or built in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from podstead.errors import Problem
from podstead.layers import EMPTY, Layer, Rank, Stage
from podstead.nodes import Node, shown
from podstead.suggest import did_you_mean, listed
from podstead.yamldoc import collecting, read

DEFAULT_ROLE = "rootless-podman"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def builtin_roles() -> Path:
    """Return the folder of the built-in roles: in the wheel, or in the checkout of an editable install."""
    from importlib.resources import files  # noqa: PLC0415 - costs time that `--help` does not have

    packaged = Path(str(files("podstead") / "_roles"))
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "roles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role as its file gives it; ``needs`` are the roles that come before it."""

    name: str
    tree: Node
    needs: tuple[Node, ...]


class Shelf:
    """The roles that can be had; each file is read once."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(dict.fromkeys(folders))
        self._read: dict[str, Role | None] = {}
        self._known: tuple[str, ...] | None = None

    def known(self) -> tuple[str, ...]:
        """Return the names of all roles."""
        if self._known is None:
            found = {path.parent.name for folder in self._folders for path in folder.glob("*/role.yml")}
            self._known = tuple(sorted(found))
        return self._known

    def layers(self, wanted: Sequence[Node], problems: list[Problem]) -> tuple[Layer, ...]:
        """Return the layers of the roles that a ``roles:`` list names, each after those that it needs."""
        layers: dict[str, Layer] = {}
        for node in wanted:
            self._add(node, (), layers, problems)
        return tuple(layers.values())

    def _add(
        self, node: Node, chain: tuple[str, ...], layers: dict[str, Layer], problems: list[Problem]
    ) -> None:
        name = node.value
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            if chain:  # in a host's own list, validation says so
                problems.append(
                    Problem(where=node.origin.where, key="roles", message=f"{shown(node)} is no role name")
                )
            return
        if name in chain:
            circle = " > ".join((*chain[chain.index(name) :], name))
            problems.append(
                Problem(where=node.origin.where, key="roles", message=f"roles need each other: {circle}")
            )
            return
        if name in layers:
            return
        role = self._role(name, node, problems)
        if role is None:
            return
        over: set[str] = set()
        for needed in role.needs:
            self._add(needed, (*chain, name), layers, problems)
            if isinstance(needed.value, str) and needed.value in layers:
                over |= {needed.value, *layers[needed.value].over}
        layers[name] = Layer(name=name, rank=Rank(Stage.ROLES), tree=role.tree, over=frozenset(over))

    def _role(self, name: str, asked: Node, problems: list[Problem]) -> Role | None:
        if name not in self._read:
            self._read[name] = None
            path = next(
                (path for folder in self._folders if (path := folder / name / "role.yml").is_file()), None
            )
            if path is not None:
                with collecting(problems):
                    self._read[name] = _role(name, read(path), problems)
                return self._read[name]
        if self._read[name] is None and name not in self.known():
            foreign = any((folder / name / "tasks").is_dir() for folder in self._folders)
            why = "; a role here is one role.yml, tasks are not run" if foreign else ""
            hint = did_you_mean(name, self.known())
            message = f"there is no role {name!r}{hint}{why}; known roles: {listed(self.known())}"
            problems.append(Problem(where=asked.origin.where, key="roles", message=message))
        return self._read[name]


def _role(name: str, tree: Node, problems: list[Problem]) -> Role:
    entries = dict(tree.entries)
    if tree.value is not None and not isinstance(tree.value, dict):
        problems.append(Problem(where=tree.origin.where, message=f"a role is a mapping, found {shown(tree)}"))
    for key in [key for key in entries if key.startswith("ansible_")]:
        message = "connection variables have no place in a role; give them to hosts or groups"
        problems.append(Problem(where=entries.pop(key).origin.where, key=key, message=message))
    needs = entries.pop("roles", EMPTY)
    if needs is not EMPTY and not isinstance(needs.value, tuple):
        message = f"expected a list, found {shown(needs)}"
        problems.append(Problem(where=needs.origin.where, key="roles", message=message))
    return Role(name=name, tree=Node(entries, tree.origin), needs=needs.items)
