"""
What hosts can change on the machine itself, put back when they are gone.

Hosts share the kernel, and /proc/sys is writable in them as on any real host: systemd sets some values at
boot, and tests set others. Values that belong to a network namespace go away with it; all others are noted
before the first lab starts and put back when the last one ends: hosts of the others still need what they have set.

One value has to be raised for hosts, as long as there is a lab: root of all hosts is one user for the kernel.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import state

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSCTL = "/proc/sys"
_FOLDERS = ("fs", "kernel", "user", "vm")
# Counters, and files that do something when written.
_SKIPPED = ("fs/binfmt_misc", "kernel/random", "kernel/ns_last_pid", "kernel/hostname", "kernel/domainname",
            "vm/compact_memory", "vm/drop_caches", "vm/stat_refresh", "kernel/printk_ratelimit")  # fmt: skip


#: A host's root has about nine inotify instances, and a kernel allows 128: with fifteen hosts, systemd starts no more.
_NEEDED = {"fs/inotify/max_user_instances": 4096}


def enlarge() -> None:
    """Raise what the machine allows to what many hosts need; the values from before have been noted."""
    for name, needed in _NEEDED.items():
        with contextlib.suppress(OSError):  # where it cannot be written, there can be fewer hosts
            if int(Path(_SYSCTL, name).read_text()) < needed:
                _write(name, str(needed))


def note() -> None:
    """Note the machine's values, unless an earlier lab that still exists has noted them."""
    place = state.base() / ".machine.json"
    if not place.exists():
        fresh = place.with_suffix(".new")
        fresh.write_text(json.dumps(dict(_values())))
        fresh.replace(place)


def restore() -> list[str]:
    """Put changed values back and name them; only for who takes the last lab down."""
    place = state.base() / ".machine.json"
    if not place.exists():
        return []
    noted: dict[str, str] = json.loads(place.read_text())
    now = dict(_values())
    changed = [name for name, value in noted.items() if name in now and now[name] != value]
    # Twice: a limit may have to follow another one that is put back after it.
    for name in changed * 2:
        with contextlib.suppress(OSError):
            _write(name, noted[name])
    place.unlink()
    return changed


def _write(name: str, value: str) -> None:
    Path(_SYSCTL, name).write_text(value)


def _values() -> Iterator[tuple[str, str]]:
    for folder in _FOLDERS:
        for where, _, files in os.walk(f"{_SYSCTL}/{folder}"):
            for file in files:
                name = os.path.relpath(f"{where}/{file}", _SYSCTL)
                path = Path(where, file)
                if path.stat().st_mode & 0o200 and not name.startswith(_SKIPPED):
                    with contextlib.suppress(OSError, UnicodeDecodeError):
                        yield name, path.read_text()
