"""A starter project: the files that ``podstead init`` writes, as texts. Pure but for reading the package's own files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Final

import yaml

from podstead.control.installed import UNKNOWN
from podstead.document.layers import DOCUMENT
from podstead.document.schema import layer_schema, role_schema
from podstead.document.values import Origin
from podstead.errors import InputError, Problem
from podstead.inventory.hostnames import HOST_NAME
from podstead.inventory.people import wrong_names

#: Path in the project -> file of the folder ``starter_files``. No name there begins with a dot: packaging tools pass over such.
_TEXTS: Final = {
    "podstead.toml": "podstead.toml",
    "roles/site/role.yml": "role.yml",
    "roles/site/README.md": "role.md",
    ".github/workflows/podstead.yml": "github.yml",
    ".gitlab-ci.yml": "gitlab.yml",
    ".gitignore": "gitignore",
    "README.md": "project.md",
}
_ORDER: Final = ("podstead.toml", "inventory/hosts.yml", "inventory/group_vars/all.yml")
_REPLACE: Final = (
    "# TO REPLACE: this podstead was installed from a place that CI cannot reach. Put a source that it can reach in the place of the\n"
    "# address with replace.invalid, such as git+https://example.com/podstead.git@COMMIT.\n"
)
_SCHEMA_LINE: Final = "# yaml-language-server: $schema=../../layer.schema.json\n"


def project(
    hosts: Sequence[str],
    users: Sequence[str],
    role: str,
    *,
    local: bool = False,
    requirement: str = UNKNOWN,
) -> dict[str, str]:
    """Return path -> text. ``local``: of this machine; without hosts, one that still has to be told them.

    ``requirement`` is what CI installs (see :mod:`podstead.control.installed`).
    """
    _check(hosts, users)
    texts = {
        "inventory/hosts.yml": _LOCAL if local else _hosts(hosts),
        "inventory/group_vars/all.yml": _layer(users),
        "layer.schema.json": json.dumps(layer_schema(), indent=2) + "\n",
        "role.schema.json": json.dumps(role_schema(), indent=2) + "\n",
    }
    folder = files("podstead.control") / "starter_files"
    for path, name in _TEXTS.items():
        text = (folder / name).read_text(encoding="utf-8")
        note = _REPLACE if requirement == UNKNOWN else ""
        texts[path] = (
            text.replace("@ROLE@", role).replace("@REQUIREMENT@", requirement).replace("# @REPLACE@\n", note)
        )
    return {path: texts[path] for path in (*_ORDER, *sorted(texts.keys() - set(_ORDER)))}


def _check(hosts: Iterable[str], users: Iterable[str]) -> None:
    problems = [
        Problem(where="--host", message=f"{name!r} is not a host name: letters, digits, '_', '.' and '-'")
        for name in hosts
        if name.startswith("@") or not HOST_NAME.fullmatch(name)
    ]
    problems += wrong_names(users, Origin("--for"))
    if problems:
        raise InputError(problems)


_LOCAL: Final = (
    "# This machine. For a remote host, replace the two lines below `hosts` with its name, such as web1.example.com:\n"
    "all:\n  hosts:\n    localhost:\n      ansible_connection: local\n"
)


def _hosts(hosts: Sequence[str]) -> str:
    lines = "".join(f"    {_plain(name)}:\n" for name in dict.fromkeys(hosts))
    lines = lines or "    # web1.example.com:           # name yours, a line each\n"
    return (
        "# Hosts as ssh knows them: ~/.ssh/config, its keys and its known hosts apply.\n"
        f"all:\n  hosts:\n{lines}  vars:\n"
        "    # ansible_user: deploy        # the user to connect as; without it, ssh's own choice\n"
        "    ansible_become: true          # with sudo; -K asks for its password\n"
    )


def _layer(users: Sequence[str]) -> str:
    lines = "".join(f"    {_plain(name)}: {{}}\n" for name in dict.fromkeys(users))
    lines = lines or "    {}\n    # alice: {}                   # replace the {} with your users\n"
    return (
        f"{_SCHEMA_LINE}# The desired state of all hosts; override it in group_vars/GROUP.yml or host_vars/HOST.yml.\n"
        f"{DOCUMENT}:\n  roles: [site]\n\n"
        "  # Who runs containers. The account must exist; to have it created, write {create: true} instead of {}.\n"
        f"  users:\n{lines}"
    )


def _plain(text: str) -> str:
    """As YAML writes it: quoted where it would be read as something else (``no``, ``1.5``)."""
    return str(yaml.safe_dump(text, width=2**31)).removesuffix("\n").removesuffix("\n...")
