"""Reads one of pyinfra's Python inventories and prints it as a listing. Run as a program: it executes foreign Python.

As pyinfra does: every list or tuple at the top of the file is a group; a host is a name or ``(name, data)``; a tuple of a list
and a mapping is a group with data; ``group_data/NAME.py`` beside the inventory holds more data.
"""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_NAMES: Final = {
    "ssh_hostname": "ansible_host",
    "ssh_port": "ansible_port",
    "ssh_user": "ansible_user",
    "ssh_password": "ansible_password",
    "ssh_key": "ansible_ssh_private_key_file",
    "_sudo": "ansible_become",
    "_sudo_password": "ansible_become_password",
}
"""pyinfra's data -> Ansible's variable. Other names that begin with ``_`` or ``ssh_`` are pyinfra's own affair."""
_CONNECTORS: Final = {
    "local": "local",
    "ssh": "ssh",
    "podman": "podman",
    "docker": "docker",
    "chroot": "chroot",
}


def listing(path: Path) -> dict[str, Any]:
    """Return the inventory as ``ansible-inventory --list`` would print it."""
    sys.path.insert(0, str(path.parent))
    found = _public(runpy.run_path(str(path), run_name="inventory"))
    groups: dict[str, dict[str, Any]] = {}
    hosts: dict[str, dict[str, Any]] = {}
    for name, value in found.items():
        members, data = _group(value)
        if members is None:
            continue
        groups[name] = {"hosts": [], "vars": _variables(data)}
        for member in members:
            host, own = (member, {}) if isinstance(member, str) else (member[0], member[1])
            groups[name]["hosts"].append(str(host))
            hosts.setdefault(str(host), _reached(str(host))).update(_variables(own))
    for name in ("all", *groups):
        file = path.parent / "group_data" / f"{name}.py"
        if file.is_file():
            data = _public(runpy.run_path(str(file), run_name="group_data"))
            groups.setdefault(name, {}).setdefault("vars", {}).update(_variables(data))
    return {"_meta": {"hostvars": hosts}, **groups}


def _public(names: Mapping[str, Any]) -> dict[str, Any]:
    """What pyinfra takes for data: no modules, no functions, nothing dunder."""
    return {
        name: value
        for name, value in names.items()
        if not name.startswith("__") and isinstance(value, str | int | float | list | tuple | dict | None)
    }


def _group(value: object) -> tuple[list[Any] | None, Mapping[str, Any]]:
    if (
        isinstance(value, tuple)
        and len(value) == 2
        and isinstance(value[0], list)
        and isinstance(value[1], dict)
    ):
        return value[0], value[1]
    if isinstance(value, list | tuple) and all(map(_is_host, value)):
        return list(value), {}
    return None, {}


def _is_host(value: object) -> bool:
    if isinstance(value, tuple):
        return len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)
    return isinstance(value, str)


def _variables(data: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in data.items():
        name = _NAMES.get(key, key)
        if name == key and key.startswith(("_", "ssh_")):
            continue
        found[name] = value
    return found


def _reached(host: str) -> dict[str, Any]:
    """``@docker/web`` and its like say how they are reached."""
    kind, _, name = host.removeprefix("@").partition("/")
    if not host.startswith("@") or kind not in _CONNECTORS:
        return {}
    reached = {"ansible_connection": _CONNECTORS[kind]}
    return reached | {"ansible_host": name} if name else reached


def main() -> int:
    out = sys.stdout
    sys.stdout = sys.stderr  # what the inventory prints is no part of the listing
    try:
        out.write(json.dumps(listing(Path(sys.argv[1]))))
    except Exception as error:  # noqa: BLE001 - whatever the foreign code raises is said in one line
        place = error.__traceback__
        line = 0
        while place is not None:
            if place.tb_frame.f_code.co_filename == sys.argv[1]:
                line = place.tb_lineno
            place = place.tb_next
        where = f"line {line}: " if line else ""
        sys.stderr.write(f"{where}{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
