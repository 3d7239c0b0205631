"""Inventories that are programs: Ansible's inventory scripts, and pyinfra's inventories in Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from podstead.document.values import Node, Origin
from podstead.document.yaml_document import MAX_BYTES
from podstead.errors import InputError
from podstead.inventory import json_inventory
from podstead.inventory.groups import Inventory

SECONDS: Final = 60
"""How long a program may take."""
_DEPTH: Final = 64


def is_script(path: Path) -> bool:
    """Whether a file is a program that prints an inventory: it may be executed and begins with ``#!`` or is a binary."""
    if not os.access(path, os.X_OK) or not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(4)[:2] in (b"#!", b"\x7fE")


def add_script(inventory: Inventory, path: Path) -> None:
    """Run a script with ``--list``, and with ``--host NAME`` where the listing has no ``_meta``."""
    command = [str(path.resolve())]
    waiting = json_inventory.add(inventory, _output([*command, "--list"], path))
    for host in waiting:
        tree = _output([*command, "--host", host], path, otherwise="{}")
        json_inventory.add_host_variables(inventory, host, tree)


def add_pyinfra(inventory: Inventory, path: Path) -> None:
    """Read a pyinfra inventory: its Python runs in a process of its own, never in this one."""
    command = [sys.executable, "-P", "-m", "podstead.inventory.pyinfra_inventory", str(path.resolve())]
    json_inventory.add(inventory, _output(command, path))


def _output(command: Sequence[str], path: Path, otherwise: str = "") -> Node:
    text = _run(command, path).strip() or otherwise
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError.single(
            f"does not print JSON when run with {command[-1]}{where}", where=str(path)
        ) from None
    if not isinstance(found, dict):
        raise InputError.single("prints JSON that is not a mapping of groups", where=str(path))
    return _node(found, Origin(str(path)), 0)


def _run(command: Sequence[str], path: Path) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise InputError.single(f"did not finish within {SECONDS} s", where=str(path)) from None
    except OSError as error:
        raise InputError.single(f"cannot be run: {error.strerror}", where=str(path)) from error
    if done.returncode:
        errors = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        last = f": {errors[-1][:200]}" if errors else ", without printing anything"
        raise InputError.single(f"ended with exit code {done.returncode}{last}", where=str(path))
    if len(done.stdout) > MAX_BYTES:
        raise InputError.single(f"prints more than {MAX_BYTES // 2**20} MiB", where=str(path))
    return done.stdout.decode(errors="replace")


def _node(value: Any, origin: Origin, depth: int) -> Node:  # noqa: ANN401 - what json.loads returns
    if depth > _DEPTH:
        raise InputError.single(f"prints JSON nested deeper than {_DEPTH} levels", where=origin.where)
    if isinstance(value, dict):
        return Node({key: _node(child, origin, depth + 1) for key, child in value.items()}, origin)
    if isinstance(value, list):
        return Node(tuple(_node(child, origin, depth + 1) for child in value), origin)
    return Node(value, origin)
