"""Engine settings that outlive their file: what was made under the old value stays, and Podman stops at the difference.

Lock segments in /dev/shm keep their size until a reboot, a user's database keeps its kind and its paths, containers and
networks keep their backend, and every container keeps the name of its runtime. What counts is the value in force before and
after, whichever file it comes from, and whoever has used Podman: the drop-in is everybody's, root's as well.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.version import Version

from podstead.host.engine import MAIN, Segment

Key = tuple[str, str]
"""Table and key of containers.conf(5)."""


#: What holds where no file sets it; of other keys the default depends on what Podman finds (containers.conf(5)).
_DEFAULTS: Mapping[Key, Any] = {("engine", "num_locks"): 2048, ("engine", "lock_type"): "shm"}

#: Settings that are written down in a user's database or storage at the first use (containers.conf(5)).
_IN_STORAGE: Mapping[Key, str] = {
    (
        "engine",
        "database_backend",
    ): "containers recorded in a database of another kind would no longer be seen",
    ("engine", "static_dir"): "the database keeps the old path, and Podman stops when the two differ",
    ("engine", "tmp_dir"): "the database keeps the old path, and Podman stops when the two differ",
    ("engine", "volume_path"): "the database keeps the old path, and Podman stops when the two differ",
    ("engine", "lock_type"): "containers keep locks of the other type",
    ("network", "network_backend"): "containers and networks were created with the other backend",
}
_RUNTIMES = ("crun", "runc")
_MAX_SHOWN = 5
"""So many people are named, and of more how many there are."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What is known of those who have used Podman. A file that is somebody's says something about its owner only."""

    segments: tuple[Segment, ...] = ()
    with_storage: frozenset[str] = frozenset()
    """Users of the document who have storage, and those of whom that could not be seen."""
    storage_of: frozenset[int] = frozenset()
    """UIDs whose storage was seen, in the document or not."""
    document: frozenset[str] = frozenset()
    names: Mapping[int, str] | None = None

    def who(self, uid: int) -> str:
        """A name where there is one, and whether the document has it: nobody else is looked at."""
        name = (self.names or {}).get(uid, "")
        about = f"UID {uid}" if name in self.document else f"UID {uid}, not in the document"
        return f"{name} ({about})" if name else about

    @property
    def users(self) -> tuple[str, ...]:
        """Everybody with storage. Who was not looked at has some where a lock segment says that Podman has run."""
        names = self.names or {}
        uids = self.storage_of | {segment.uid for segment in self.segments}
        others = sorted(uid for uid in uids if names.get(uid) not in self.document)
        return (*sorted(self.with_storage), *map(self.who, others))


def in_force(files: Mapping[str, str], podman: Version | None) -> dict[Key, Any]:
    """The value of every key that these files (texts by path) set, read in Podman's order: the last one wins.

    First the distribution's file, then the administrator's (from Podman 6 on, in its place), then the drop-ins by name
    (containers.conf(5)). A file that is no TOML sets nothing: Podman does not start with it.
    """
    values: dict[Key, Any] = dict(_DEFAULTS)
    hidden = {MAIN[0]} if podman is not None and podman.major >= 6 and MAIN[1] in files else set()
    for path in sorted(
        files.keys() - hidden, key=lambda path: (MAIN.index(path) if path in MAIN else len(MAIN), path)
    ):
        for table, keys in _tables(files[path]).items():
            values |= {(table, key): value for key, value in keys.items()}
    return values


def _tables(text: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {name: table for name, table in tables.items() if isinstance(table, dict)}


def objections(
    before: Mapping[Key, Any],
    after: Mapping[Key, Any],
    traces: Traces,
    *,
    runtimes: frozenset[str],
    podman: Version | None,
) -> tuple[str, ...]:
    """What other values in force would break, a sentence each.

    ``runtimes`` are the OCI runtimes that are installed or will be.
    """
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return (
        *_locks(after, changed, traces),
        *_in_storage(after, changed, traces),
        *_programs(after, changed, runtimes, podman),
    )


def _set(key: Key, after: Mapping[Key, Any]) -> str:
    name, value = ".".join(key), after.get(key)
    if value is None:
        return f"{name} is removed"
    return f"{name} = {value!r}{' (the default)' if value == _DEFAULTS.get(key) else ''}"


def _locks(after: Mapping[Key, Any], changed: set[Key], traces: Traces) -> Iterator[str]:
    key = ("engine", "num_locks")
    locks = after.get(key)
    if key not in changed or not isinstance(locks, int):
        return
    others = [traces.who(segment.uid) for segment in traces.segments if not segment.holds(locks)]
    if others:
        yield (
            f"{_set(key, after)}: Podman of {_some(others)} has run since the last boot with another number of locks, and "
            "none of its commands would start"
        )


def _in_storage(after: Mapping[Key, Any], changed: set[Key], traces: Traces) -> Iterator[str]:
    users = traces.users
    if not users:
        return
    for key in sorted(changed & _IN_STORAGE.keys()):
        yield f"{_set(key, after)}: Podman was already used by {_some(users)}: {_IN_STORAGE[key]}"


def _some(people: Iterable[str]) -> str:
    named = list(people)
    more = len(named) - _MAX_SHOWN
    return " and ".join([", ".join(named[:_MAX_SHOWN]), *([f"{more} more"] if more > 0 else [])])


def _programs(
    after: Mapping[Key, Any], changed: set[Key], runtimes: frozenset[str], podman: Version | None
) -> Iterator[str]:
    runtime = after.get(("engine", "runtime"))
    if runtime in _RUNTIMES and runtime not in runtimes and ("engine", "runtime") in changed:
        yield f"engine.runtime = {runtime!r}: {runtime} is not installed, and no container would start"
    backend = after.get(("network", "network_backend"))
    if backend == "cni" and podman is not None and podman.major >= 5:
        yield (
            f"network.network_backend = 'cni': Podman {podman} is built without CNI, and none of its commands would start"
        )
