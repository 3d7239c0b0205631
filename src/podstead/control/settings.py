"""Settings: what a person always wants, from the environment, ``podstead.toml`` and ``pyproject.toml``.

Nothing heavy is imported here: the command line needs the table of settings for ``--help``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from podstead.control.setting_table import CONFIG, SETTINGS, Setting, fault_in
from podstead.errors import InputError, Problem
from podstead.suggest import did_you_mean

DEFAULT: Final = "default"
ORDER: Final = "option on the command line > PODSTEAD_* variable > podstead.toml > pyproject.toml > default"
_TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "false", "f", "no", "n", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a setting is, and where that was said: ``FILE:LINE``, a variable, or ``default``."""

    setting: Setting
    value: Any
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings in the order of the table."""

    values: tuple[Value, ...]
    files: tuple[str, ...] = ()
    """The files that were read."""
    warnings: tuple[str, ...] = ()

    def from_files(self) -> dict[str, Any]:
        """Parameter -> value, of what files say; variables are read by click itself."""
        return {
            entry.setting.param or entry.setting.name: entry.value
            for entry in self.values
            if entry.source not in (DEFAULT, entry.setting.variable)
        }


def load(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings that hold in a folder. Raises InputError with every mistake of all of them."""
    from podstead.control import settings_file  # noqa: PLC0415 - no file, no TOML parser

    problems: list[Problem] = []
    found = settings_file.read(folder, environ.get(CONFIG, ""), problems)
    values_with_source = dict(found.values)
    for setting in SETTINGS.values():
        text = environ.get(setting.variable, "")
        if text:  # an empty variable is none, as everywhere
            value = _from_text(setting, text)
            message = fault_in(setting, value)
            if message:
                problems.append(Problem(where=setting.variable, message=message))
            values_with_source[setting.name] = (value, setting.variable)
    if problems:
        raise InputError(problems, hint="podstead config shows every setting and where it comes from")
    values = (
        Value(
            setting=setting,
            value=values_with_source[setting.name][0],
            source=values_with_source[setting.name][1],
        )
        if setting.name in values_with_source
        else Value(setting=setting, value=[] if setting.is_list else setting.default, source=DEFAULT)
        for setting in SETTINGS.values()
    )
    return Settings(values=tuple(values), files=found.files, warnings=found.warnings)


def strays(environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that look like a setting and are none, with the setting that was meant."""
    known = {setting.variable for setting in SETTINGS.values()} | {CONFIG}
    for name in sorted(environ):
        suggestion = did_you_mean(name, known, cutoff=0.8) if name.startswith("PODSTEAD_") else ""
        if suggestion and name not in known:
            yield f"{name} is not a setting{suggestion}"


def _from_text(setting: Setting, text: str) -> Any:  # noqa: ANN401 - a setting may be of several types
    """Read the text of a variable; what cannot be read stays text, and is complained about."""
    if setting.is_list:
        return [part for part in text.split(os.pathsep) if part]
    if setting.kind == "number" and text.strip().lstrip("+-").isdecimal():
        return int(text)
    if setting.kind == "flag" and text.strip().lower() in _TRUE | _FALSE:
        return text.strip().lower() in _TRUE
    return text
