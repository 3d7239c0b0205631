"""Which file and line Podman speaks of, among the files that it reads. Texts in, ``PATH:LINE`` out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: How Podman's parsers name a line: "toml: line 2 (last key ...)", "Near line 2 (last key parsed ...)", "(2, 5): ...".
_LINE = re.compile(r"\b[Ll]ine (\d{1,6})\b|\((\d{1,6}), \d{1,6}\)")
_FILE = re.compile(
    r"/[^\s\"'\\:]{0,300}/(?:storage|containers|registries)\.conf(?:\.d/[^\s\"'\\:/]{1,200}\.conf)?"
    r"|/[^\s\"'\\:]{0,300}/policy\.json"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One line ``key = value`` of a file, the value as it is written there without its quotes."""

    path: str
    line: int
    key: str
    value: str

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


def named_file(message: str) -> str:
    """The file that Podman's words name, with the line where they name one; nothing where they name no file."""
    file = _FILE.search(message)
    if file is None:
        return ""
    line = _LINE.search(message, file.end())
    return f"{file[0]}:{line[1] or line[2]}" if line else file[0]


def settings(configs: Mapping[str, str], *keys: str) -> Iterator[Setting]:
    """Where these keys are set, in the order of the files. Comments are passed over; a list may reach over several lines."""
    pattern = re.compile(rf"[ \t]*({'|'.join(map(re.escape, keys))})[ \t]*=[ \t]*(.*)")
    for path, text in configs.items():
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            match = pattern.fullmatch(line[:2000])
            if match:
                value = match[2]
                if value.lstrip().startswith("[") and "]" not in value:
                    value += " ".join(lines[number : number + 20])
                yield Setting(path, number, match[1], value.strip().strip("\"'"))


def naming(configs: Mapping[str, str], value: str, *keys: str) -> Setting | None:
    """The first of these keys whose value is or has this text."""
    return next((setting for setting in settings(configs, *keys) if value in setting.value), None)


def above(configs: Mapping[str, str], path: str, user: str, uid: int, home: str) -> Setting | None:
    """The setting that makes Podman want a folder: its path is the folder, or lies below it."""
    for setting in settings(
        configs, "graphroot", "rootless_storage_path", "runroot", "imagestore", "volume_path"
    ):
        value = setting.value.replace("$HOME", home).replace("$USER", user).replace("$UID", str(uid))
        if value == path or value.startswith(f"{path.rstrip('/')}/"):
            return setting
    return None
