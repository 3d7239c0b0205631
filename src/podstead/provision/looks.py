"""Users who could not be looked at: what depends on the look is refused, everybody else's parts go on."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from podstead.document.spec import HostSpec
from podstead.host.accounts import AccountsState
from podstead.provision.change import Outcome, Refusal


def plan(spec: HostSpec, unseen: Mapping[str, str], accounts: AccountsState) -> Outcome:
    """Refuse what depends on the look at a user that could not be had; everybody else's parts go on."""
    refusals = []
    for name in sorted(spec.users.keys() & unseen.keys() & accounts.by_name.keys()):
        account = accounts.by_name[name]
        seen = " ".join(map(shlex.quote, (account.home, f"{account.home}/.config/containers")))
        ids = [f"session:{name}:look"] + [f"storage:{name}:look"] * (spec.storage.driver is not None)
        refusals += [
            Refusal(
                id=one,
                title=f"{name} could not be looked at",
                reason=f"{unseen[name]}; what {name} has is not known, so it is left as it is",
                remedy=f"see what it is: timeout -k 2 20 runuser -u {shlex.quote(name)} -- "
                f"ls -la {seen} /run/user/{account.uid}; then run podstead again",
            )
            for one in ids
        ]
    return Outcome(refusals=tuple(refusals))
