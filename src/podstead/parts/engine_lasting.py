"""Engine settings that outlive their file: what was made under the old value stays, and Podman stops at the difference.

Lock segments in /dev/shm keep their size until a reboot, a user's database keeps its kind and its paths, containers and
networks keep their backend, and every container keeps the name of its runtime.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.version import Version

_MUTEXES = (40, 48, 32, 24)
"""sizeof(pthread_mutex_t): x86_64 and most others, aarch64, and two kinds of 32-bit machines."""

#: Settings that are written down in a user's database or storage at the first use (containers.conf(5)).
_IN_STORAGE: Mapping[tuple[str, str], str] = {
    ("engine", "database_backend"): "containers in a database of another kind are out of sight",
    ("engine", "static_dir"): "the database keeps the old path, and Podman stops at the difference",
    ("engine", "tmp_dir"): "the database keeps the old path, and Podman stops at the difference",
    ("engine", "volume_path"): "the database keeps the old path, and Podman stops at the difference",
    ("engine", "lock_type"): "containers keep locks of the other type",
    ("network", "network_backend"): "containers and networks were made with the other backend",
}
_RUNTIMES = ("crun", "runc")


@dataclass(frozen=True, slots=True)
class Segment:
    """The lock segment of one user (libpod/lock/shm/shm_lock.c), made by the first Podman command since boot."""

    uid: int
    size: int

    def holds(self, locks: int) -> bool:
        """Whether Podman takes it for ``locks`` locks: 32 of them to a group, and each group of one size."""
        groups = -(-locks // 32)
        return any(self.size == 16 + mutex + groups * (8 + 32 * mutex) for mutex in _MUTEXES)


def parse_segments(lines: list[str]) -> tuple[Segment, ...]:
    """Read ``SIZE OWNER PATH`` lines; a file that somebody else has put in a user's place is nobody's segment."""
    found = []
    for line in lines:
        match = re.fullmatch(
            r"([0-9]{1,12}) ([0-9]{1,10}) /dev/shm/libpod_(?:rootless_lock_([0-9]{1,10})|lock)", line
        )
        if match and int(match[2]) == int(match[3] or 0):
            found.append(Segment(int(match[2]), int(match[1])))
    return tuple(found)


def objections(
    wanted: Mapping[str, Mapping[str, Any]],
    drop_in: str | None,
    *,
    segments: tuple[Segment, ...],
    with_storage: frozenset[str],
    runtimes: frozenset[str],
    podman: Version | None,
) -> tuple[str, ...]:
    """What the engine settings of a document would break, a sentence each.

    ``drop_in`` is podstead's present file; ``with_storage`` the users who have container storage, ``runtimes`` the OCI
    runtimes that are installed or will be.
    """
    before = _tables(drop_in)
    changed = {
        (table, key)
        for table, keys in wanted.items()
        for key, value in keys.items()
        if value != before.get(table, {}).get(key)
    }
    return (
        *_locks(wanted, segments),
        *_in_storage(changed, with_storage),
        *_programs(wanted, changed, runtimes, podman),
    )


def _tables(text: str | None) -> Mapping[str, Mapping[str, Any]]:
    try:
        tables = tomllib.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return {name: table for name, table in tables.items() if isinstance(table, dict)}


def _locks(wanted: Mapping[str, Mapping[str, Any]], segments: tuple[Segment, ...]) -> Iterator[str]:
    locks = wanted.get("engine", {}).get("num_locks")
    if not isinstance(locks, int):
        return
    others = [str(one.uid) for one in segments if not one.holds(locks)]
    if others:
        yield (
            f"engine.num_locks = {locks}: Podman of UID {', '.join(others[:5])}{' and others' if len(others) > 5 else ''} "
            "has run since the last boot with another number of locks, and none of its commands would start"
        )


def _in_storage(changed: set[tuple[str, str]], with_storage: frozenset[str]) -> Iterator[str]:
    if not with_storage:
        return
    users = ", ".join(sorted(with_storage)[:5])
    for table, key in sorted(changed & _IN_STORAGE.keys()):
        yield f"{table}.{key}: {users} has used Podman before: {_IN_STORAGE[table, key]}"


def _programs(
    wanted: Mapping[str, Mapping[str, Any]],
    changed: set[tuple[str, str]],
    runtimes: frozenset[str],
    podman: Version | None,
) -> Iterator[str]:
    runtime = wanted.get("engine", {}).get("runtime")
    if runtime in _RUNTIMES and runtime not in runtimes and ("engine", "runtime") in changed:
        yield f"engine.runtime = {runtime!r}: {runtime} is not installed, and no container would start"
    backend = wanted.get("network", {}).get("network_backend")
    if backend == "cni" and podman is not None and podman.major >= 5:
        yield (
            f"network.network_backend = 'cni': Podman {podman} is built without CNI, and none of its commands would start"
        )
