"""Settings: what a person always wants, from the environment, ``podstead.toml`` and ``pyproject.toml``.

Nothing heavy is imported here: the command line needs the table of settings for ``--help``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from podstead.errors import InputError, Problem
from podstead.suggest import did_you_mean

Kind = Literal["sources", "paths", "path", "text", "number", "flag", "choice"]
CONFIG: Final = "PODSTEAD_CONFIG"
DEFAULT: Final = "default"
ORDER: Final = "option on the command line > PODSTEAD_* variable > podstead.toml > pyproject.toml > default"
_TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "false", "f", "no", "n", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: how it is called in a file, what it may be, and the option that overrules it."""

    name: str
    kind: Kind
    option: str
    means: str
    param: str = ""
    """The option's parameter in the code, where it is called otherwise."""
    default: int | str | None = None
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        return f"PODSTEAD_{self.name.upper()}"

    @property
    def is_list(self) -> bool:
        return self.kind in ("sources", "paths")


def _settings(*rows: Setting) -> Mapping[str, Setting]:
    return {row.name: row for row in rows}


SETTINGS: Final = _settings(
    Setting(
        name="inventory",
        kind="sources",
        option="-i, --inventory",
        param="sources",
        means="inventory files, folders or 'host1,host2,'",
    ),
    Setting(name="roles_path", kind="paths", option="--roles-path", means="folders with roles"),
    Setting(
        name="remote_user",
        kind="text",
        option="-u, --remote-user",
        param="user",
        means="the user to connect as",
    ),
    Setting(name="private_key", kind="path", option="--private-key", means="the key to connect with"),
    Setting(
        name="ssh_common_args",
        kind="text",
        option="--ssh-common-args",
        means="as ansible_ssh_common_args",
    ),
    Setting(name="become", kind="flag", option="-b, --become", means="become root on the hosts"),
    Setting(
        name="become_method",
        kind="choice",
        option="--become-method",
        choices=("sudo", "doas", "su"),
        means="how to become root",
    ),
    Setting(
        name="vault_password_file",
        kind="paths",
        option="--vault-password-file",
        means="files that hold vault passwords",
    ),
    Setting(
        name="forks",
        kind="number",
        option="-f, --forks",
        default=20,
        low=1,
        high=500,
        means="hosts at a time",
    ),
    Setting(
        name="timeout",
        kind="number",
        option="-T, --timeout",
        default=10,
        low=1,
        high=3600,
        means="seconds to connect",
    ),
    Setting(
        name="command_timeout",
        kind="number",
        option="--command-timeout",
        default=1800,
        low=1,
        high=86400,
        means="seconds for one command on a host",
    ),
    Setting(
        name="probe_timeout",
        kind="number",
        option="--probe-timeout",
        default=120,
        low=5,
        high=3600,
        means="seconds for the probe of one user (verify)",
    ),
    Setting(
        name="output",
        kind="choice",
        option="-o, --output",
        default="text",
        choices=("text", "json", "junit"),
        means="what to print (apply, check, verify, judge)",
    ),
)


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
        """Parameter -> value, of what files say: click's ``default_map``; variables are read by click itself."""
        return {
            one.setting.param or one.setting.name: one.value
            for one in self.values
            if one.source not in (DEFAULT, one.setting.variable)
        }


def load(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings that hold in a folder. Raises InputError with every mistake of all of them."""
    from podstead.control import settings_file  # noqa: PLC0415 - no file, no TOML parser

    problems: list[Problem] = []
    found = settings_file.read(folder, environ.get(CONFIG, ""), problems)
    said = dict(found.values)
    for setting in SETTINGS.values():
        text = environ.get(setting.variable, "")
        if text:  # an empty variable is none, as everywhere
            value = _from_text(setting, text)
            message = complaint(setting, value)
            if message:
                problems.append(Problem(where=setting.variable, message=message))
            said[setting.name] = (value, setting.variable)
    if problems:
        raise InputError(problems, hint="podstead config shows every setting and where it comes from")
    values = (
        Value(setting=one, value=said[one.name][0], source=said[one.name][1])
        if one.name in said
        else Value(setting=one, value=[] if one.is_list else one.default, source=DEFAULT)
        for one in SETTINGS.values()
    )
    return Settings(values=tuple(values), files=found.files, warnings=found.warnings)


def strays(environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that look like a setting and are none, with the setting that was meant."""
    known = {one.variable for one in SETTINGS.values()} | {CONFIG}
    for name in sorted(environ):
        meant = did_you_mean(name, known, cutoff=0.8) if name.startswith("PODSTEAD_") else ""
        if meant and name not in known:
            yield f"{name} is no setting{meant}"


def _from_text(setting: Setting, text: str) -> Any:  # noqa: ANN401 - a setting may be of several types
    """Read the text of a variable; what cannot be read stays text, and is complained about."""
    if setting.is_list:
        return [part for part in text.split(os.pathsep) if part]
    if setting.kind == "number" and text.strip().lstrip("+-").isdecimal():
        return int(text)
    if setting.kind == "flag" and text.strip().lower() in _TRUE | _FALSE:
        return text.strip().lower() in _TRUE
    return text


def complaint(setting: Setting, value: object) -> str:
    """Why a value cannot be that of a setting, or nothing."""
    if setting.kind == "number":
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole and setting.low <= int(str(value)) <= setting.high):
            return f"{_shown(value)} is no whole number from {setting.low} to {setting.high}"
    elif setting.kind == "flag":
        return "" if isinstance(value, bool) else f"{_shown(value)} is neither true nor false"
    elif setting.is_list:
        good = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
        return "" if good else f"{_shown(value)} is no list of texts"
    elif not isinstance(value, str) or not value:
        return f"{_shown(value)} is no text"
    elif setting.choices and value not in setting.choices:
        return (
            f"{_shown(value)} is none of {', '.join(setting.choices)}{did_you_mean(value, setting.choices)}"
        )
    return ""


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str | Mapping | Sequence) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:57]}..."
