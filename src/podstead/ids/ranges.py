"""Arithmetic of ID ranges and ID maps: half-open intervals, overlaps, and what Podman makes of them.

Off-by-one facts that everything here rests on (user_namespaces(7), newuidmap(1), and Podman's
``rootless_linux.go``): with one range ``S:N`` a rootless container has IDs 0 to N; container ID 0 is the user,
container ID k (1 <= k <= N) is host ID S + k - 1; ID N + 1 is not mapped. Several ranges are sorted by start and
laid end to end from container ID 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

ALIGN = 65536
"""systemd's UIDS-GIDS document asks for ranges of 2**16 IDs that start at a multiple of 2**16."""


@dataclass(frozen=True, slots=True, order=True)
class IdRange:
    """The host IDs ``start`` to ``start + count - 1``; ``count`` is at least 1, ``start`` at least 0."""

    start: int
    count: int

    def __post_init__(self) -> None:
        if self.start < 0 or self.count < 1:
            raise ValueError(f"not a range of IDs: {self.start}:{self.count}")

    @classmethod
    def between(cls, first: int, last: int) -> Self:
        """The range from ``first`` to ``last``, both included (the form that usermod takes)."""
        return cls(first, last - first + 1)

    @property
    def stop(self) -> int:
        """The first ID after the range."""
        return self.start + self.count

    @property
    def last(self) -> int:
        return self.stop - 1

    def overlaps(self, other: IdRange) -> bool:
        return self.start < other.stop and other.start < self.stop

    def __contains__(self, host_id: int) -> bool:
        return self.start <= host_id < self.stop

    def __str__(self) -> str:
        return f"{self.start}:{self.count}"


def total(ranges: Iterable[IdRange]) -> int:
    return sum(range_.count for range_ in ranges)


def first_overlap(wanted: IdRange, taken: Iterable[IdRange]) -> IdRange | None:
    """Return the overlapping range with the lowest start, or None."""
    return min((range_ for range_ in taken if range_.overlaps(wanted)), default=None)


@dataclass(frozen=True, slots=True, order=True)
class Extent:
    """One line of ``/proc/PID/uid_map``: container IDs from ``inside`` are host IDs from ``outside``."""

    inside: int
    outside: int
    count: int

    def __str__(self) -> str:
        return f"{self.inside} {self.outside} {self.count}"


@dataclass(frozen=True, slots=True)
class IdMap:
    """An ID map as the kernel shows it, in the order of container IDs."""

    extents: tuple[Extent, ...]

    @classmethod
    def expected(cls, own_id: int, ranges: Iterable[IdRange]) -> Self:
        """The map that rootless Podman sets up for a user with these ranges."""
        extents = [Extent(0, own_id, 1)]
        inside = 1
        for range_ in sorted(ranges):
            extents.append(Extent(inside, range_.start, range_.count))
            inside += range_.count
        return cls(tuple(extents))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a ``uid_map``. Raises ValueError for anything else."""
        extents = []
        for line in text.splitlines():
            fields = line.split()
            if not fields:
                continue
            if len(fields) != 3 or not all(field.isascii() and field.isdigit() for field in fields):
                raise ValueError(f"not a line of an ID map: {line[:80]!r}")
            inside, outside, count = (int(field) for field in fields)
            extents.append(Extent(inside, outside, count))
        return cls(tuple(sorted(extents)))

    def merged(self) -> IdMap:
        """The same map with neighbours joined: the kernel keeps lines apart that mean one extent."""
        joined: list[Extent] = []
        for extent in self.extents:
            if joined:
                before = joined[-1]
                if (before.inside + before.count, before.outside + before.count) == (
                    extent.inside,
                    extent.outside,
                ):
                    joined[-1] = Extent(before.inside, before.outside, before.count + extent.count)
                    continue
            joined.append(extent)
        return IdMap(tuple(joined))

    def same_ids(self, other: IdMap) -> bool:
        """True when every ID maps alike, however the lines are cut."""
        return self.merged() == other.merged()

    def to_host(self, container_id: int) -> int | None:
        """The host ID behind a container ID, or None where it is not mapped."""
        for extent in self.extents:
            if extent.inside <= container_id < extent.inside + extent.count:
                return extent.outside + container_id - extent.inside
        return None

    @property
    def last_inside(self) -> int:
        """The highest mapped container ID; -1 for an empty map."""
        return max((extent.inside + extent.count - 1 for extent in self.extents), default=-1)

    @property
    def is_whole_host(self) -> bool:
        """True in the initial user namespace, whose map is ``0 0 4294967295``."""
        return self.extents == (Extent(0, 0, 4294967295),)

    def holds(self, wanted: IdRange) -> bool:
        """True when ``wanted`` lies inside one extent of this map, seen from inside the namespace."""
        return any(
            extent.inside <= wanted.start and wanted.stop <= extent.inside + extent.count
            for extent in self.extents
        )

    def __str__(self) -> str:
        return " / ".join(str(extent) for extent in self.extents) or "(empty)"
