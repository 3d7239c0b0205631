"""Granting subordinate IDs to the users of one host, one after the other: what each is given, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping

from podstead import allocate, subidfile
from podstead.change import Change, EditShared, GrantSubids, Outcome, Phase, Refusal, unified_diff
from podstead.parts.accounts import AccountsState, owners
from podstead.ranges import IdRange, first_overlap, total
from podstead.spec import HostSpec, RangeSpec, UserSpec
from podstead.subidfile import SubidFile


class Allocator:
    """Serves one user after the other; each sees what the ones before were given."""

    def __init__(
        self,
        spec: HostSpec,
        files: tuple[SubidFile, SubidFile],
        login_defs: Mapping[str, int],
        accounts: AccountsState,
        storage: frozenset[str],
        *,
        can_usermod: bool,
    ) -> None:
        self.accounts = accounts
        self.storage = storage
        self.can_usermod = can_usermod
        self.policy = policy_of(spec, login_defs)
        self.files = list(files)
        # UIDs that accounts get in the same run; useradd gives their groups the same numbers
        planned = {
            user.uid
            for name, user in spec.users.items()
            if user.create and user.uid is not None and name not in accounts.by_name
        }
        self.real = (accounts.uids | planned, accounts.gids | planned)

    def holdings(self, name: str) -> tuple[allocate.Holdings, allocate.Holdings]:
        names = owners(name, self.accounts)
        sides = []
        for file, real in zip(self.files, self.real, strict=True):
            meant = [one.meant for one in file.bad if one.meant]
            own = tuple(sorted(entry.range for entry in file.of(names)))
            others = tuple(entry.range for entry in (*file.entries, *meant) if entry.owner not in names)
            sides.append(allocate.Holdings(own=own, others=others, real=real))
        return sides[0], sides[1]

    def serve(self, name: str, user: UserSpec) -> Outcome:
        if isinstance(self.policy, allocate.Refused):
            return _refused(name, self.policy)
        sides = self.holdings(name)
        account = self.accounts.by_name.get(name)
        if account is None and (not user.create or user.uid in self.accounts.uids):
            return Outcome()  # there will be no such account, and accounts.py says why
        if user.subuid or user.subgid:
            return self._by_hand(name, user, sides)
        own_ids = (account.uid, account.gid) if account else (None, None)
        for file, side, own_id in zip(self.files, sides, own_ids, strict=True):
            reason = allocate.objection(side.own, side, own_id)
            if reason:
                return _kept(name, f"{file.path}: {reason}")
        wanted = self._wanted(sides, account.uid if account else None)
        if isinstance(wanted, allocate.Refused):
            if account is None and self.policy.by_uid:
                return Outcome()  # the next look knows the UID
            return _refused(name, wanted)
        return self._grant(name, wanted)

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
        account = self.accounts.by_name.get(name)
        own_ids = (account.uid, account.gid) if account else (None, None)
        for side, spec, own_id, file in zip(sides, given, own_ids, self.files, strict=True):
            wanted = _range(spec)
            if side.own == (wanted,):
                add.append(())
                revoke.append(())
                continue
            reason = _reserved(wanted) or allocate.objection((wanted,), side, own_id)
            if reason:
                return _refused(
                    name,
                    allocate.Refused(
                        f"the range asked for is no good for {file.path}: {reason}", "choose another range"
                    ),
                )
            if side.own and name in self.storage:
                held = ", ".join(str(one) for one in side.own)
                return _kept(
                    name,
                    f"{file.path} grants {held}, the spec asks for {wanted}, and {name} has container storage whose files carry the old IDs",
                )
            by_name = {entry.range for entry in file.of(frozenset({name}))}
            if not by_name.issuperset(side.own):
                return _kept(
                    name,
                    f"{file.path} grants a range to the number {own_id}, and usermod(8) takes ranges of names only",
                )
            add.append((wanted,))
            revoke.append(side.own)
        return self._grant(name, (add[0], add[1]), (revoke[0], revoke[1]))

    def _grant(self, name: str, add: _Ranges, revoke: _Ranges = ((), ())) -> Outcome:
        if not any((*add, *revoke)):
            return Outcome()
        if not self.can_usermod and any(revoke):
            return _refused(
                name,
                allocate.Refused(
                    "this host has no usermod(8) that can take ranges away", "edit the files by hand"
                ),
            )
        before = list(self.files)
        for index in (0, 1):
            self.files[index] = _with(self.files[index], name, add[index], revoke[index])
        changes = []
        diff = "".join(
            unified_diff(old.path, old.text, new.text or "")
            for old, new in zip(before, self.files, strict=True)
        )
        if self.can_usermod:
            step = GrantSubids(
                user=name,
                subuids=add[0],
                subgids=add[1],
                revoke_subuids=revoke[0],
                revoke_subgids=revoke[1],
                expected_subuid=before[0].expected,
                expected_subgid=before[1].expected,
            )
            steps: tuple[GrantSubids | EditShared, ...] = (step,)
        else:
            steps = tuple(
                EditShared(path=new.path, content=new.text or "", expected=old.expected)
                for old, new in zip(before, self.files, strict=True)
                if old.text != new.text
            )
        what = " and ".join(
            f"{label} {', '.join(str(one) for one in ranges)}"
            for label, ranges in (("UIDs", add[0]), ("GIDs", add[1]))
            if ranges
        )
        changes.append(
            Change(
                id=f"subids:{name}:ranges",
                phase=Phase.SUBIDS,
                title=f"grant {name} subordinate {what}",
                steps=steps,
                diff=diff,
            )
        )
        return Outcome(changes=tuple(changes))


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


def _with(file: SubidFile, name: str, add: tuple[IdRange, ...], revoke: tuple[IdRange, ...]) -> SubidFile:
    """The file as it will be: what usermod(8) does to it, as far as the plan of the next users needs to know."""
    gone = {entry.line for entry in file.of(frozenset({name})) if entry.range in revoke}
    lines = [line for number, line in enumerate((file.text or "").split("\n"), start=1) if number not in gone]
    text = "\n".join(lines)
    if text and not text.endswith("\n"):
        text += "\n"
    text += "".join(f"{name}:{one.start}:{one.count}\n" for one in add)
    return subidfile.parse(file.path, text, exists=True, mode=file.mode)


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
