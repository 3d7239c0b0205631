"""Promises of the allocation, for any two files that a host may have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from podstead.document.spec import HostSpec
from podstead.ids import allocate, subid_files
from podstead.ids.ranges import ALIGN, IdRange, total
from podstead.ids.subid_files import SubidFile
from podstead.provision.change import Change, GrantSubids
from podstead.provision.plan import Plan
from tests.model_host import ModelAccount, ModelHost
from tests.support.examples import examples

NAMES = ("alice", "bob", "carol", "dave")
SIDES = ("/etc/subuid", "/etc/subgid")
WINDOW = (524288, 1878982655)

ids = st.one_of(
    st.integers(1000, 1010),
    st.integers(524288, 524288 + 8 * ALIGN),
    st.integers(1, 2**31 - 2),
)
counts = st.sampled_from([1, 1000, ALIGN - 1, ALIGN, ALIGN + 1, 2 * ALIGN])
starts = st.one_of(
    st.integers(0, 12).map(lambda slot: 524288 + slot * ALIGN),
    st.integers(100000, 524288 + 12 * ALIGN),
    st.sampled_from([0, 1, 60000, 65534, 100000, 165536, 231072, 2**31 - ALIGN, 2**32 - ALIGN]),
)
owners = st.one_of(st.sampled_from([*NAMES, "ghost", "999999"]), ids.map(str))
good_lines = st.builds(lambda owner, start, count: f"{owner}:{start}:{count}", owners, starts, counts)
bad_lines = st.one_of(
    st.builds(lambda line, end: f"{line}{end}", good_lines, st.sampled_from(["\r", " ", "\t# why", ":"])),
    st.builds(lambda line: f" {line}", good_lines),
    st.sampled_from(
        ["", "# a comment", "alice", "alice:x:y", "alice:1", "::", "+::", "alice:5:0", "alice:4294967295:9"]
    ),
)
texts = st.builds(
    lambda lines, end: "\n".join(lines) + end,
    st.lists(st.one_of(good_lines, good_lines, bad_lines), max_size=6),
    st.sampled_from(["", "\n", "\r\n"]),
)
windows = st.one_of(
    st.just(WINDOW),
    st.builds(
        lambda first, size: (first, first + size), st.integers(0, 12 * ALIGN), st.integers(ALIGN, 12 * ALIGN)
    ),
    st.sampled_from([(0, 2**31 - 1), (2**31 - 4 * ALIGN, 2**31 - 1)]),
)


@st.composite
def hosts(draw: st.DrawFn) -> ModelHost:
    uids = draw(st.lists(ids, min_size=4, max_size=4, unique=True))
    there = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    accounts = {
        name: ModelAccount(uid, draw(st.one_of(st.just(uid), ids)))
        for name, uid in zip(NAMES, uids, strict=True)
        if name in there
    }
    groups = {f"g{number}": gid for number, gid in enumerate(draw(st.lists(ids, max_size=3)))}
    files = {side: draw(texts) for side in SIDES if draw(st.integers(0, 9))}
    if len(files) == 2 and draw(st.booleans()):
        files["/etc/subgid"] = files["/etc/subuid"]
    return ModelHost(accounts=accounts, groups=groups, files=files)


@st.composite
def specs(draw: st.DrawFn, allocation: Sequence[str] = ("sequential", "by-uid")) -> HostSpec:
    users = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    first, last = draw(windows)
    count = draw(st.sampled_from([1000, ALIGN, ALIGN, ALIGN, 2 * ALIGN]))
    assume(last - first + 1 >= count)
    document = {
        "users": {
            name: {"create": draw(st.booleans()), "uid": draw(st.none() | ids)} for name in sorted(users)
        },
        "subids": {"count": count, "window": (first, last), "allocation": draw(st.sampled_from(allocation))},
    }
    return HostSpec.model_validate(document)


def read(host: ModelHost, side: str) -> SubidFile:
    return subid_files.parse(side, host.files.get(side), exists=side in host.files)


def names_of(host: ModelHost, user: str) -> frozenset[str]:
    account = host.accounts.get(user)
    return frozenset({user} if account is None else {user, str(account.uid)})


def own(host: ModelHost, user: str, side: str) -> list[IdRange]:
    return sorted(entry.range for entry in read(host, side).of(names_of(host, user)))


def identity(host: ModelHost, owner: str) -> str:
    account = host.accounts.get(owner)
    return owner if account is None else str(account.uid)


def lines_of(host: ModelHost, side: str) -> set[tuple[str, IdRange]]:
    return {(identity(host, entry.owner), entry.range) for entry in read(host, side).entries}


def subids_changes(plan: Plan) -> list[Change]:
    return [change for change in plan.changes if change.part == "subids"]


def grants(plan: Plan) -> list[GrantSubids]:
    return [step for change in plan.changes for step in change.steps if isinstance(step, GrantSubids)]


def converged(host: ModelHost, spec: HostSpec) -> list[GrantSubids]:
    """Apply plans as apply does, at most as often as it does, and return what was granted."""
    given: list[GrantSubids] = []
    for _ in range(4):
        plan = host.plan(spec)
        given += grants(plan)
        host.apply(change for change in plan.changes if change.part in ("accounts", "subids"))
    return given


@given(hosts(), specs())
@examples(150)
def test_a_granted_range_touches_nobody_and_nothing_reserved(host: ModelHost, spec: HostSpec) -> None:
    given_ranges = converged(host, spec)
    for step in given_ranges:
        account = host.accounts[step.user]
        for side, added, own_id, real in (
            ("/etc/subuid", step.subuids, account.uid, {one.uid for one in host.accounts.values()} | {0}),
            (
                "/etc/subgid",
                step.subgids,
                account.gid,
                {one.gid for one in host.accounts.values()} | {0, *host.groups.values()},
            ),
        ):
            others = [
                entry.range
                for entry in read(host, side).entries
                if entry.owner not in names_of(host, step.user)
            ]
            for one in added:
                assert [other for other in (*others, *allocate.RESERVED) if other.overlaps(one)] == []
                assert [number for number in real if number in one] == []
                assert own_id not in one
                assert [other for other in own(host, step.user, side) if other.overlaps(one)] == [one]
                assert one.stop <= 2**31 - 1


@given(hosts(), specs())
@examples(150)
def test_a_fresh_range_is_aligned_inside_the_window_and_the_same_on_both_sides(
    host: ModelHost, spec: HostSpec
) -> None:
    plan = host.plan(spec)
    fresh = [
        step for step in grants(plan) if not any(own(_mended(host, plan), step.user, side) for side in SIDES)
    ]
    first, last = spec.subids.window
    for step in fresh:
        (one,) = step.subuids
        assert (one,) == step.subgids
        assert one.count == spec.subids.count
        assert one.start % ALIGN == 0
        assert first <= one.start
        assert one.last <= last


def _mended(host: ModelHost, plan: Plan) -> ModelHost:
    """The host after what comes before any grant: files made and mended."""
    copy = ModelHost(accounts=host.accounts, files=dict(host.files))
    copy.apply(
        change for change in plan.changes if change.id.startswith(("subids:subuid:", "subids:subgid:"))
    )
    return copy


@given(hosts(), specs())
@examples(150)
def test_nothing_that_was_granted_is_taken_away(host: ModelHost, spec: HostSpec) -> None:
    before = {side: lines_of(host, side) for side in SIDES}
    strange = {side: [one.text for one in read(host, side).bad if one.intended is None] for side in SIDES}
    given_ranges = converged(host, spec)
    assert [step.idle for step in given_ranges] == [False] * len(given_ranges)
    for side in SIDES:
        assert {(identity(host, owner), one) for owner, one in before[side]} <= lines_of(host, side)
        assert [line for line in strange[side] if line not in host.files.get(side, "").split("\n")] == []


@given(hosts(), specs())
@examples(150)
def test_after_applying_there_is_nothing_left_to_do(host: ModelHost, spec: HostSpec) -> None:
    converged(host, spec)
    assert subids_changes(host.plan(spec)) == []


@given(hosts(), specs())
@examples(150)
def test_every_user_ends_with_enough_ids_or_is_refused(host: ModelHost, spec: HostSpec) -> None:
    converged(host, spec)
    refused = {refusal.id.split(":")[1] for refusal in host.plan(spec).refusals}
    for name in spec.users.keys() - refused:
        assert min(total(own(host, name, side)) for side in SIDES) >= spec.subids.count


@given(hosts(), specs())
@examples(150)
def test_growth_never_shifts_an_id_that_a_container_has(host: ModelHost, spec: HostSpec) -> None:
    mended = _mended(host, host.plan(spec))
    before = {
        (name, side): own(mended, name, side)
        for name in spec.users
        for side in SIDES
        if name in host.accounts
    }
    converged(host, spec)
    for (name, side), ranges in before.items():
        assert own(host, name, side)[: len(ranges)] == ranges


@given(hosts(), specs(), st.sampled_from(NAMES))
@examples(100)
def test_users_added_later_move_nobody(host: ModelHost, spec: HostSpec, late: str) -> None:
    early = spec.model_copy(
        update={"users": {name: user for name, user in spec.users.items() if name != late}}
    )
    converged(host, early)
    before = {(name, side): own(host, name, side) for name in early.users for side in SIDES}
    converged(host, spec)
    after = {(name, side): own(host, name, side) for name in early.users for side in SIDES}
    assert before == after


@given(st.integers(1, 10**6), st.integers(1, 5 * ALIGN), st.integers(0, 5 * ALIGN))
@examples(60)
def test_a_full_window_is_refused_with_the_number_of_users_that_fit(
    first: int, count: int, more: int
) -> None:
    policy = allocate.Policy(count=count, window=IdRange(first, count + more))
    taken: list[IdRange] = []
    while isinstance(
        found := allocate.allocate(
            policy, None, [allocate.SideRanges(own=(), others=tuple(taken), real=frozenset())]
        ),
        IdRange,
    ):
        taken.append(found)
    assert f"an empty window has room for {policy.capacity} users with {count} IDs each" in found.reason
    reserved = sum(one.stop > first for one in allocate.RESERVED[:6])
    if not reserved:
        assert len(taken) == policy.capacity
    assert all(one.stop <= other.start for one, other in pairwise(taken))


@given(hosts(), hosts(), specs(("by-uid",)), st.integers(1000, 1012))
@examples(100)
def test_by_uid_gives_the_same_numbers_whatever_else_is_there(
    one: ModelHost, two: ModelHost, spec: HostSpec, uid: int
) -> None:
    spec = spec.model_copy(update={"users": {"zoe": next(iter(spec.users.values()))}})
    numbers = []
    for host in (one, two):
        assume(uid not in {account.uid for account in host.accounts.values()})
        assume(not re.search(rf"^\s*{uid}\s*:", "\n".join(host.files.values()), re.MULTILINE))
        host.accounts["zoe"] = ModelAccount(uid, uid)
        numbers += [step.subuids for step in converged(host, spec)]
    first = -(-spec.subids.window[0] // ALIGN) * ALIGN
    slot = -(-spec.subids.count // ALIGN) * ALIGN
    expected = (IdRange(first + (uid - 1000) * slot, spec.subids.count),)
    assert [expected] * len(numbers) == numbers


@given(st.lists(counts, min_size=1, max_size=4), st.integers(0, 6), counts)
@examples(100)
def test_growth_extends_the_end_or_goes_higher(sizes: list[int], slots: int, wanted: int) -> None:
    ranges, start = [], 524288
    for size in sizes:
        ranges.append(IdRange(start, size))
        start += 2 * ALIGN
    wanted += total(ranges)
    others = tuple(IdRange(max(ranges).stop + slot * ALIGN, ALIGN) for slot in range(slots))
    policy = allocate.Policy(count=wanted, window=IdRange.between(*WINDOW))
    found = allocate.grow(policy, allocate.SideRanges(own=tuple(ranges), others=others, real=frozenset()))
    assert isinstance(found, IdRange)
    assert found.count == wanted - total(ranges)
    if slots == 0:
        assert found.start == max(ranges).stop
    else:
        assert found.start > max(other.last for other in others)
