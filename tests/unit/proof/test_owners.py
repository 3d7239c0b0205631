"""/etc/subuid and /etc/subgid as a whole: what is found, and how many users still fit."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podstead.host.families import debian
from podstead.host.state import HostState
from podstead.host.subids import policy_of
from podstead.ids.allocate import Refused, SideRanges, allocate
from podstead.ids.ranges import IdRange
from podstead.proof import owners
from podstead.proof.catalogue import load
from podstead.proof.finding import Verdict
from podstead.provision import room as capacity
from tests.model_host import ModelAccount, ModelHost, spec_of

SPEC = spec_of()
ACCOUNTS = {
    "alice": ModelAccount(1000, 1000),
    "bob": ModelAccount(1001, 1001),
    "eve": ModelAccount(600000, 1000),
}


def host(subuid: str, subgid: str | None = None, **accounts: ModelAccount) -> HostState:
    files = {"/etc/subuid": subuid, "/etc/subgid": subuid if subgid is None else subgid}
    known = {name: one for name, one in ACCOUNTS.items() if name != "eve"} | accounts
    return ModelHost(accounts=known, files=files).state(())


def refs(state: HostState) -> list[str]:
    return sorted({flaw.ref for flaw in owners.host_flaws(state.subids, state.accounts)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alice:524288:65536\nbob:589824:65536\n", []),
        ("alice:100000:65536\n", []),
        ("alice:524288:65536\nbob:589823:65536\n", ["C10"]),
        ("alice:524288:65536\n1001:524288:65536\n", ["C10"]),
        ("alice:524288:65536\n1000:524288:65536\n", ["C06"]),
        ("alice:524288:65536\nalice:524288:65536\n", ["C07"]),
        ("alice:524288:65536\nalice:524388:65536\n", ["C08"]),
        ("alice:524288:65535\n", ["C13"]),
        ("alice:524288:65537\n", ["C25"]),
        ("alice:2147418113:65536\n", []),
        ("alice:4294901760:65536\n", ["C12"]),
        ("containers:2147483647:2147483648\n", []),
        ("alice:524288:65536 \nbob:589824:65536\n", ["C15"]),
        ("alice:524288:65536\nzed:0x80000:65536\n", ["C10", "C15"]),
        ("alice:524288:65536\nbob:589824:65536", ["C33"]),
        ("ghost:524288:65536\n", ["C23"]),
        ("4242:524288:65536\n", ["C23"]),
    ],
)
def test_each_flaw_is_found_and_nothing_else(text: str, expected: list[str]) -> None:
    assert refs(host(text)) == expected


def test_an_account_inside_a_range_is_found_with_its_name() -> None:
    state = host("alice:590000:65536\n", eve=ACCOUNTS["eve"])
    (flaw,) = owners.host_flaws(state.subids, state.accounts)
    assert (flaw.ref, flaw.owners) == ("C27", frozenset({"alice"}))
    assert "includes 600000, the UID of eve" in flaw.text


def test_a_group_inside_a_range_of_gids_is_found() -> None:
    state = host("alice:524288:65536\n", "alice:524288:65536\n", carol=ModelAccount(1002, 530000))
    assert refs(state) == ["C27"]


def test_the_owners_own_id_is_no_foreign_one() -> None:
    state = host("eve:590000:65536\n", eve=ModelAccount(600000, 600000))
    assert refs(state) == ["C09"]


def test_ranges_on_one_side_are_found() -> None:
    assert refs(host("alice:524288:65536\nbob:589824:65536\n", "alice:524288:65536\n")) == ["C02"]


def test_very_long_files_by_name_are_found_and_by_number_are_not() -> None:
    def lines(prefix: str) -> str:
        return "".join(f"{prefix}{n}:{524288 + n * 65536}:65536\n" for n in range(owners.MANY_LINES))

    assert "C29" in refs(host(lines("u")))
    assert "C29" not in refs(host(lines("10")))


def test_what_a_directory_says_is_not_looked_for_in_the_files() -> None:
    model = ModelHost(
        accounts=dict(ACCOUNTS), files={"/etc/subuid": "alice:1:1\n", "/etc/subgid": "alice:1:1\n"}
    )
    model.subid_source = "sss"
    state = model.state(("alice",))
    assert owners.host_flaws(state.subids, state.accounts) == ()
    (finding,) = owners.findings(
        SPEC, state.subids, state.accounts, debian.FAMILY, verified_users=frozenset()
    )
    assert finding.verdict is Verdict.NOT_APPLICABLE


def test_findings_leave_out_what_a_judged_user_is_told_already() -> None:
    state = host("alice:524288:65536\nbob:524388:65536\nghost:900000:65536\n")

    def told(*judged: str) -> list[str]:
        found = owners.findings(
            SPEC, state.subids, state.accounts, debian.FAMILY, verified_users=frozenset(judged)
        )
        return [one.ref for one in found]

    assert told() == ["C10", "C23"]
    assert told("alice") == ["C23"]


def test_a_finding_says_what_to_do_and_what_it_costs() -> None:
    state = host("alice:524288:65536\nbob:524388:65536\n")
    (finding,) = owners.findings(
        SPEC, state.subids, state.accounts, debian.FAMILY, verified_users=frozenset()
    )
    mode = load()["C10"]
    assert (finding.verdict, finding.mode, finding.costs) == (Verdict.WARN, mode.id, mode.costs)
    assert "usermod -V 524288-589823 -W 524288-589823 alice" in finding.remedy
    assert "usermod -v 720896-786431 -w 720896-786431 alice" in finding.remedy
    assert "/etc/subuid:1" in finding.found
    assert "/etc/subuid:2" in finding.found


def test_many_flaws_of_one_kind_are_one_finding_that_counts_them() -> None:
    state = host("".join(f"ghost{n}:{524288 + n * 65536}:65536\n" for n in range(30)))
    (finding,) = owners.findings(
        SPEC, state.subids, state.accounts, debian.FAMILY, verified_users=frozenset()
    )
    assert f"and {60 - owners.MAX_SHOWN} more" in finding.found


def test_ranges_of_useradd_are_worth_a_note_and_no_warning() -> None:
    state = host("alice:100000:65536\n", "alice:165536:65536\n")
    assert refs(state) == []
    said = owners.notes(state.subids, state.accounts)
    assert len(said) == 2
    assert "outside systemd's container range" in said[0]
    assert "differ in number for alice" in said[1]
    quiet = host("alice:524288:65536\n")
    assert owners.notes(quiet.subids, quiet.accounts) == ()


def test_files_that_cannot_be_read_are_no_clean_files() -> None:
    model = ModelHost(accounts=dict(ACCOUNTS), files={"/etc/subuid": "", "/etc/subgid": ""})
    model.unreadable.add("/etc/subuid")
    state = model.state(())
    (finding,) = owners.findings(
        SPEC, state.subids, state.accounts, debian.FAMILY, verified_users=frozenset()
    )
    assert finding.verdict is Verdict.COULD_NOT_LOOK


_RANGES = st.lists(
    st.tuples(
        st.sampled_from(["alice", "bob", "1000", "ghost"]), st.integers(524288, 525000), st.integers(1, 200)
    ),
    max_size=8,
)


@given(_RANGES)
def test_an_overlap_of_two_owners_is_found_wherever_there_is_one(rows: list[tuple[str, int, int]]) -> None:
    state = host("".join(f"{owner}:{start}:{count}\n" for owner, start, count in rows))
    names = {"1000": "alice"}
    truth = any(
        names.get(one[0], one[0]) != names.get(other[0], other[0])
        and IdRange(one[1], one[2]).overlaps(IdRange(other[1], other[2]))
        for one, other in combinations(rows, 2)
    )
    assert ("C10" in refs(state)) is truth


_SPECS = st.sampled_from(
    [
        {"window": [524288, 524288 + 8 * 65536 - 1]},
        {"window": [524300, 524288 + 8 * 65536 - 5], "count": 70000},
        {"window": [524288, 524288 + 9 * 65536 - 1], "count": 1000},
    ]
)


@given(_SPECS, _RANGES)
def test_the_room_that_is_left_is_what_the_allocator_hands_out(
    subids: dict[str, Any], rows: list[tuple[str, int, int]]
) -> None:
    spec = spec_of(users={}, subids=subids)
    text = "".join(f"{owner}:{start + 65536 * (start % 7)}:{count}\n" for owner, start, count in rows)
    state = host(text)
    said = capacity.remaining_capacity(spec, state.subids, state.accounts)
    assert said is not None
    handed = 0
    following = None
    while True:
        policy = policy_of(spec, state.subids.login_defs)
        assert not isinstance(policy, Refused)
        model = ModelHost(
            accounts={"alice": ACCOUNTS["alice"], "bob": ACCOUNTS["bob"]},
            files={"/etc/subuid": text, "/etc/subgid": text},
        )
        seen = model.state(())
        sides = [_holdings(seen, index) for index in (0, 1)]
        got = allocate(policy, None, sides)
        if isinstance(got, Refused):
            break
        following = following or got.start
        handed += 1
        text += f"ghost{handed}:{got.start}:{got.count}\n"
    assert (said.users, said.next) == (handed, following)


def _holdings(state: HostState, index: int) -> SideRanges:
    accounts = state.accounts
    real = accounts.uids if index == 0 else accounts.gids
    others = tuple(entry.range for entry in state.subids.sides[index].entries)
    return SideRanges(own=(), others=others, real=real)


def test_under_by_uid_the_room_is_counted_in_places() -> None:
    spec = spec_of(users={}, subids={"allocation": "by-uid", "window": [524288, 524288 + 4 * 65536 - 1]})
    empty = host("")
    full = host("alice:524288:65536\nbob:655361:10\n")
    room = capacity.remaining_capacity(spec, empty.subids, empty.accounts)
    less = capacity.remaining_capacity(spec, full.subids, full.accounts)
    assert room is not None
    assert less is not None
    assert (room.users, room.next) == (4, 524288)
    assert (less.users, less.next) == (2, 589824)
