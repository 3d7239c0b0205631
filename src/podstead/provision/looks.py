"""Users who could not be inspected: what depends on the look is refused, whichever part it belongs to."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

from podstead.document.spec import HostSpec
from podstead.host.accounts import AccountsState
from podstead.provision.change import Outcome, Refusal
from podstead.provision.part import Meaning

OF_SESSION: Final = Meaning(
    id="session:NAME:look",
    title="could not inspect a user",
    why=(
        "podstead looks at everything that belongs to a user with that user's own rights and within a time limit that root "
        "enforces. If something of the user's hangs, or no program can be run as the user, that user is left unchanged; all others are processed."
    ),
    remedy="timeout -k 2 20 runuser -u NAME -- ls -la ~NAME/.config/containers /run/user/UID, then run podstead again",
    sources=("runuser(1)", "fs/fuse/dev.c"),
)
OF_STORAGE: Final = Meaning(
    id="storage:NAME:look",
    title="could not inspect the storage of a user",
    why="The driver of a user's storage is determined by files that only a look at this user shows; see session:NAME:look.",
    remedy="timeout -k 2 20 runuser -u NAME -- ls -la ~NAME/.config/containers /run/user/UID, then run podstead again",
    sources=("containers-storage.conf(5)",),
)


def plan(spec: HostSpec, uninspected: Mapping[str, str], accounts: AccountsState) -> Outcome:
    """Refuse what depends on the look at a user that could not be had; everybody else's parts go on."""
    refusals = []
    for name in sorted(spec.users.keys() & uninspected.keys() & accounts.by_name.keys()):
        account = accounts.by_name[name]
        paths = " ".join(map(shlex.quote, (account.home, f"{account.home}/.config/containers")))
        ids = [f"session:{name}:look"] + [f"storage:{name}:look"] * (spec.storage.driver is not None)
        refusals += [
            Refusal(
                id=change_id,
                title=f"{name} could not be inspected",
                reason=f"{uninspected[name]}; what {name} has is unknown, so it is left unchanged",
                remedy=f"find out what it is: timeout -k 2 20 runuser -u {shlex.quote(name)} -- "
                f"ls -la {paths} /run/user/{account.uid}; then run podstead again",
            )
            for change_id in ids
        ]
    return Outcome(refusals=tuple(refusals))
