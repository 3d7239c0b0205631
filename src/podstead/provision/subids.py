"""What must change in ``/etc/subuid`` and ``/etc/subgid`` so that every user whom the spec names has good ranges."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from podstead.document.spec import HostSpec, UserSpec
from podstead.host.accounts import AccountsState
from podstead.host.state import HostState
from podstead.host.subids import PATHS, SubidsState, belongs_to_another
from podstead.ids import subid_files
from podstead.ids.subid_files import SubidFile
from podstead.provision.change import (
    Change,
    ClearLock,
    CreateShared,
    EditShared,
    NotApplicable,
    Outcome,
    Phase,
    Refusal,
    RunCommand,
    expected_of,
    unified_diff,
)
from podstead.provision.part import Meaning, Part, users_of
from podstead.provision.subid_grants import Allocator


def plan(
    spec: HostSpec,
    state: SubidsState,
    accounts: AccountsState,
    storage: frozenset[str],
    locks: Collection[str] = (),
) -> Outcome:
    """What must change so that every wanted user has good ranges.

    ``storage``: users who have container storage; ``locks``: shadow's locks, each with what is known of its owner.
    """
    if not spec.users:
        return Outcome()
    unreadable = [side.path for side in state.sides if not side.readable]
    if unreadable:
        why = f"{' and '.join(unreadable)} could not be read without root"
        return Outcome(
            refusals=(
                Refusal(
                    id="subids:files:read", title="ranges are unknown", reason=why, remedy="run with --become"
                ),
            )
        )
    if state.source != "files":
        return _from_directory(spec, state)
    irregular = tuple(_not_regular(side) for side in state.sides if not side.regular)
    if irregular:
        return Outcome(refusals=irregular)
    outcome, state = _repair(state, accounts)
    outcome = _clear_locks(locks) + outcome
    allocator = Allocator(spec, state, accounts, storage)
    for name, user in sorted(
        spec.users.items(), key=lambda item: _allocation_order(item[0], item[1], accounts)
    ):
        outcome += allocator.grant_for(name, user)
    return outcome


def _clear_locks(locks: Collection[str]) -> Outcome:
    """A process that was killed leaves its lock; usermod and useradd take it over, but only when they next come by."""
    outcome = Outcome()
    for path in PATHS:
        name = path.rpartition("/")[2]
        if f"{path}.lock dead" in locks:
            title = f"remove {path}.lock: the process that created it is gone"
            outcome += _single_change(f"subids:{name}:lock", title, ClearLock(path=path))
        elif f"{path}.lock none" in locks:
            outcome += Outcome(refusals=(_lock_without_process(name, f"{path}.lock"),))
    return outcome


def _lock_without_process(name: str, lock: str) -> Refusal:
    """shadow waits for such a lock for ever; a program that is just making it has been at it for no time at all."""
    return Refusal(
        id=f"subids:{name}:lock",
        title=f"{lock} is not removed: it names no process",
        reason=f"{lock} contains no process ID, so useradd and usermod never take it over, and it may belong to any program",
        remedy=f"if it is minutes old (ls -l {lock}) and no useradd, usermod or vipw is running: rm {lock}",
    )


def _not_regular(side: SubidFile) -> Refusal:
    """shadow opens the files with O_NOFOLLOW (lib/commonio.c), so nothing that is granted behind a link counts."""
    path = side.path
    is_symlink = side.kind == "symbolic link"
    return Refusal(
        id=f"subids:{path.rpartition('/')[2]}:link",
        title=f"{path} is a {side.kind}",
        reason=f"{path} is a {side.kind}: newuidmap, usermod and useradd open only regular files, so no range in it is granted",
        remedy=f'replace it with a regular file: cp --remove-destination "$(readlink -f {path})" {path} && chmod 0644 {path}; '
        "then stop whatever creates the link from doing so again"
        if is_symlink
        else f"move {path} away and run podstead apply again",
    )


def _allocation_order(name: str, user: UserSpec, accounts: AccountsState) -> tuple[bool, int, str]:
    """Ranges that the spec names come first: nobody else may be given their numbers before."""
    return not (user.subuid or user.subgid), _uid(accounts, name), name


def _uid(accounts: AccountsState, name: str) -> int:
    account = accounts.by_name.get(name)
    return account.uid if account else 2**32


def _from_directory(spec: HostSpec, state: SubidsState) -> Outcome:
    """nsswitch says that ranges come from elsewhere: then local files are not looked at by newuidmap."""
    outcome = Outcome()
    for name in sorted(spec.users):
        subuids, subgids = state.directory.get(name, ((), ()))
        if subuids and subgids:
            outcome += Outcome(
                not_applicable=(
                    NotApplicable(
                        id=f"subids:{name}:ranges", reason=f"nsswitch.conf takes ranges from {state.source}"
                    ),
                )
            )
            continue
        outcome += Outcome(
            refusals=(
                Refusal(
                    id=f"subids:{name}:ranges",
                    title=f"{name} has no subordinate IDs in {state.source}",
                    reason=f"nsswitch.conf says 'subid: {state.source}', so /etc/subuid and /etc/subgid are not read, "
                    f"and {state.source} gives {name} no ranges",
                    remedy=f"assign ranges to {name} in the directory, or set 'subid: files' in /etc/nsswitch.conf",
                ),
            )
        )
    return outcome


def _repair(state: SubidsState, accounts: AccountsState) -> tuple[Outcome, SubidsState]:
    """Create missing files, make them readable, take out white space and repeats; and the state after that."""
    outcome, subuid = _repair_file(state.subuid, accounts)
    more, subgid = _repair_file(state.subgid, accounts)
    return outcome + more, replace(state, subuid=subuid, subgid=subgid)


def _repair_file(side: SubidFile, accounts: AccountsState) -> tuple[Outcome, SubidFile]:
    name = side.path.rsplit("/", 1)[1]
    if not side.exists:
        outcome = _single_change(
            f"subids:{name}:exists",
            f"create {side.path}",
            CreateShared(path=side.path),
            unified_diff(side.path, None, ""),
        )
        return outcome, subid_files.parse(side.path, "", exists=True, mode="644")
    outcome = Outcome()
    if not side.world_readable:
        step = RunCommand(("chmod", "0644", "--", side.path))
        outcome = _single_change(f"subids:{name}:mode", f"make {side.path} readable (mode {side.mode})", step)
    text = subid_files.repaired(
        side,
        accounts.identity,
        lambda wanted, owner: belongs_to_another(wanted, owner, side, accounts),
    )
    if text is None:
        return outcome, side
    diff = unified_diff(side.path, side.text, text)
    edit = EditShared(path=side.path, content=text, expected=expected_of(side.text))
    outcome += _single_change(f"subids:{name}:lines", f"repair damaged lines in {side.path}", edit, diff)
    return outcome, subid_files.parse(side.path, text, exists=True, mode="644")


def _single_change(
    change_id: str, title: str, step: CreateShared | EditShared | ClearLock | RunCommand, diff: str = ""
) -> Outcome:
    return Outcome(changes=(Change(id=change_id, phase=Phase.SUBIDS, title=title, steps=(step,), diff=diff),))


def _from_state(spec: HostSpec, state: HostState, _allowed: frozenset[str]) -> Outcome:
    locks = state.facts.host.all("lock")
    return plan(spec, state.subids, state.accounts, state.users_with_storage, locks)


PART: Final = Part(
    name="subids",
    does="grants subordinate UIDs and GIDs",
    phases=(Phase.SUBIDS,),
    about=users_of,
    plan=_from_state,
    changes=(
        Meaning(
            id="subids:NAME:ranges",
            title="grant subordinate UIDs and GIDs",
            why=(
                "The range does not overlap other owners, accounts or reserved blocks, is the same for UIDs and GIDs, and is "
                "aligned to 65536. Existing good ranges are never moved, because files in container storage carry their IDs."
            ),
            remedy="usermod --add-subuids FIRST-LAST --add-subgids FIRST-LAST NAME",
            sources=("subuid(5)", "usermod(8)", "systemd docs/UIDS-GIDS.md"),
        ),
        Meaning(
            id="subids:files:read",
            title="the ranges could not be read",
            why="A file that cannot be read is not an empty file: planning without it would allocate IDs that someone else already has.",
            remedy="Run with --become, or as root.",
            sources=("subuid(5)",),
        ),
        Meaning(
            id="subids:subuid:lock",
            title="remove the lock of a process that is gone",
            why=(
                "A tool that was killed leaves /etc/subuid.lock or /etc/subgid.lock behind. useradd and usermod take such a lock "
                "over when they next need it; a lock that names no process is refused, because it may belong to any program."
            ),
            remedy="rm /etc/subuid.lock, if the process that it names (cat /etc/subuid.lock) does not exist",
            sources=("shadow lib/commonio.c",),
        ),
        Meaning(
            id="subids:subuid:link",
            title="/etc/subuid (or /etc/subgid) is not a regular file",
            why=(
                "newuidmap, usermod and useradd open only regular files, so no range behind a symbolic link is granted. Writing "
                "through the link could change a file that belongs to someone else."
            ),
            remedy='cp --remove-destination "$(readlink -f /etc/subuid)" /etc/subuid && chmod 0644 /etc/subuid',
            sources=("shadow lib/commonio.c",),
        ),
        Meaning(
            id="subids:subuid:exists",
            title="create /etc/subuid (or /etc/subgid)",
            why="Where the file is missing, useradd silently allocates nothing and usermod refuses.",
            remedy="touch /etc/subuid && chmod 0644 /etc/subuid",
            sources=("useradd(8)",),
        ),
        Meaning(
            id="subids:subuid:mode",
            title="make /etc/subuid (or /etc/subgid) readable for all",
            why="Podman reads the file as the user; newuidmap does not need that permission, so only Podman fails.",
            remedy="chmod 0644 /etc/subuid /etc/subgid",
            sources=("subuid(5)",),
        ),
        Meaning(
            id="subids:subuid:lines",
            title="repair damaged lines in /etc/subuid (or /etc/subgid)",
            why="Trailing blanks and CRLF make shadow skip a line, and a repeated range makes the kernel refuse the map.",
            remedy="Edit the file with vipw-like care: one NAME:START:COUNT per line, no blanks, no repeats.",
            sources=("subuid(5)", "podman#3636"),
        ),
    ),
)
