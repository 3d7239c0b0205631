"""Subordinate UIDs and GIDs: ``/etc/subuid``, ``/etc/subgid``, and what the spec wants in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from podstead import subidfile
from podstead.change import (
    Change,
    CreateShared,
    EditShared,
    NotApplicable,
    Outcome,
    Phase,
    Refusal,
    Run,
    unified_diff,
)
from podstead.frames import Records
from podstead.parts.accounts import AccountsState, owners
from podstead.parts.grants import Allocator
from podstead.ranges import IdRange
from podstead.spec import HostSpec, UserSpec
from podstead.subidfile import SubidFile

PATHS = ("/etc/subuid", "/etc/subgid")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubidsState:
    """Both files, and where else the host takes ranges from."""

    subuid: SubidFile
    subgid: SubidFile
    login_defs: Mapping[str, int]
    source: str = "files"
    """What nsswitch.conf names for ``subid:`` ("files" when it names nothing)."""
    deterministic: bool = False
    """SUB_UID_DETERMINISTIC or SUB_GID_DETERMINISTIC is on (login.defs(5), shadow 4.20)."""
    directory: Mapping[str, tuple[tuple[IdRange, ...], tuple[IdRange, ...]]]
    """Ranges of users (UIDs, GIDs) as the directory gives them, when ``source`` is not "files"."""

    @property
    def sides(self) -> tuple[SubidFile, SubidFile]:
        return (self.subuid, self.subgid)


def parse(records: Records) -> SubidsState:
    unreadable = {record.argument for record in records.all("unreadable")}
    stats = _stats(records)
    files = []
    for path in PATHS:
        text = next(
            (
                one.body.decode("utf-8", "surrogateescape")
                for one in records.all("file")
                if one.argument == path
            ),
            None,
        )
        mode, owner = stats.get(path, ("", "0:0"))
        files.append(
            subidfile.parse(
                path,
                text,
                exists=path in stats or text is not None,
                readable=path not in unreadable,
                mode=mode,
                owner=owner,
            )
        )
    defs = {}
    for line in records.lines("login-defs"):
        fields = line.split()
        if len(fields) >= 2 and re.fullmatch(r"(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})", fields[1]):
            defs[fields[0]] = int(fields[1], 16 if fields[1][:2] in ("0x", "0X") else 10)
    users = {record.argument for record in records.all("getsubids")}
    return SubidsState(
        subuid=files[0],
        subgid=files[1],
        login_defs=defs,
        source=_source(records.lines("files")),
        deterministic=any(
            re.fullmatch(r"\s*SUB_[UG]ID_DETERMINISTIC\s+yes\s*", line, re.IGNORECASE)
            for line in records.lines("login-defs")
        ),
        directory={
            user: (
                _getsubids(records.lines("getsubids", user)),
                _getsubids(records.lines("getsubgids", user)),
            )
            for user in users
        },
    )


def _stats(records: Records) -> dict[str, tuple[str, str]]:
    found = {}
    for record in records.all("stat"):
        for line in record.text.splitlines():
            fields = line.split(":", 4)
            if len(fields) == 5 and fields[4] in PATHS and re.fullmatch("[0-7]+", fields[0]):
                found[fields[4]] = (fields[0], f"{fields[1]}:{fields[2]}")
    return found


def _source(lines: list[str]) -> str:
    for line in lines:
        match = re.match(r"/etc/nsswitch\.conf:\s*subid\s*:\s*(\S+)", line, re.IGNORECASE)
        if match:
            return match[1]
    return "files"


def _getsubids(lines: list[str]) -> tuple[IdRange, ...]:
    """Read ``0: alice 524288 65536`` lines of getsubids(1)."""
    matches = (re.fullmatch(r"\d+: .+ (\d{1,10}) (\d{1,10})", line.strip()) for line in lines)
    return tuple(
        sorted(IdRange(int(match[1]), int(match[2])) for match in matches if match and int(match[2]) > 0)
    )


def granted(
    name: str, state: SubidsState, accounts: AccountsState
) -> tuple[tuple[IdRange, ...], tuple[IdRange, ...]]:
    """The ranges that the host grants to a user: UIDs and GIDs, sorted."""
    if state.source != "files":
        return state.directory.get(name, ((), ()))
    names = owners(name, accounts)
    subuids, subgids = (tuple(sorted(entry.range for entry in side.of(names))) for side in state.sides)
    return subuids, subgids


def plan(
    spec: HostSpec, state: SubidsState, accounts: AccountsState, storage: frozenset[str], *, can_usermod: bool
) -> Outcome:
    """What must change so that every wanted user has good ranges. ``storage``: users who have container storage."""
    if not spec.users:
        return Outcome()
    blind = [side.path for side in state.sides if not side.readable]
    if blind:
        why = f"{' and '.join(blind)} could not be read without root"
        return Outcome(
            refusals=(
                Refusal(
                    id="subids:files:read", title="ranges are unknown", reason=why, remedy="run with --become"
                ),
            )
        )
    if state.source != "files":
        return _from_directory(spec, state)
    outcome, state = _mend(state, accounts)
    allocator = Allocator(spec, state.sides, state.login_defs, accounts, storage, can_usermod=can_usermod)
    for name, user in sorted(spec.users.items(), key=lambda item: _turn(item[0], item[1], accounts)):
        outcome += allocator.serve(name, user)
    return outcome


def _turn(name: str, user: UserSpec, accounts: AccountsState) -> tuple[bool, int, str]:
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


def _mend(state: SubidsState, accounts: AccountsState) -> tuple[Outcome, SubidsState]:
    """Create missing files, make them readable, take out white space and repeats; and the state after that."""
    outcome = Outcome()
    after = []
    for side in state.sides:
        name = side.path.rsplit("/", 1)[1]
        mended = side
        if not side.exists:
            outcome += _one(
                f"subids:{name}:exists",
                f"create {side.path}",
                CreateShared(path=side.path),
                unified_diff(side.path, None, ""),
            )
            mended = subidfile.parse(side.path, "", exists=True, mode="644")
        else:
            if not side.world_readable:
                outcome += _one(
                    f"subids:{name}:mode",
                    f"make {side.path} readable (mode {side.mode})",
                    Run(("chmod", "0644", "--", side.path)),
                )
            text = subidfile.repaired(side, lambda owner: _identity(owner, accounts))
            if text is not None:
                diff = unified_diff(side.path, side.text, text)
                step = EditShared(path=side.path, content=text, expected=side.expected)
                outcome += _one(f"subids:{name}:lines", f"mend damaged lines in {side.path}", step, diff)
                mended = subidfile.parse(side.path, text, exists=True, mode="644")
        after.append(mended)
    return outcome, replace(state, subuid=after[0], subgid=after[1])


def _identity(owner: str, accounts: AccountsState) -> str:
    account = accounts.owner(owner)
    return owner if account is None else str(account.uid)


def _one(change_id: str, title: str, step: CreateShared | EditShared | Run, diff: str = "") -> Outcome:
    return Outcome(changes=(Change(id=change_id, phase=Phase.SUBIDS, title=title, steps=(step,), diff=diff),))
