"""Granting subordinate IDs to the users of one host, one after the other: what each is given, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from podstead import allocate, flaws, subidfile
from podstead.change import Change, EditShared, GrantSubids, Outcome, Phase, Refusal, unified_diff
from podstead.parts import subids
from podstead.parts.accounts import Account, AccountsState, owners
from podstead.parts.subids import SubidsState
from podstead.ranges import IdRange, first_overlap, total
from podstead.spec import HostSpec, RangeSpec, UserSpec
from podstead.subidfile import BadLine, SubidFile


class Allocator:
    """Serves one user after the other; each sees what the ones before were given."""

    def __init__(
        self, spec: HostSpec, state: SubidsState, accounts: AccountsState, storage: frozenset[str]
    ) -> None:
        self.accounts = accounts
        self.storage = storage
        self.state = state
        self.policy = policy_of(spec, state.login_defs)
        # UIDs that accounts get in the same run; useradd gives their groups the same numbers
        planned = {
            user.uid
            for name, user in spec.users.items()
            if user.create and user.uid is not None and name not in accounts.by_name
        }
        self.real = (accounts.uids | planned, accounts.gids | planned)

    @property
    def files(self) -> tuple[SubidFile, SubidFile]:
        return self.state.sides

    def holdings(self, name: str) -> tuple[allocate.Holdings, allocate.Holdings]:
        names = owners(name, self.accounts)
        both = []
        for file, real in zip(self.files, self.real, strict=True):
            own = tuple(sorted(entry.range for entry in file.of(names)))
            others = tuple(entry.range for entry in file.taken() if entry.owner not in names)
            both.append(allocate.Holdings(own=own, others=others, real=real))
        return both[0], both[1]

    def serve(self, name: str, user: UserSpec) -> Outcome:
        if isinstance(self.policy, allocate.Refused):
            return _refused(name, self.policy)
        account = self.accounts.by_name.get(name)
        if account is None and (not user.create or user.uid in self.accounts.uids):
            return Outcome()  # there will be no such account, and accounts.py says why
        damaged = self._damaged(name)
        if damaged:
            return damaged
        sides = self.holdings(name)
        if user.subuid or user.subgid:
            return self._by_hand(name, user, sides)
        flaw = self._flaw(name, self.files)
        if flaw:
            return _kept(name, flaw.text)
        wanted = self._wanted(sides, account.uid if account else None)
        if isinstance(wanted, allocate.Refused):
            if account is None and self.policy.by_uid:
                return Outcome()  # the next look knows the UID
            return _refused(name, wanted)
        return self._grant(name, wanted)

    def _damaged(self, name: str) -> Outcome | None:
        """A damaged line of the user's is no missing line: other IDs would be handed out than the files in storage have."""
        names = owners(name, self.accounts)
        found = [(file, bad) for file in self.files for bad in file.bad_of(names)]
        if not found:
            return None
        file, bad = found[0]
        where = "; ".join(f"{one.path}:{line.line}: {line.shown}" for one, line in found)
        return _refused(
            name,
            allocate.Refused(
                f"a line of {name} is damaged: {where}. Until it is corrected, nobody can say which IDs {name} has",
                _correction(file, bad),
            ),
        )

    def _flaw(self, name: str, files: tuple[SubidFile, SubidFile]) -> flaws.Flaw | None:
        """What is wrong with the ranges that a user would have if the files were these."""
        state = replace(self.state, subuid=files[0], subgid=files[1])
        for side in subids.sides(state, self.accounts):
            flaw = flaws.fatal(side, name)
            if flaw:
                return flaw
        return None

    def _wanted(
        self, sides: tuple[allocate.Holdings, allocate.Holdings], uid: int | None
    ) -> _Ranges | allocate.Refused:
        assert not isinstance(self.policy, allocate.Refused)  # noqa: S101 - serve() has returned
        if not any(side.own for side in sides):
            fresh = allocate.allocate(self.policy, uid, sides)
            return fresh if isinstance(fresh, allocate.Refused) else ((fresh,), (fresh,))
        added: list[tuple[IdRange, ...]] = []
        for side, twin in (sides, sides[::-1]):
            given = self._complete(side, twin, uid)
            if isinstance(given, allocate.Refused):
                return given
            added.append(given)
        return added[0], added[1]

    def _complete(
        self, side: allocate.Holdings, twin: allocate.Holdings, uid: int | None
    ) -> tuple[IdRange, ...] | allocate.Refused:
        """What one side lacks when the user has something on this side or the other."""
        assert not isinstance(self.policy, allocate.Refused)  # noqa: S101
        if not side.own:
            if all(side.blocked(one) is None for one in twin.own) and total(twin.own) >= self.policy.count:
                return twin.own
            fresh = allocate.allocate(self.policy, uid, (side,))
            return fresh if isinstance(fresh, allocate.Refused) else (fresh,)
        if total(side.own) >= self.policy.count:
            return ()
        more = allocate.grow(self.policy, side)
        return more if isinstance(more, allocate.Refused) else (more,)

    def _by_hand(
        self, name: str, user: UserSpec, sides: tuple[allocate.Holdings, allocate.Holdings]
    ) -> Outcome:
        """A range that the spec names: it must be free, and it replaces another only where no storage depends on it."""
        given = (user.subuid or user.subgid, user.subgid or user.subuid)
        add: list[tuple[IdRange, ...]] = []
        revoke: list[tuple[IdRange, ...]] = []
        for side, spec, file in zip(sides, given, self.files, strict=True):
            wanted = _range(spec)
            changed = side.own != (wanted,)
            add.append((wanted,) if changed else ())
            revoke.append(side.own if changed else ())
            if changed:
                problem = self._unfit(name, wanted, side, file)
                if problem:
                    return problem
        return self._grant(name, (add[0], add[1]), (revoke[0], revoke[1]))

    def _unfit(self, name: str, wanted: IdRange, side: allocate.Holdings, file: SubidFile) -> Outcome | None:
        """Why a range that the spec names cannot be given on one side."""
        account = self.accounts.by_name.get(name)
        reason = _reserved(wanted) or self._taken(name, wanted, side, file, account)
        if reason:
            why = f"the range asked for is no good for {file.path}: {reason}"
            return _refused(name, allocate.Refused(why, "choose another range"))
        if side.own and name in self.storage:
            held = ", ".join(str(one) for one in side.own)
            why = f"{file.path} grants {held}, the spec asks for {wanted}, and {name} has container storage whose files carry the old IDs"
            return _kept(name, why)
        return None

    def _taken(
        self, name: str, wanted: IdRange, side: allocate.Holdings, file: SubidFile, account: Account | None
    ) -> str | None:
        other = first_overlap(wanted, side.others)
        if other:
            return f"{wanted} overlaps {other} of another owner"
        own = None if account is None else account.uid if file.path.endswith("subuid") else account.gid
        if own is not None and own in wanted:
            return f"{wanted} includes {name}'s own ID {own}"
        real = min((number for number in side.real if number in wanted), default=None)
        return None if real is None else f"{wanted} includes {real}, the ID of an account or group"

    def _grant(self, name: str, add: _Ranges, revoke: _Ranges = ((), ())) -> Outcome:
        if not any((*add, *revoke)):
            return Outcome()
        unsettled = [(file, bad) for file in self.files for bad in file.unsettled]
        if unsettled:
            return _refused(name, _unsettled(unsettled))
        before = self.files
        after = (
            _with(before[0], owners(name, self.accounts), name, add[0], revoke[0]),
            _with(before[1], owners(name, self.accounts), name, add[1], revoke[1]),
        )
        edits = tuple(
            EditShared(path=old.path, content=new.text or "", expected=old.expected)
            for old, new in zip(before, after, strict=True)
        )
        self.state = replace(self.state, subuid=after[0], subgid=after[1])
        diff = "".join(
            unified_diff(old.path, old.text, new.text or "") for old, new in zip(before, after, strict=True)
        )
        step = GrantSubids(
            user=name, edits=(edits[0], edits[1]), subuids=add[0], subgids=add[1], idle=any(revoke)
        )
        what = " and ".join(
            f"{label} {', '.join(str(one) for one in ranges)}"
            for label, ranges in (("UIDs", add[0]), ("GIDs", add[1]))
            if ranges
        )
        change = Change(
            id=f"subids:{name}:ranges",
            phase=Phase.SUBIDS,
            title=f"grant {name} subordinate {what}",
            steps=(step,),
            diff=diff,
            user=name,
        )
        return Outcome(changes=(change,))


_Ranges = tuple[tuple[IdRange, ...], tuple[IdRange, ...]]


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


def _range(spec: RangeSpec | None) -> IdRange:
    assert spec is not None  # noqa: S101 - one of the two is given, the other falls back to it
    return IdRange(spec.start, spec.count)


def _reserved(wanted: IdRange) -> str | None:
    block = first_overlap(wanted, allocate.RESERVED)
    return f"{wanted} reaches into {block.start} to {block.last}, which is reserved" if block else None


def _with(
    file: SubidFile, names: frozenset[str], name: str, add: tuple[IdRange, ...], revoke: tuple[IdRange, ...]
) -> SubidFile:
    """The file as it will be: lines of the user's that are taken away are gone, new ones stand at the end."""
    gone = {entry.line for entry in file.of(names) if entry.range in revoke}
    lines = [line for number, line in enumerate((file.text or "").split("\n"), start=1) if number not in gone]
    text = "\n".join(lines)
    if text and not text.endswith("\n"):
        text += "\n"
    text += "".join(f"{name}:{one.start}:{one.count}\n" for one in add)
    return subidfile.parse(file.path, text, exists=True, mode=file.mode)


def _correction(file: SubidFile, bad: BadLine) -> str:
    """How a person corrects a damaged line, with a command where what it means is plain."""
    meant = bad.meant or (bad.grants[0] if len(bad.grants) == 1 else None)
    if meant is None:
        return (
            f"correct line {bad.line} of {file.path} to {bad.owner}:FIRST:COUNT in an editor (the files in the user's "
            "container storage show the IDs that it had: ls -ln), then run podstead apply"
        )
    line = f"{meant.owner}:{meant.range.start}:{meant.range.count}"
    if not re.fullmatch("[A-Za-z0-9._:@-]+", line):
        return f"if {line} is what was meant, correct line {bad.line} of {file.path} to that, then run podstead apply"
    return (
        f"if {line} is what was meant: sed -i '{bad.line}s/.*/{line}/' {file.path}; then run podstead apply"
    )


def _unsettled(lines: list[tuple[SubidFile, BadLine]]) -> allocate.Refused:
    where = "; ".join(f"{file.path}:{bad.line}: {bad.shown}" for file, bad in lines[:3])
    return allocate.Refused(
        f"no program can read {'this line' if len(lines) == 1 else 'these lines'}, so which IDs are free is not known: {where}",
        "correct each line to OWNER:FIRST:COUNT, or delete it where the IDs are nobody's; then run podstead apply",
    )


def _refused(name: str, why: allocate.Refused) -> Outcome:
    return Outcome(
        refusals=(
            Refusal(
                id=f"subids:{name}:ranges",
                title=f"{name} gets no subordinate IDs",
                reason=why.reason,
                remedy=why.remedy,
            ),
        )
    )


def _kept(name: str, reason: str) -> Outcome:
    return Outcome(
        refusals=(
            Refusal(
                id=f"subids:{name}:ranges",
                title=f"the existing ranges of {name} are not changed",
                reason=reason,
                remedy="existing ranges are never moved: save images and volumes (podman save, podman volume export), run "
                f"'podman system reset' as {name}, end the user's processes with 'loginctl terminate-user {name}', take the "
                "line out with usermod --del-subuids/--del-subgids, and apply again",
            ),
        )
    )
