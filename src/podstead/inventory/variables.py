"""Variables: group_vars/ and host_vars/ files, and ``-e`` on the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from podstead.document.layers import DOCUMENT
from podstead.document.spec import HostSpec
from podstead.document.values import Node, Origin, Value, describe
from podstead.document.yaml_document import collecting, parse, read_text
from podstead.errors import InputError, Problem
from podstead.inventory import literal
from podstead.inventory.connection import hide
from podstead.inventory.vault import Vault, is_encrypted

DOCUMENT_KEYS: Final = frozenset(HostSpec.model_fields)
_PAIR: Final = re.compile(r"[A-Za-z_]\w*=")
_WORD: Final = re.compile(r"""(?:\{\{.*?\}\}|'[^']*'|"[^"]*"|[^\s'"])+""", re.DOTALL)
_SUFFIXES: Final = ("", ".yml", ".yaml", ".json")


def assignment(key: str, text: str, origin: Origin) -> Node:
    """Read the text of key=value in an INI inventory: YAML for the host document, else as Ansible does."""
    if key.startswith("ansible_"):
        return literal.connection(text, origin)
    if key != DOCUMENT:
        return literal.read(text, origin)
    return _yaml(key, _unquoted(text), origin)


def _unquoted(text: str) -> str:
    """Take off one pair of quotation marks around the whole of a text."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _yaml(key: str, text: str, origin: Origin) -> Node:
    try:
        return relabel(parse(text, origin.file), origin)
    except InputError as error:
        raise InputError(
            replace(problem, where=origin.where, key=key) for problem in error.problems
        ) from error


def relabel(node: Node, origin: Origin) -> Node:
    """Give a whole tree one origin."""
    value: Value = node.value
    if isinstance(value, Mapping):
        value = {key: relabel(child, origin) for key, child in value.items()}
    elif isinstance(value, tuple):
        value = tuple(relabel(child, origin) for child in value)
    return Node(value, origin)


def extra(arguments: Sequence[str], problems: list[Problem], vault: Vault) -> list[Node]:
    """Read ``-e`` arguments: key=value (several in one argument, as Ansible takes them), ``{...}``, or ``@file``."""
    trees = []
    for number, argument in enumerate(arguments, start=1):
        origin = Origin(f"-e #{number}")
        text = argument.strip()
        with collecting(problems):
            if text.startswith("@"):
                # Path.expanduser raises for a user that there is not
                trees.append(read_variables(Path(os.path.expanduser(text[1:])), vault))  # noqa: PTH111
            elif text.startswith("{"):
                trees.append(_checked(relabel(parse(text, origin.file), origin)))
            else:
                pairs = {key: _parsed(key, value, origin) for key, value in _pairs(text, origin)}
                trees.append(_checked(Node(pairs, origin)))
    return trees


def _pairs(text: str, origin: Origin) -> list[tuple[str, str]]:
    """``a=1 b='two words'`` is two; ``users={alice: {}, bob: {}}`` is one, because not every word is key=value."""
    # as in Ansible a backslash is a backslash, and the blanks of a template part no words
    words = [] if _WORD.sub("", text).strip() else _WORD.findall(text)
    if len(words) > 1 and all(_PAIR.match(word) for word in words):
        return [(key, _unquoted(value)) for word in words for key, _, value in [word.partition("=")]]
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError.single("expected key=value, {key: value} or @file", where=origin.where)
    return [(key.strip(), _unquoted(value.strip()))]


def _parsed(key: str, text: str, origin: Origin) -> Node:
    if not key.isidentifier():
        first, _, path = key.removeprefix(f"{DOCUMENT}.").partition(".")
        nested = path.replace(".", ": {") + f": {text or '...'}" + "}" * path.count(".")
        suggestion = (
            f"{DOCUMENT}={{{first}: {{{nested}}}}}" if first in DOCUMENT_KEYS else f"{first}={{{nested}}}"
        )
        inside = f"; write -e '{suggestion}'" if path else ""
        raise InputError.single(f"this is not a valid variable name{inside}", where=origin.where, key=key)
    # to YAML what starts with {{ would be a mapping in a mapping
    is_text = key.startswith("ansible_") or text.startswith(("{{", "{%", "{#"))
    return Node(text, origin) if is_text else _yaml(key, text, origin)


def read_variables(path: Path, vault: Vault) -> Node:
    """Read a file of variables; all text of one that is encrypted as a suggestion is secret. Raises InputError."""
    text = read_text(path)
    if not is_encrypted(text):
        return _checked(parse(text, str(path)))
    plaintext = vault.open(text, Origin(str(path)))
    try:
        return _secret(_checked(parse(plaintext, str(path))))
    except InputError as error:
        # the messages of the parser may hold words of the text
        message = "its decrypted content is not YAML with variables; check it with `ansible-vault view`"
        raise InputError.single(message, where=str(path)) from error


def _secret(node: Node) -> Node:
    value = node.value
    if isinstance(value, Mapping):
        return Node({key: _secret(child) for key, child in value.items()}, node.origin)
    if isinstance(value, tuple):
        return Node(tuple(map(_secret, value)), node.origin)
    return Node(SecretStr(value), node.origin) if isinstance(value, str) else node


def _checked(tree: Node) -> Node:
    if tree.value is not None and not isinstance(tree.value, Mapping):
        raise InputError.single(
            f"expected a mapping of variables, found {describe(tree)}", where=tree.origin.where
        )
    return hide(tree)


class VarsFolder:
    """``group_vars`` or ``host_vars`` beside an inventory: a file NAME, NAME.yml and so on, or a folder NAME."""

    def __init__(self, folder: Path, problems: list[Problem], vault: Vault) -> None:
        self._folder = folder
        self._problems = problems
        self._vault = vault
        self._entries = dict(_listing(folder, problems))

    def trees(self, name: str) -> Iterator[Node]:
        """Read the files of one group or host."""
        found = [name + suffix for suffix in _SUFFIXES if name + suffix in self._entries]
        if len(found) > 1:
            message = f"exists beside {found[0]}, and Ansible reads only that one: keep one of them"
            self._problems.append(Problem(where=str(self._folder / found[1]), message=message))
        for path in self._files(found[0]) if found else ():
            with collecting(self._problems):
                tree = read_variables(path, self._vault)
                if tree.entries:
                    yield tree

    def _files(self, name: str) -> Iterator[Path]:
        path = self._folder / name
        if self._entries[name]:
            yield from _below(path, self._problems)
        else:
            yield path


def _below(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    """All files of variables in a folder and in the folders in it, by name."""
    for name, is_folder in _listing(folder, problems):
        suffix = os.path.splitext(name)[1]  # noqa: PTH122 - a Path would be made for each of thousands
        if is_folder and not suffix:
            yield from _below(folder / name, problems)
        elif not is_folder and suffix in _SUFFIXES:
            yield folder / name


def _listing(folder: Path, problems: list[Problem]) -> list[tuple[str, bool]]:
    """Names in a folder, and whether each is a folder; nothing hidden, no backups."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (entry.name, entry.is_dir())
                for entry in entries
                if not entry.name.startswith(".") and not entry.name.endswith("~")
            )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        problems.append(Problem(where=str(folder), message=f"cannot be read: {error.strerror}"))
        return []
