"""What is wrong with granted ranges: the one place that judges them. Pure functions.

apply asks it about ranges that a user has or is to get, verify about each user, and the look at whole files about every
owner, so that no two of them can disagree. No tool of the system checks this: usermod(8) adds overlapping ranges without a
word, and useradd(8) looks at no account.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from podstead.ids.allocate import RESERVED, too_many
from podstead.ids.ranges import IdRange, first_overlap

ROOTFUL = "containers"
"""The pseudo-user of rootful --userns=auto (containers-storage.conf(5)): it needs no account."""
LAST_ID = 2**32 - 2
"""The last ID that exists: 2**32 - 1 is (uid_t) -1, which means no ID (credentials(7), setresuid(2))."""
_REACHING = 16
"""Ranges that each further one is compared with."""
_RESERVED = RESERVED[1:-1]
"""systemd's blocks among the reserved ones, without the login accounts and without everything above 2**31."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """``owner`` (an account's name where there is one) is granted ``range``; ``where`` says by what, ``owner_as_written`` how it names the owner."""

    owner: str
    range: IdRange
    where: str
    owner_as_written: str = ""


@dataclass(frozen=True, kw_only=True)
class Side:
    """All grants of UIDs, or all of GIDs, and the real IDs that they must not touch."""

    kind: str
    """UID or GID."""
    grants: tuple[Granted, ...]
    own: Mapping[str, int]
    """The own ID of each account by its name."""
    real: Mapping[int, str]
    """Every ID of an account (or group), and what to call it."""
    account_max: int = 60000
    """UID_MAX or GID_MAX of login.defs(5)."""
    taken: tuple[Granted, ...] = field(default=())
    """What some program takes a damaged line for: nobody's good range, and nobody else's to have."""

    @cached_property
    def numbers(self) -> Sequence[int]:
        return sorted(self.real)

    @cached_property
    def everything(self) -> tuple[Granted, ...]:
        return (*self.grants, *self.taken)

    @cached_property
    def damaged(self) -> frozenset[Granted]:
        return frozenset(self.taken)

    def of(self, owner: str) -> tuple[Granted, ...]:
        return tuple(grant for grant in self.grants if grant.owner == owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeFlaw:
    """Something wrong with the range of ``owner``. ``ref`` is a row of the catalogue.

    ``other`` is whoever else is concerned: the other owner, or the account whose ID lies in the range. ``owners`` are
    those whose ranges it is about. ``fatal``: no new grant and no further step can be built on such a range.
    """

    ref: str
    owner: str
    text: str
    range: IdRange | None = None
    other: str = ""
    fatal: bool = True
    damaged: str = ""
    """``FILE:LINE`` of a damaged line that is the only reason for it."""

    @property
    def instead(self) -> str:
        """The remedy, where the catalogue's would move a good range away from a damaged line."""
        file, _, line = self.damaged.rpartition(":")
        take_out = f"Delete the damaged line, or correct it in an editor: sed -i '{line}d' {file}; then podstead apply"
        return take_out if file else ""

    @property
    def owners(self) -> frozenset[str]:
        return frozenset({self.owner, self.other}) if self.ref == "C10" else frozenset({self.owner})


def owner_flaws(side: Side, owner: str) -> tuple[RangeFlaw, ...]:
    """Everything wrong with the ranges of one owner on one side, overlaps with everybody else included."""
    grants = side.of(owner)
    return (*_overlaps_with_others(grants, side), *_own_flaws(grants, side))


def all_flaws(side: Side) -> tuple[RangeFlaw, ...]:
    """Everything wrong with the ranges of all owners on one side; each overlap is named once."""
    by_owner: dict[str, list[Granted]] = {}
    for grant in side.grants:
        by_owner.setdefault(grant.owner, []).append(grant)
    found = [flaw for grants in by_owner.values() for flaw in _own_flaws(grants, side)]
    return (*_overlaps(side), *found)


def first_fatal(side: Side, owner: str) -> RangeFlaw | None:
    """The first flaw for which nothing may be built on the owner's ranges, or None."""
    return next((flaw for flaw in owner_flaws(side, owner) if flaw.fatal), None)


def _overlap(grant: Granted, other: Granted, side: Side) -> RangeFlaw:
    return RangeFlaw(
        damaged=next((each.where for each in (grant, other) if each in side.damaged), ""),
        ref="C10",
        owner=grant.owner,
        other=other.owner,
        range=grant.range,
        text=f"{grant.where}: {grant.owner}'s {grant.range} overlaps {other.owner}'s {other.range} ({other.where})",
    )


def _overlaps_with_others(grants: Iterable[Granted], side: Side) -> Iterator[RangeFlaw]:
    """Overlaps of one owner's ranges with those of others, the lowest for each."""
    for grant in grants:
        met = [
            other
            for other in side.everything
            if other.owner != grant.owner and other.range.overlaps(grant.range)
        ]
        if met:
            yield _overlap(grant, min(met, key=lambda other: other.range), side)


def _overlaps(side: Side) -> Iterator[RangeFlaw]:
    """Overlaps of different owners: sorted by start, a range can only overlap those that reach past its start."""
    reaching: list[Granted] = []
    for grant in sorted(side.everything, key=lambda grant: (grant.range, grant.where)):
        reaching = [other for other in reaching if other.range.stop > grant.range.start]
        yield from (_overlap(other, grant, side) for other in reaching if other.owner != grant.owner)
        reaching.append(grant)
        # a file of thousands of overlaps is named by those that reach furthest
        reaching = sorted(reaching, key=lambda other: other.range.stop)[-_REACHING:]


def _own_flaws(grants: Sequence[Granted], side: Side) -> Iterator[RangeFlaw]:
    """What is wrong with one owner's ranges whatever other owners have."""
    for grant in grants:
        yield from _range_flaws(grant, side)
        yield from _real_ids(grant, side)
    yield from _repeats(sorted(grants, key=lambda grant: grant.range))
    if grants and too_many(grant.range for grant in grants):
        owner = grants[0].owner
        text = f"{owner} has {len(grants)} ranges of {side.kind}s, more than the kernel accepts in one ID map"
        yield RangeFlaw(ref="C18", owner=owner, text=text)


def _range_flaws(grant: Granted, side: Side) -> Iterator[RangeFlaw]:
    own = side.own.get(grant.owner)
    where = f"{grant.where}: {grant.owner}'s {grant.range}"
    if own is not None and own in grant.range:
        text = f"{where} includes the owner's own {side.kind} {own}"
        yield RangeFlaw(ref="C09", owner=grant.owner, text=text, range=grant.range)
    if grant.range.last > LAST_ID:
        text = f"{where} reaches beyond {LAST_ID}, the last ID that exists"
        yield RangeFlaw(ref="C12", owner=grant.owner, text=text, range=grant.range)
    if grant.range.count == 65537:
        yield RangeFlaw(
            ref="C25", owner=grant.owner, text=f"{where} has 65537 IDs", range=grant.range, fatal=False
        )


def _repeats(grants: Sequence[Granted]) -> Iterator[RangeFlaw]:
    for grant, other in pairwise(grants):
        if grant.range == other.range:
            ref = "C07" if grant.owner_as_written == other.owner_as_written else "C06"
            text = f"{grant.where} and {other.where} grant {grant.owner} {grant.range} twice"
            yield RangeFlaw(ref=ref, owner=grant.owner, text=text, range=grant.range)
        elif grant.range.overlaps(other.range):
            text = f"{grant.where} and {other.where}, both of {grant.owner}, overlap: {grant.range}, {other.range}"
            yield RangeFlaw(ref="C08", owner=grant.owner, text=text, range=grant.range)


def _real_ids(grant: Granted, side: Side) -> Iterator[RangeFlaw]:
    """Accounts inside a range: the range is in the wrong place where accounts are made (C11), else the account is (C27)."""
    number = _first_inside(grant, side)
    where = f"{grant.where}: {grant.owner}'s {grant.range}"
    if number is not None:
        low = number <= side.account_max or any(number in block for block in _RESERVED)
        yield RangeFlaw(
            ref="C11" if low else "C27",
            owner=grant.owner,
            other=side.real[number],
            range=grant.range,
            text=f"{where} includes {number}, the {side.kind} of {side.real[number]}",
        )
        return
    block = first_overlap(grant.range, RESERVED[:-1])
    if block:
        text = f"{where} reaches into the reserved block {block.start} to {block.last}"
        yield RangeFlaw(ref="C11", owner=grant.owner, range=grant.range, text=text, fatal=False)


def _first_inside(grant: Granted, side: Side) -> int | None:
    """The lowest real ID in a range that is not the owner's own."""
    own = side.own.get(grant.owner)
    for index in range(bisect_left(side.numbers, grant.range.start), len(side.numbers)):
        number = side.numbers[index]
        if number not in grant.range:
            return None
        if number != own:
            return number
    return None
