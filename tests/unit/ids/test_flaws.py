"""Whose a line is, where names and numbers can be taken for each other, and lines that are two in one."""

from __future__ import annotations

import pytest

from podstead.host import subids
from podstead.ids import flaws, subid_files
from podstead.ids.flaws import Granted, Side
from podstead.ids.ranges import IdRange
from podstead.provision.change import EditShared, Outcome
from tests.model_host import ModelAccount, ModelHost, spec_of
from tests.unit.provision.test_subids import grants, host, ids, planned, reason

ALICE, BOB = "alice:524288:65536\n", "bob:589824:65536\n"


def both(text: str, **more: ModelAccount) -> ModelHost:
    return host(text, text, **more)


def edited(outcome: Outcome) -> list[str]:
    steps = [step for change in outcome.changes for step in change.steps]
    return [step.content for step in steps if isinstance(step, EditShared)]


def test_a_number_with_zeros_before_it_is_no_repeat_of_the_users_line() -> None:
    """shadow 4.20 takes 01000 for UID 1000, earlier ones for nobody: which IDs alice has depends on the release."""
    outcome = planned(both(f"01000:524288:65536\n{ALICE}{BOB}"), spec_of())
    assert ids(outcome) == ["subids:alice:ranges"]
    assert "/etc/subuid:1: '01000:524288:65536'" in reason(outcome)


def test_a_number_with_zeros_before_it_is_nobody_elses_to_have() -> None:
    assert grants(planned(both("01001:524288:65536\n"), spec_of())) == [
        ("alice", (IdRange(589824, 65536),), (IdRange(589824, 65536),))
    ]


@pytest.mark.parametrize("second", ["toor", "1000"])
def test_a_line_of_another_account_with_the_same_uid_is_no_repeat(second: str) -> None:
    one = both(f"{ALICE}{second}:524288:65536\n", toor=ModelAccount(1000, 1000))
    assert edited(planned(one, spec_of(users={"bob": {}}))) == []


def test_a_line_by_number_is_a_repeat_where_one_account_has_the_uid() -> None:
    assert edited(planned(both(f"{ALICE}1000:524288:65536\n"), spec_of())) == [ALICE, ALICE]


def test_an_account_named_like_the_uid_of_another_shares_the_range_and_both_are_told() -> None:
    one = both("1000:524288:65536\n", **{"1000": ModelAccount(2000, 2000)})
    outcome = planned(one, spec_of())
    assert "alice's 524288:65536 overlaps 1000's 524288:65536" in reason(outcome)
    state = one.state(["alice"])
    side = subids.sides(state.subids, state.accounts)[0]
    assert [flaw.ref for flaw in flaws.owner_flaws(side, "1000")] == ["C10"]


def test_a_damaged_line_that_means_somebody_elses_ids_is_to_be_taken_out() -> None:
    one = both("bob:524288:65536\nalice:524288:65536 \n")
    (refusal,) = planned(one, spec_of()).refusals
    assert refusal.remedy == (
        "alice:524288:65536 is not free, so delete the line: sed -i '2d' /etc/subgid; "
        "alice:524288:65536 is not free, so delete the line: sed -i '2d' /etc/subuid; then run podstead apply"
    )


def test_who_has_a_good_line_is_told_to_take_out_the_damaged_one() -> None:
    state = both("bob:524288:65536\nalice:524288:65536 \n").state(["bob"])
    (flaw,) = flaws.owner_flaws(subids.sides(state.subids, state.accounts)[0], "bob")
    assert flaw.instead.startswith("Delete the damaged line")
    assert "sed -i '2d' /etc/subuid" in flaw.instead


@pytest.mark.parametrize(
    "line",
    [
        "bob:100000:65536:dave:524288:65536",
        "bob:1000000000:6553601001:524288:65536",
        "bob:100000:65536:1001:524288:65536",
    ],
)
def test_a_line_that_may_be_two_forbids_new_ranges(line: str) -> None:
    outcome = planned(both(f"{line}\n"), spec_of())
    assert grants(outcome) == []
    assert line[:30] in reason(outcome)


def test_a_note_behind_the_numbers_forbids_nothing() -> None:
    assert grants(planned(both("bob:524288:65536:note\n"), spec_of())) != []


def test_a_comment_behind_a_line_that_is_mended_is_kept() -> None:
    file = subid_files.parse("/etc/subuid", "bob:589824:65536 # ticket 77: ask Eve\n", exists=True)
    mended = subid_files.repaired(file, str, lambda _range, _owner: False)
    assert mended == "# ticket 77: ask Eve\nbob:589824:65536\n"
    assert subid_files.repaired(subid_files.parse("", mended, exists=True), str, lambda _r, _o: False) is None


def test_a_comment_with_a_nul_byte_is_no_comment() -> None:
    """shadow reads on to the end of the next line (fgets(3) and strlen(3))."""
    assert subid_files.parse("/etc/subuid", "#x\0\n", exists=True).unreadable_lines


def test_every_pair_of_three_that_overlap_is_named() -> None:
    rows = (("x", 100000, 100), ("y", 100050, 150), ("z", 100060, 10))
    side = Side(
        kind="UID",
        grants=tuple(
            Granted(owner=name, range=IdRange(start, count), where=name) for name, start, count in rows
        ),
        own={},
        real={},
    )
    assert {flaw.owners for flaw in flaws.all_flaws(side)} == {
        frozenset("xy"),
        frozenset("yz"),
        frozenset("xz"),
    }


def test_one_side_by_hand_is_not_built_on_an_overlap_of_the_other() -> None:
    one = host(f"{ALICE}bob:524288:65536\n", "")
    user = {"subuid": {"start": 524288, "count": 65536}, "subgid": {"start": 700000, "count": 65536}}
    assert "overlaps bob's" in reason(planned(one, spec_of(users={"alice": user})))
