"""How many more users a host has room for. A pure function."""

from __future__ import annotations

from podstead.document.spec import HostSpec
from podstead.host.accounts import AccountsState
from podstead.host.subids import SubidsState, policy_of
from podstead.ids.allocate import RESERVED, Policy, Refused
from podstead.ids.ranges import ALIGN, IdRange
from podstead.visit.record import Capacity


def left(spec: HostSpec, state: SubidsState, accounts: AccountsState) -> Capacity | None:
    """The room in the spec's window, login.defs and both files considered; None where it cannot be known."""
    policy = policy_of(spec, state.login_defs)
    if (
        isinstance(policy, Refused)
        or state.source != "files"
        or not all(side.readable and side.regular and not side.unsettled for side in state.sides)
    ):
        return None
    blocks = [entry.range for side in state.sides for entry in side.taken()]
    blocks += [*RESERVED, *(IdRange(number, 1) for number in accounts.uids | accounts.gids)]
    gaps = list(_gaps(policy.window, blocks))
    if policy.by_uid:
        users, following = _by_uid(policy, gaps)
    else:
        users, following = 0, None
        for gap in gaps:
            start = -(-gap.start // ALIGN) * ALIGN
            fits = max(0, (gap.stop - start - policy.count) // policy.slot + 1) if gap.stop > start else 0
            if fits and following is None:
                following = start
            users += fits
    return Capacity(users=users, count=policy.count, next=following, last=policy.window.last)


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
