"""Hosts without an inventory: this machine, or hosts by the name that ssh takes."""

from __future__ import annotations

import re
from typing import Final

from podstead.errors import InputError
from podstead.inventory.hostnames import HOST_NAME
from podstead.inventory.patterns import PSEUDO

HERE: Final = "@local"
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1"})
_GROUPS: Final = frozenset({"all", "ungrouped"})
_NAME: Final = re.compile(r"(?:(?P<user>[^@/:,\s]+)@)?(?P<host>[^@/:,\s]+)(?::\d+)?")


def without_inventory(pattern: str) -> str:
    """Return the hosts that a pattern names by itself, as pseudo-hosts: ``admin@web1`` is ``@ssh/admin@web1``.

    Raises InputError where only an inventory could say which hosts are meant, and where none is named: an empty variable of a
    script must not mean this machine.
    """
    parts = [part.strip() for part in pattern.split(",") if part.strip()]
    if not parts:
        raise InputError.single("the pattern is empty: it names no host")
    return ",".join(_host(part, pattern) for part in parts)


def _host(part: str, pattern: str) -> str:
    if part in _THIS_MACHINE:
        return HERE
    if part in _GROUPS:
        raise _needs_inventory(pattern)
    if PSEUDO.fullmatch(part):
        return part
    name = _NAME.fullmatch(part)
    if name and HOST_NAME.fullmatch(name["host"]) and not name["host"].startswith("@"):
        return f"@ssh/{part}"
    raise _needs_inventory(pattern)


def _needs_inventory(pattern: str) -> InputError:
    return InputError.single(
        f"{pattern[:60]!r} needs an inventory, and none was given",
        hint="give one with -i PATH, $PODSTEAD_INVENTORY or 'inventory' in podstead.toml; or name hosts: admin@web1.example.com",
    )


def login(host: str) -> str | None:
    """The user in ``@ssh/USER@HOST``, unless it is root."""
    match = PSEUDO.fullmatch(host)
    return match["user"] if match and match["user"] not in (None, "root") else None
