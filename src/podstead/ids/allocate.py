"""Handing out subordinate IDs: a pure function from what is taken to ranges, or to a refusal that says why.

The promises (each a property test): a range never overlaps another owner, a real account, a block that systemd
reserves, or the user's own ID; existing good ranges stay as they are; a range that is too small grows at its end or
gets a further, *higher* range, because ranges are sorted by start and a lower one would shift every container ID.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from podstead.ids.ranges import ALIGN, IdMap, IdRange, first_overlap, total

#: Blocks that are no containers' (systemd, docs/UIDS-GIDS.md): system and login accounts, homed, DynamicUser,
#: nobody, the 16-bit -1, and everything from 2**31 on.
RESERVED: tuple[IdRange, ...] = (
    IdRange.between(0, 60000),
    IdRange.between(60001, 60513),
    IdRange.between(60514, 60577),
    IdRange.between(60578, 60705),
    IdRange.between(61184, 65519),
    IdRange.between(65534, 65535),
    IdRange.between(2**31 - 1, 2**32 - 1),
)

BY_UID_BASE = 1000
"""The UID that gets the first block under the by-uid policy: the first login account everywhere."""

MAX_MAP_EXTENTS = 340
"""Lines that the kernel takes for one map, the user's own included (user_namespaces(7))."""

MAX_MAP_BYTES = 4095
"""The text of a map must be smaller than a page (user_namespaces(7)); long lines hit this first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How ranges are handed out: ``count`` IDs per user, inside ``window``."""

    count: int
    window: IdRange
    by_uid: bool = False
    floor: int = 0
    """The lowest ID that this host lets out. By-uid numbers below it are refused: they must not differ by host."""

    @property
    def slot(self) -> int:
        """The distance between two users' blocks: ``count`` rounded up to a multiple of 65536."""
        return _align(self.count)

    @property
    def first_start(self) -> int:
        return _align(self.window.start)

    @property
    def capacity(self) -> int:
        """How many users fit into the empty window."""
        room = self.window.stop - self.first_start
        return (room - self.count) // self.slot + 1 if room >= self.count else 0


@dataclass(frozen=True, slots=True)
class Refused:
    """No range could be handed out. ``reason`` and ``remedy`` are sentences for people."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRanges:
    """What a user has, and what everybody else has, on one side (UIDs or GIDs)."""

    own: tuple[IdRange, ...]
    others: tuple[IdRange, ...]
    real: frozenset[int]

    def blocks(self) -> list[IdRange]:
        """Everything that a new range must not touch."""
        return [*self.own, *self.others, *RESERVED, *(IdRange(number, 1) for number in self.real)]

    def conflict_with(self, wanted: IdRange, *, include_own: bool = False) -> IdRange | int | None:
        """What blocks ``wanted``: another range, a real ID, or nothing. ``include_own`` counts own ranges."""
        block = first_overlap(wanted, (*self.others, *RESERVED, *(self.own if include_own else ())))
        if block is not None:
            return block
        return min((number for number in self.real if number in wanted), default=None)


def allocate(policy: Policy, uid: int | None, sides: Iterable[SideRanges]) -> IdRange | Refused:
    """A fresh range for a user who has none, the same numbers on every side given.

    ``uid`` is None for an account that does not exist yet; by-uid cannot serve it before it does.
    """
    sides = tuple(sides)
    if policy.by_uid:
        return _by_uid(policy, uid, sides)
    blocks = [block for side in sides for block in side.blocks()]
    found = _first_free(policy.first_start, policy.count, policy.window.stop, blocks)
    if found is not None:
        return found
    return Refused(
        f"no free block of {policy.count} IDs between {policy.window.start} and {policy.window.last}: "
        f"an empty window has room for {policy.capacity} users with {policy.count} IDs each",
        "widen subids.window, lower subids.count, or remove ranges of accounts that are gone",
    )


def _align(start: int) -> int:
    return -(-start // ALIGN) * ALIGN


def _first_free(start: int, count: int, stop: int, blocks: Iterable[IdRange]) -> IdRange | None:
    """The lowest aligned range of ``count`` IDs from ``start`` on that ends by ``stop`` and touches no block."""
    for block in sorted(blocks):
        if start + count <= block.start:
            break
        if block.stop > start:
            start = _align(block.stop)
    return IdRange(start, count) if start + count <= stop else None


def _by_uid(policy: Policy, uid: int | None, sides: tuple[SideRanges, ...]) -> IdRange | Refused:
    if uid is None:
        return Refused("the account has no UID yet", "run again once the account exists")
    highest = BY_UID_BASE + policy.capacity - 1
    if not BY_UID_BASE <= uid <= highest:
        return Refused(
            f"UID {uid} is outside {BY_UID_BASE} to {highest}: with {policy.count} IDs per user, by-uid allocation "
            f"has room for {policy.capacity} users from {policy.window.start} to {policy.window.last}",
            "set a range for this user by hand (subuid: {start: ..., count: ...}), or use allocation: sequential",
        )
    wanted = IdRange(policy.first_start + (uid - BY_UID_BASE) * policy.slot, policy.count)
    if wanted.start < policy.floor:
        return Refused(
            f"by-uid allocation gives {wanted} to UID {uid}, but /etc/login.defs on this host starts at {policy.floor}",
            "lower SUB_UID_MIN and SUB_GID_MIN in /etc/login.defs, or set a range for this user by hand",
        )
    for side in sides:
        block = side.conflict_with(wanted, include_own=True)
        if block is not None:
            return Refused(
                f"by-uid allocation gives {wanted} to UID {uid}, but {describe(block)} is in the way",
                "free that range, or set a range for this user by hand",
            )
    return wanted


def grow(policy: Policy, side: SideRanges) -> IdRange | Refused:
    """The range to add to a user who has fewer than ``policy.count`` IDs: at the end if free, else a higher one.

    The missing number of IDs is what is added. ``side.own`` must not be empty.
    """
    missing = policy.count - total(side.own)
    if too_many([*side.own, IdRange(2**31 - 1, 1)]):  # as long as a line of a map can be
        return Refused(
            "the ID map has no room for another range", "merge the user's ranges, or assign one large range"
        )
    end = max(range_.stop for range_ in side.own)
    wanted = IdRange(end, missing)
    inside = policy.window.start <= wanted.start and wanted.stop <= policy.window.stop
    legacy = max(side.own).start < policy.window.start and wanted.stop <= policy.window.start
    if (inside or legacy) and side.conflict_with(wanted) is None:
        return wanted
    found = _first_free(max(policy.first_start, _align(end)), missing, policy.window.stop, side.blocks())
    if found is not None:
        return found
    return Refused(
        f"the existing range is {missing} IDs too small, the IDs after its end are not free, and no higher block is free up to "
        f"{policy.window.last}",
        "widen subids.window, or move this user's storage to a new range by hand",
    )


def too_many(ranges: Iterable[IdRange]) -> bool:
    """Whether the kernel would refuse the map of these ranges for its size."""
    extents = IdMap.expected(2**31 - 1, ranges).extents
    return len(extents) > MAX_MAP_EXTENTS or sum(len(str(extent)) + 1 for extent in extents) > MAX_MAP_BYTES


def describe(block: IdRange | int) -> str:
    """Say what :meth:`SideRanges.conflict_with` found."""
    if isinstance(block, IdRange):
        return f"the taken or reserved block {block.start} to {block.last}"
    return f"the account or group with ID {block}"
