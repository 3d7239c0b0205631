"""The table of settings: what each is called, what it may be, and the option that overrules it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from podstead.suggest import did_you_mean

Kind = Literal["sources", "paths", "path", "text", "number", "flag", "choice"]


CONFIG: Final = "PODSTEAD_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: how it is called in a file, what it may be, and the option that overrules it."""

    name: str
    kind: Kind
    option: str
    help: str
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
    def number(self) -> int:
        """The default of a setting of the kind ``number``."""
        if not isinstance(self.default, int):
            raise TypeError(f"{self.name} is not a number")
        return self.default

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
        help="inventory files, folders or 'host1,host2,'",
    ),
    Setting(name="roles_path", kind="paths", option="--roles-path", help="folders with roles"),
    Setting(
        name="remote_user",
        kind="text",
        option="-u, --remote-user",
        param="user",
        help="the user to connect as",
    ),
    Setting(name="private_key", kind="path", option="--private-key", help="the key to connect with"),
    Setting(
        name="ssh_common_args",
        kind="text",
        option="--ssh-common-args",
        help="like ansible_ssh_common_args",
    ),
    Setting(name="become", kind="flag", option="-b, --become", help="become root on the hosts"),
    Setting(
        name="become_method",
        kind="choice",
        option="--become-method",
        choices=("sudo", "doas", "su"),
        help="how to become root",
    ),
    Setting(
        name="vault_password_file",
        kind="paths",
        option="--vault-password-file",
        help="files that hold vault passwords",
    ),
    Setting(
        name="forks",
        kind="number",
        option="-f, --forks",
        default=20,
        low=1,
        high=500,
        help="how many hosts to process at the same time",
    ),
    Setting(
        name="timeout",
        kind="number",
        option="-T, --timeout",
        default=10,
        low=1,
        high=3600,
        help="seconds to connect",
    ),
    Setting(
        name="command_timeout",
        kind="number",
        option="--command-timeout",
        default=1800,
        low=1,
        high=86400,
        help="seconds for one command on a host",
    ),
    Setting(
        name="probe_timeout",
        kind="number",
        option="--probe-timeout",
        default=120,
        low=5,
        high=3600,
        help="seconds for the probe of one user (verify)",
    ),
    Setting(
        name="ask_above",
        kind="number",
        option="--ask-above",
        default=20,
        low=0,
        high=1_000_000,
        help="ask before an apply to all hosts of an inventory that has more than this; 0: never",
    ),
    Setting(
        name="output",
        kind="choice",
        option="-o, --output",
        default="text",
        choices=(  # modules of podstead.report
            "text",
            "json",
            "junit",
            "github",
            "gitlab",
            "markdown",
        ),
        help="what to print (apply, check, verify, judge)",
    ),
)


def fault_in(setting: Setting, value: object) -> str:
    """Why a value cannot be that of a setting, or nothing."""
    if setting.kind == "number":
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        if not (is_integer and setting.low <= int(str(value)) <= setting.high):
            return f"{_describe(value)} is not a whole number from {setting.low} to {setting.high}"
    elif setting.kind == "flag":
        return "" if isinstance(value, bool) else f"{_describe(value)} is neither true nor false"
    elif setting.is_list:
        good = isinstance(value, list) and all(isinstance(element, str) and element for element in value)
        return "" if good else f"must be a list of strings, not {_describe(value)}"
    elif not isinstance(value, str) or not value:
        return f"must be a string, not {_describe(value)}"
    elif setting.choices and value not in setting.choices:
        return f"{_describe(value)} is not one of {', '.join(setting.choices)}{did_you_mean(value, setting.choices)}"
    return ""


def _describe(value: object) -> str:
    text = repr(value) if isinstance(value, str | Mapping | Sequence) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:57]}..."
