"""How many more ranges fit: arithmetic on what is taken. A pure function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from podstead.ids.allocate import RESERVED, Policy
from podstead.ids.ranges import ALIGN, IdRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The room that is left in a window."""

    users: int
    """How many more ranges fit."""
    count: int
    """IDs in each."""
    next: int | None
    """Where the next one would start; None where none fits."""
    last: int
    """Where the window ends."""


def remaining(policy: Policy, taken: Iterable[IdRange]) -> Capacity:
    """The room between what is taken and what is reserved."""
    gaps = _gaps(policy.window, [*taken, *RESERVED])
    users, following = _by_uid(policy, gaps) if policy.by_uid else _in_order(policy, gaps)
    return Capacity(users=users, count=policy.count, next=following, last=policy.window.last)


def _in_order(policy: Policy, gaps: list[IdRange]) -> tuple[int, int | None]:
    users, following = 0, None
    for gap in gaps:
        start = -(-gap.start // ALIGN) * ALIGN
        fits = max(0, (gap.stop - start - policy.count) // policy.slot + 1) if gap.stop > start else 0
        if fits and following is None:
            following = start
        users += fits
    return users, following


def _gaps(window: IdRange, blocks: list[IdRange]) -> list[IdRange]:
    """What of the window no block touches, in order."""
    free, at = [], window.start
    for block in sorted(blocks):
        if block.start >= window.stop:
            break
        if block.start > at:
            free.append(IdRange(at, block.start - at))
        at = max(at, block.stop)
    if at < window.stop:
        free.append(IdRange(at, window.stop - at))
    return free


def _by_uid(policy: Policy, gaps: list[IdRange]) -> tuple[int, int | None]:
    """Under by-uid each UID has a place of its own: count the places that are free as a whole."""
    users, following = 0, None
    for gap in gaps:
        first = max(0, -(-(gap.start - policy.first_start) // policy.slot))
        last = (gap.stop - policy.count - policy.first_start) // policy.slot
        fits = max(0, min(last, policy.capacity - 1) - first + 1)
        if fits and following is None:
            following = policy.first_start + first * policy.slot
        users += fits
    return users, following
