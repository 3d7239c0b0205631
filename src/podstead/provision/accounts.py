"""Accounts: creating those that the document wants created."""

from __future__ import annotations

from typing import Final

from podstead.document.spec import HostSpec, UserSpec
from podstead.host.accounts import AccountsState
from podstead.provision.change import Change, Outcome, Phase, Refusal, RunCommand
from podstead.provision.part import Meaning, Part, users_of


def plan(spec: HostSpec, state: AccountsState) -> Outcome:
    """Create what is missing and may be created; refuse what is missing and may not."""
    outcome = Outcome()
    for name, user in sorted(spec.users.items()):
        account = state.by_name.get(name)
        if account is None:
            outcome += _missing(name, user, state)
        elif account.uid == 0:
            outcome += Outcome(
                refusals=(
                    Refusal(
                        id=f"accounts:{name}:uid",
                        title=f"{name} has UID 0",
                        reason="Podman of UID 0 is not rootless",
                        remedy="name an ordinary user",
                    ),
                )
            )
    return outcome


def _missing(name: str, user: UserSpec, state: AccountsState) -> Outcome:
    if not user.create:
        return Outcome(
            refusals=(
                Refusal(
                    id=f"accounts:{name}:exists",
                    title=f"account {name} is missing",
                    reason=f"the host has no account {name}, and the document does not say to create it",
                    remedy=f"create the account, or let podstead create it: podstead: {{users: {{{name}: {{create: true}}}}}}",
                ),
            )
        )
    if user.uid is not None and user.uid in state.uids:
        return Outcome(
            refusals=(
                Refusal(
                    id=f"accounts:{name}:uid",
                    title=f"UID {user.uid} is taken",
                    reason=f"users.{name}.uid is {user.uid}, but another account on this host has that UID",
                    remedy="choose another UID",
                ),
            )
        )
    # SUB_UID_COUNT=0: useradd must not hand out a range of its own (it looks at no account, shadow#525)
    argv = ["useradd", "-m", "-s", user.shell, "-K", "SUB_UID_COUNT=0", "-K", "SUB_GID_COUNT=0"]
    if user.uid is not None:
        argv += ["-u", str(user.uid)]
    return Outcome(
        changes=(
            Change(
                id=f"accounts:{name}:exists",
                phase=Phase.ACCOUNTS,
                title=f"create account {name}",
                user=name,
                steps=(RunCommand((*argv, "--", name)),),
            ),
        )
    )


PART: Final = Part(
    name="accounts",
    does="checks that the users exist, and creates those that have create: true",
    phases=(Phase.ACCOUNTS,),
    about=users_of,
    plan=lambda spec, state, _allowed: plan(spec, state.accounts),
    changes=(
        Meaning(
            id="accounts:NAME:exists",
            title="create an account",
            why="Done only where the document says create: true.",
            remedy="useradd -m NAME",
            sources=("useradd(8)",),
        ),
        Meaning(
            id="accounts:NAME:uid",
            title="an account cannot have this UID",
            why="Another account has it, or it is 0: Podman of UID 0 is not rootless.",
            remedy="Choose another UID or another user.",
            sources=("passwd(5)",),
        ),
    ),
)
