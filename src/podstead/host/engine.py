"""Engine settings: the texts of the files that hold for everybody, and what Podman has made under them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from podstead.host.frames import Records
from podstead.host.own_file import OwnFile

MAIN = ("/usr/share/containers/containers.conf", "/etc/containers/containers.conf")
"""What Podman reads before the drop-ins, in this order."""


_MUTEXES = (40, 48, 32, 24)
"""sizeof(pthread_mutex_t): x86_64 and most others, aarch64, and two kinds of 32-bit machines."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The lock segment of one user (libpod/lock/shm/shm_lock.c), made by the first Podman command since boot."""

    uid: int
    size: int

    def holds(self, locks: int) -> bool:
        """Whether Podman takes it for ``locks`` locks: 32 of them to a group, and each group of one size."""
        groups = -(-locks // 32)
        return any(self.size == 16 + mutex + groups * (8 + 32 * mutex) for mutex in _MUTEXES)

    @property
    def real(self) -> bool:
        """Whether any number of locks gives this size; else the file is nothing that Podman has made."""
        groups = ((self.size - 16 - mutex, 8 + 32 * mutex) for mutex in _MUTEXES)
        return any(rest > 0 and rest % group == 0 for rest, group in groups)


def parse_segments(lines: list[str]) -> tuple[Segment, ...]:
    """Read ``SIZE OWNER PATH`` lines.

    What somebody else has put in a user's place is nobody's segment, nor is a file of a size that Podman never makes.
    """
    found = []
    for line in lines:
        match = re.fullmatch(
            r"([0-9]{1,12}) ([0-9]{1,10}) /dev/shm/libpod_(?:rootless_lock_([0-9]{1,10})|lock)", line
        )
        if match and int(match[2]) == int(match[3] or 0):
            found.append(Segment(int(match[2]), int(match[1])))
    return tuple(segment for segment in found if segment.real)


DROP_IN = "/etc/containers/containers.conf.d/50-podstead.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """Our drop-in, the texts of all files that hold for everybody, and what Podman has made under them."""

    drop_in: OwnFile
    files: Mapping[str, str]
    segments: tuple[Segment, ...] = ()
    storage_of: frozenset[int] = frozenset()
    """UIDs of whoever owns a container storage that was seen."""


def parse(records: Records) -> EngineState:
    return EngineState(
        drop_in=OwnFile.from_records(records, DROP_IN),
        files={
            record.argument: record.text
            for record in records.all("file")
            if record.argument in MAIN or record.argument.startswith(f"{DROP_IN.rpartition('/')[0]}/")
        },
        segments=parse_segments(records.lines("lock-segments")),
        storage_of=frozenset(_owners(records.lines("storage-seen"))),
    )


def _owners(lines: list[str]) -> list[int]:
    """Read ``OWNER PATH`` lines."""
    return [int(match[1]) for line in lines if (match := re.fullmatch(r"([0-9]{1,10}) /.*", line))]
