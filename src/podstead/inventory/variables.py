"""Variables: group_vars/ and host_vars/ files, and ``-e`` on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from podstead.errors import InputError, Problem
from podstead.inventory.connection import hide
from podstead.nodes import Node, Origin, Value, shown
from podstead.yamldoc import collecting, parse, read

_SUFFIXES = (".yml", ".yaml", ".json")


def assignment(key: str, text: str, origin: Origin) -> Node:
    """Read the text of key=value: words for a connection variable, else YAML. Raises InputError."""
    if key.startswith("ansible_"):
        return Node(text, origin)
    try:
        return relabel(parse(text, origin.file), origin)
    except InputError as error:
        raise InputError(replace(one, where=origin.where, key=key) for one in error.problems) from error


def relabel(node: Node, origin: Origin) -> Node:
    """Give a whole tree one origin."""
    value: Value = node.value
    if isinstance(value, Mapping):
        value = {key: relabel(child, origin) for key, child in value.items()}
    elif isinstance(value, tuple):
        value = tuple(relabel(child, origin) for child in value)
    return Node(value, origin)


def extra(arguments: Sequence[str], problems: list[Problem]) -> list[Node]:
    """Read ``-e`` arguments: key=value, ``{...}``, or ``@file``."""
    trees = []
    for number, argument in enumerate(arguments, start=1):
        origin = Origin(f"-e #{number}")
        text = argument.strip()
        with collecting(problems):
            if text.startswith("@"):
                tree = read(Path(text[1:]).expanduser())
            elif text.startswith("{"):
                tree = relabel(parse(text, origin.file), origin)
            else:
                key, equals, rest = text.partition("=")
                if not equals or not key.strip():
                    raise InputError.one("expected key=value, {key: value} or @file", where=origin.where)
                tree = Node({key.strip(): assignment(key.strip(), rest, origin)}, origin)
            trees.append(_checked(tree))
    return trees


def _checked(tree: Node) -> Node:
    if tree.value is not None and not isinstance(tree.value, Mapping):
        raise InputError.one(f"expected a mapping of variables, found {shown(tree)}", where=tree.origin.where)
    return hide(tree)


class VarsFolder:
    """``group_vars`` or ``host_vars`` beside an inventory: files NAME.yml and folders NAME/*.yml."""

    def __init__(self, folder: Path, problems: list[Problem]) -> None:
        self._problems = problems
        self._files: dict[str, list[Path]] = {}
        for entry in _listing(folder, problems):
            if entry.suffix in _SUFFIXES and entry.is_file():
                self._files.setdefault(entry.name.removesuffix(entry.suffix), []).append(entry)
            elif entry.is_dir():
                files = [
                    one for one in _listing(entry, problems) if one.suffix in _SUFFIXES and one.is_file()
                ]
                self._files.setdefault(entry.name, []).extend(files)
            elif entry.is_file() and not entry.suffix:
                self._files.setdefault(entry.name, []).append(entry)

    def trees(self, name: str) -> Iterator[Node]:
        """Read the files of one group or host."""
        for path in self._files.get(name, ()):
            with collecting(self._problems):
                tree = _checked(read(path))
                if tree.entries:
                    yield tree


def _listing(folder: Path, problems: list[Problem]) -> list[Path]:
    try:
        return sorted(
            entry for entry in folder.iterdir() if not entry.name.startswith(".") and entry.name[-1] != "~"
        )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        problems.append(Problem(where=str(folder), message=f"cannot be read: {error.strerror}"))
        return []
