"""Granting subordinate IDs to the users of one host, one after the other: what each is given, and what is refused."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from podstead.document.spec import HostSpec, RangeSpec, UserSpec
from podstead.host import subids
from podstead.host.accounts import AccountsState, owners
from podstead.host.subids import SubidsState, policy_of
from podstead.ids import allocate, flaws, subid_files
from podstead.ids.ranges import IdRange, total
from podstead.ids.subid_files import BadLine, SubidFile
from podstead.provision.change import (
    Change,
    EditShared,
    GrantSubids,
    Outcome,
    Phase,
    Refusal,
    expected_of,
    unified_diff,
)


class Allocator:
    """Grants ranges to one user after the other; each sees what the users before were given."""

    def __init__(
        self, spec: HostSpec, state: SubidsState, accounts: AccountsState, storage: frozenset[str]
    ) -> None:
        self.accounts = accounts
        self.storage = storage
        self._continue_from(state)
        self.policy = policy_of(spec, state.login_defs)
        # UIDs that accounts get in the same run; useradd gives their groups the same numbers
        planned = {
            user.uid
            for name, user in spec.users.items()
            if user.create and user.uid is not None and name not in accounts.by_name
        }
        self.real = (accounts.uids | planned, accounts.gids | planned)

    def _continue_from(self, state: SubidsState) -> None:
        self.state = state
        self.sides = subids.sides(state, self.accounts)

    @property
    def files(self) -> tuple[SubidFile, SubidFile]:
        return self.state.sides

    def ranges_by_side(self, name: str) -> tuple[allocate.SideRanges, allocate.SideRanges]:
        names = owners(name, self.accounts)
        both = []
        for file, real in zip(self.files, self.real, strict=True):
            own = tuple(sorted(entry.range for entry in file.of(names)))
            others = tuple(entry.range for entry in file.taken() if entry.owner not in names)
            both.append(allocate.SideRanges(own=own, others=others, real=real))
        return both[0], both[1]

    def grant_for(self, name: str, user: UserSpec) -> Outcome:
        if isinstance(self.policy, allocate.Refused):
            return _refused(name, self.policy)
        account = self.accounts.by_name.get(name)
        if account is None and (not user.create or user.uid in self.accounts.uids):
            return Outcome()  # there will be no such account, and accounts.py says why
        damaged = self._damaged(name)
        if damaged:
            return damaged
        sides = self.ranges_by_side(name)
        if user.subuid or user.subgid:
            return self._explicit_range(name, user, sides)
        flaw = next(filter(None, (flaws.first_fatal(side, name) for side in self.sides)), None)
        if flaw:
            return _flawed(name, flaw)
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
        where = "; ".join(f"{file.path}:{bad.line}: {bad.printable}" for file, bad in found)
        # from the last line up, so that no deletion moves a line that is still to be corrected
        corrected = "; ".join(_correction(file, bad, self.accounts) for file, bad in reversed(found))
        return _refused(
            name,
            allocate.Refused(
                f"a line of {name} is damaged: {where}. Until it is corrected, it is not known which IDs {name} has",
                f"{corrected}; then run podstead apply",
            ),
        )

    def _wanted(
        self, sides: tuple[allocate.SideRanges, allocate.SideRanges], uid: int | None
    ) -> _Ranges | allocate.Refused:
        assert not isinstance(self.policy, allocate.Refused)  # noqa: S101 - grant_for() has returned
        if not any(side.own for side in sides):
            fresh = allocate.allocate(self.policy, uid, sides)
            return fresh if isinstance(fresh, allocate.Refused) else ((fresh,), (fresh,))
        added: list[tuple[IdRange, ...]] = []
        for side, other_side in (sides, sides[::-1]):
            ranges = self._complete(side, other_side, uid)
            if isinstance(ranges, allocate.Refused):
                return ranges
            added.append(ranges)
        return added[0], added[1]

    def _complete(
        self, side: allocate.SideRanges, other_side: allocate.SideRanges, uid: int | None
    ) -> tuple[IdRange, ...] | allocate.Refused:
        """What one side lacks when the user has something on this side or the other."""
        assert not isinstance(self.policy, allocate.Refused)  # noqa: S101
        if not side.own:
            if (
                all(side.conflict_with(range_) is None for range_ in other_side.own)
                and total(other_side.own) >= self.policy.count
            ):
                return other_side.own
            fresh = allocate.allocate(self.policy, uid, (side,))
            return fresh if isinstance(fresh, allocate.Refused) else (fresh,)
        if total(side.own) >= self.policy.count:
            return ()
        more = allocate.grow(self.policy, side)
        return more if isinstance(more, allocate.Refused) else (more,)

    def _explicit_range(
        self, name: str, user: UserSpec, sides: tuple[allocate.SideRanges, allocate.SideRanges]
    ) -> Outcome:
        """A range that the spec names: it must be free, and it replaces another only where no storage depends on it."""
        requested = (user.subuid or user.subgid, user.subgid or user.subuid)
        add: list[tuple[IdRange, ...]] = []
        revoke: list[tuple[IdRange, ...]] = []
        for side, spec, file, grants in zip(sides, requested, self.files, self.sides, strict=True):
            wanted = _range(spec)
            changed = side.own != (wanted,)
            flaw = None if changed else flaws.first_fatal(grants, name)
            if flaw:
                return _flawed(name, flaw)
            add.append((wanted,) if changed else ())
            revoke.append(side.own if changed else ())
            if changed:
                problem = self._why_unusable(name, wanted, side, file)
                if problem:
                    return problem
        return self._grant(name, (add[0], add[1]), (revoke[0], revoke[1]))

    def _why_unusable(
        self, name: str, wanted: IdRange, side: allocate.SideRanges, file: SubidFile
    ) -> Outcome | None:
        """Why a range that the spec names cannot be given on one side."""
        block = side.conflict_with(wanted)
        if block is not None:
            why = f"the requested range cannot be used in {file.path}: {allocate.describe(block)} is in the way of {wanted}"
            return _refused(name, allocate.Refused(why, "choose another range"))
        if side.own and name in self.storage:
            return _used_by_storage(name, wanted, side.own, file)
        return None

    def _grant(self, name: str, add: _Ranges, revoke: _Ranges = ((), ())) -> Outcome:
        if not any((*add, *revoke)):
            return Outcome()
        unreadable = [(file, bad) for file in self.files for bad in file.unreadable_lines]
        if unreadable:
            return _refused(name, _unreadable_lines(unreadable))
        before = self.files
        after = (
            _edited(before[0], owners(name, self.accounts), name, add[0], revoke[0]),
            _edited(before[1], owners(name, self.accounts), name, add[1], revoke[1]),
        )
        edits = tuple(
            EditShared(path=old.path, content=new.text or "", expected=expected_of(old.text))
            for old, new in zip(before, after, strict=True)
        )
        self._continue_from(replace(self.state, subuid=after[0], subgid=after[1]))
        diff = "".join(
            unified_diff(old.path, old.text, new.text or "") for old, new in zip(before, after, strict=True)
        )
        step = GrantSubids(
            user=name, edits=(edits[0], edits[1]), subuids=add[0], subgids=add[1], idle=any(revoke)
        )
        what = " and ".join(
            f"{label} {', '.join(str(range_) for range_ in ranges)}"
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


def _range(spec: RangeSpec | None) -> IdRange:
    assert spec is not None  # noqa: S101 - one of the two is given, the other falls back to it
    return IdRange(spec.start, spec.count)


def _edited(
    file: SubidFile, names: frozenset[str], name: str, add: tuple[IdRange, ...], revoke: tuple[IdRange, ...]
) -> SubidFile:
    """The file as it will be: lines of the user's that are taken away are gone, new ones stand at the end."""
    revoked = {entry.line for entry in file.of(names) if entry.range in revoke}
    lines = [
        line for number, line in enumerate((file.text or "").split("\n"), start=1) if number not in revoked
    ]
    text = "\n".join(lines)
    if text and not text.endswith("\n"):
        text += "\n"
    text += "".join(f"{name}:{range_.start}:{range_.count}\n" for range_ in add)
    return subid_files.parse(file.path, text, exists=True, mode=file.mode)


def _correction(file: SubidFile, bad: BadLine, accounts: AccountsState) -> str:
    """How a person corrects a damaged line, with a command where what it means is plain."""
    intended = bad.intended or (bad.grants[0] if len(bad.grants) == 1 else None)
    if intended is None or not bad.readable:
        return (
            f"in an editor, correct line {bad.line} of {file.path} to the owner, the first ID and the number of IDs, with a colon "
            "between each; a backup of the file shows what they were"
        )
    line = f"{intended.owner}:{intended.range.start}:{intended.range.count}"
    if subids.belongs_to_another(intended.range, intended.owner, file, accounts):
        return f"{line} is not free, so delete the line: sed -i '{bad.line}d' {file.path}"
    if not re.fullmatch("[A-Za-z0-9._:@-]+", line):
        return f"if {line} is what was meant, change line {bad.line} of {file.path} to that"
    return f"if {line} is what was meant: sed -i '{bad.line}s/.*/{line}/' {file.path}"


def _unreadable_lines(lines: list[tuple[SubidFile, BadLine]]) -> allocate.Refused:
    where = "; ".join(f"{file.path}:{bad.line}: {bad.printable}" for file, bad in lines[:3])
    file, bad = lines[0]
    return allocate.Refused(
        f"no program can read {'this line' if len(lines) == 1 else 'these lines'}, so it is not known which IDs are free: {where}",
        "in an editor, correct each line to the owner, the first ID and the number of IDs, with a colon between each; if the IDs "
        f"do not belong to anyone, delete the line: sed -i '{bad.line}d' {file.path}; then run podstead apply",
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


def _flawed(name: str, flaw: flaws.RangeFlaw) -> Outcome:
    """Nothing is built on a range that is no good, and it is not moved: the user's files carry its IDs."""
    remedy = (
        f"podstead verify --for {shlex.quote(name)} prints each step with this host's names and numbers; podstead explain "
        f"{flaw.ref} says what they cost"
    )
    return _left_unchanged(name, flaw.text, remedy)


def _used_by_storage(name: str, wanted: IdRange, own: tuple[IdRange, ...], file: SubidFile) -> Outcome:
    """The spec names another range than the one that files in the user's storage belong to."""
    granted = ", ".join(str(range_) for range_ in own)
    key = file.path.removeprefix("/etc/")
    keep = f"to keep the range, name it: {key}: {{start: {own[0].start}, count: {own[0].count}}}; "
    return _left_unchanged(
        name,
        f"{file.path} grants {granted}, but the document asks for {wanted}, and {name} has container storage whose files carry the old IDs",
        (keep if len(own) == 1 else "")
        + f"to move it, as {name}: podman save and podman volume export what you want to keep; as "
        f"{name}: podman system reset, which removes all containers, images and volumes; as root: loginctl terminate-user "
        f"{shlex.quote(name)}; then run podstead apply",
    )


def _left_unchanged(name: str, reason: str, remedy: str) -> Outcome:
    title = f"the existing ranges of {name} are not changed"
    return Outcome(refusals=(Refusal(id=f"subids:{name}:ranges", title=title, reason=reason, remedy=remedy),))
