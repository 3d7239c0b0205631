"""How many more users a host has room for. A pure function."""

from __future__ import annotations

from podstead.document.spec import HostSpec
from podstead.host.accounts import AccountsState
from podstead.host.subids import SubidsState, policy_of
from podstead.ids import capacity
from podstead.ids.allocate import Refused
from podstead.ids.capacity import Capacity
from podstead.ids.ranges import IdRange


def remaining_capacity(spec: HostSpec, state: SubidsState, accounts: AccountsState) -> Capacity | None:
    """The room in the spec's window, login.defs and both files considered; None where it cannot be known."""
    policy = policy_of(spec, state.login_defs)
    if (
        isinstance(policy, Refused)
        or state.source != "files"
        or not all(side.readable and side.regular and not side.unreadable_lines for side in state.sides)
    ):
        return None
    taken = [entry.range for side in state.sides for entry in side.taken()]
    return capacity.remaining(
        policy, [*taken, *(IdRange(number, 1) for number in accounts.uids | accounts.gids)]
    )
