"""Settings as files give them: ``podstead.toml``, ``[tool.podstead]`` of ``pyproject.toml``, and line numbers in both."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from podstead.control.setting_table import CONFIG, SETTINGS, Setting, fault_in
from podstead.errors import Problem
from podstead.suggest import did_you_mean

_AT_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)| \(at end of document\)")
_TABLE: Final = ("tool", "podstead")


@dataclass(slots=True)
class FileSettings:
    """What the files say: the name of a setting -> its value and ``FILE:LINE``."""

    values: dict[str, tuple[Any, str]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read(folder: Path, named: str, problems: list[Problem]) -> FileSettings:
    """Read the file that ``PODSTEAD_CONFIG`` names, and no other; else the two of the folder."""
    found = FileSettings()
    if named:
        path = folder / _expanded(named)
        if _exists(path):
            _add(found, path, problems)
        else:
            problems.append(Problem(where=CONFIG, message=f"there is no file {named!r}"))
        return found
    for path in (folder / "podstead.toml", folder / "pyproject.toml"):
        if not _exists(path):
            continue
        reason = _distrust(path)
        if reason:
            if _mentions_podstead(path):
                warning = f"{path.name} is ignored because {reason}; to have it read, name it in {CONFIG}"
                found.warnings += (warning,)
            continue
        _add(found, path, problems)
    return found


def _expanded(name: str) -> str:
    return os.path.expanduser(name)  # noqa: PTH111 - Path's own raises for a user that there is not


def _exists(path: Path) -> bool:
    """A folder that may not be searched (sudo -u alice, called in /root) has no settings; it is no error."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def _distrust(path: Path) -> str:
    """Why a file may not decide which key and which hosts are used, and which inventory scripts are run; else nothing.

    In a folder like /tmp it is a file of anybody's, as Ansible has it. Root does not go by one of a user who has not called sudo.
    """
    if path.parent.stat().st_mode & stat.S_IWOTH:
        return f"every user may write to {path.parent.resolve()}"
    owner = path.stat().st_uid
    if os.geteuid() == 0 and owner not in (0, _caller()):
        return f"it belongs to UID {owner}, and root runs podstead"
    return ""


def _caller() -> int:
    """The UID of who called sudo; root's where it was root."""
    text = os.environ.get("SUDO_UID") or ""
    return int(text) if text.isascii() and text.isdecimal() else 0


def _mentions_podstead(path: Path) -> bool:
    """Whether something is lost by not reading a file: most pyproject.toml have nothing to do with podstead."""
    try:
        return path.name == "podstead.toml" or b"podstead" in path.read_bytes()
    except OSError:
        return True


def _add(found: FileSettings, path: Path, problems: list[Problem]) -> None:
    """Add what a file says; what an earlier file has said stays."""
    where = _TABLE if path.name == "pyproject.toml" else ()
    try:
        text = path.read_bytes().decode("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        problems.append(Problem(where=str(path), message=f"cannot be read: {error.strerror}"))
        return
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        problems.append(Problem(where=f"{path}:{line}", message="is not UTF-8"))
        return
    except tomllib.TOMLDecodeError as error:
        problems.append(_not_toml(path, text, str(error)))
        return
    table = _table(document, where)
    if table is None:
        return
    found.files += (str(path),)
    for key, value in table.items():
        place = f"{path}:{line_of(text, (*where, key))}"
        setting = SETTINGS.get(key)
        if setting is None:
            message = f"there is no such setting{did_you_mean(key, SETTINGS)}"
            problems.append(Problem(where=place, key=key, message=message))
            continue
        value = [value] if setting.is_list and isinstance(value, str) else value  # noqa: PLW2901
        message = fault_in(setting, value)
        if message:
            problems.append(Problem(where=place, key=key, message=message))
        elif key not in found.values:
            found.values[key] = (_rooted(setting, value, path.parent), place)


def _not_toml(path: Path, text: str, message: str) -> Problem:
    match = _AT_LINE.search(message)
    line = int(match[1]) if match and match[1] else text.rstrip().count("\n") + 1
    return Problem(where=f"{path}:{line}", message=f"is not TOML: {_AT_LINE.sub('', message)}")


def _table(document: Mapping[str, Any], where: tuple[str, ...]) -> Mapping[str, Any] | None:
    table: Any = document
    for key in where:
        if not isinstance(table, dict) or key not in table:
            return None
        table = table[key]
    return table if isinstance(table, dict) else {"tool.podstead": table}


def _rooted(setting: Setting, value: Any, folder: Path) -> Any:  # noqa: ANN401 - a setting may be of several types
    """Make paths relative to the file that they are written in, wherever podstead is called."""
    if setting.kind == "path":
        return str(folder / _expanded(value))
    if setting.kind == "paths":
        return [str(folder / _expanded(path)) for path in value]
    if setting.kind == "sources":
        return [
            source if "," in source or source.startswith("@") else str(folder / _expanded(source))
            for source in value
        ]
    return value


def line_of(text: str, key: tuple[str, ...]) -> int:
    """Return the line on which a key is written.

    tomllib tells no positions, but it can be asked: the first statement after which the document has the key.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if key[-1] not in line or _has("\n".join(lines[:number]), key) is not False:
            continue
        for end in range(number + 1, len(lines) + 1):
            has = _has("\n".join(lines[:end]), key)
            if has:
                return number + 1
            if has is False:
                break
    return 1


def _has(text: str, key: tuple[str, ...]) -> bool | None:
    """Whether a document has a key; None where the text ends in the middle of a statement."""
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    for part in key:
        if not isinstance(table, dict) or part not in table:
            return False
        table = table[part]
    return True
