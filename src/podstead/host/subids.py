"""Subordinate UIDs and GIDs: ``/etc/subuid``, ``/etc/subgid``, and where else a host takes ranges from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from podstead.document.spec import HostSpec
from podstead.host.accounts import AccountsState, owners
from podstead.host.frames import Records
from podstead.ids import allocate, subid_files
from podstead.ids.flaws import Granted, Side
from podstead.ids.ranges import IdRange
from podstead.ids.subid_files import Entry, SubidFile

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
                record.body.decode("utf-8", "surrogateescape")
                for record in records.all("file")
                if record.argument == path
            ),
            None,
        )
        mode, owner, kind = stats.get(path, ("", "0:0", "regular file"))
        files.append(
            subid_files.parse(
                path,
                text,
                exists=path in stats or text is not None,
                readable=path not in unreadable,
                mode=mode,
                owner=owner,
                kind=kind,
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


def _stats(records: Records) -> dict[str, tuple[str, str, str]]:
    found = {}
    for record in records.all("stat"):
        for line in record.text.splitlines():
            fields = line.split(":", 4)
            if len(fields) == 5 and fields[4] in PATHS and re.fullmatch("[0-7]+", fields[0]):
                found[fields[4]] = (fields[0], f"{fields[1]}:{fields[2]}", fields[3])
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
    if not all(side.regular for side in state.sides):
        return (), ()  # shadow opens nothing but regular files
    subuids, subgids = (tuple(sorted(entry.range for entry in side.of(names))) for side in state.sides)
    return subuids, subgids


def sides(state: SubidsState, accounts: AccountsState) -> tuple[Side, Side]:
    """What is granted on this host, and to whom, as :mod:`podstead.ids.flaws` judges it: UIDs, then GIDs."""
    names = {account.name: account for account in accounts.by_name.values()}
    real = ({account.uid: account.name for account in names.values()}, accounts.groups)
    own = (
        {name: account.uid for name, account in names.items()},
        {name: account.gid for name, account in names.items()},
    )
    defs = state.login_defs
    both = []
    for index, (kind, file) in enumerate(zip(("UID", "GID"), state.sides, strict=True)):
        if state.source == "files":
            grants, taken = grants_of_file(file, accounts)
        else:
            taken = ()
            grants = tuple(
                Granted(owner=user, range=range_, where=state.source, owner_as_written=user)
                for user, ranges in sorted(state.directory.items())
                for range_ in ranges[index]
            )
        both.append(
            Side(
                kind=kind,
                grants=grants,
                own=own[index],
                real=real[index],
                account_max=defs.get(f"{kind}_MAX", 60000),
                taken=taken,
            )
        )
    return both[0], both[1]


def grants_of_file(
    file: SubidFile, accounts: AccountsState
) -> tuple[tuple[Granted, ...], tuple[Granted, ...]]:
    """The good grants of a file, and what some program takes its damaged lines for."""

    def granted_by(entry: Entry) -> Iterator[Granted]:
        # one UID is one user to the kernel, however many names it has
        named = {account.uid: account.name for account in reversed(accounts.owners(entry.owner))}
        for owner in named.values() or (entry.owner,):
            yield Granted(
                owner=owner,
                range=entry.range,
                where=f"{file.path}:{entry.line}",
                owner_as_written=entry.owner,
            )

    return (
        tuple(grant for entry in file.entries for grant in granted_by(entry)),
        tuple(grant for bad in file.bad for entry in bad.grants for grant in granted_by(entry)),
    )


def belongs_to_another(wanted: IdRange, owner: str, file: SubidFile, accounts: AccountsState) -> bool:
    """Whether a range that a damaged line of ``owner`` means holds what another line grants, or another account's ID."""
    identity = accounts.identity(owner)
    account = accounts.by_name.get(identity)
    users = file.path.endswith("subuid")
    own = None if account is None else account.uid if users else account.gid
    return any(
        entry.range.overlaps(wanted) for entry in file.taken() if accounts.identity(entry.owner) != identity
    ) or any(number in wanted for number in (accounts.uids if users else accounts.gids) if number != own)


def policy_of(spec: HostSpec, login_defs: Mapping[str, int]) -> allocate.Policy | allocate.Refused:
    """The window of the spec, made narrower by login.defs(5) where that is stricter."""
    first, last = spec.subids.window
    low = max([first, *(login_defs[key] for key in ("SUB_UID_MIN", "SUB_GID_MIN") if key in login_defs)])
    high = min([last, *(login_defs[key] for key in ("SUB_UID_MAX", "SUB_GID_MAX") if key in login_defs)])
    if high - low + 1 < spec.subids.count:
        return allocate.Refused(
            f"subids.window {first} to {last} and login.defs (SUB_UID_MIN .. SUB_GID_MAX) leave no room for {spec.subids.count} IDs",
            "widen SUB_UID_MAX and SUB_GID_MAX in /etc/login.defs, or move subids.window",
        )
    # by-uid must give the same numbers everywhere, so a stricter host may refuse them but never shift them
    by_uid = spec.subids.allocation == "by-uid"
    window = IdRange.between(first if by_uid else low, high)
    return allocate.Policy(count=spec.subids.count, window=window, by_uid=by_uid, floor=low)
