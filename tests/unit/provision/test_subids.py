"""What the plan makes of /etc/subuid and /etc/subgid as hosts have them."""

from __future__ import annotations

import pytest

from podstead.document.spec import HostSpec
from podstead.host import subids
from podstead.ids.ranges import IdRange
from podstead.provision import subids as subids_plan
from podstead.provision.change import (
    MISSING_FILE,
    Change,
    CreateShared,
    EditShared,
    GrantSubids,
    Outcome,
    RunCommand,
    checksum,
    expected_of,
)
from tests.model_host import ModelAccount, ModelHost, spec_of

FIRST = IdRange(524288, 65536)
SECOND = IdRange(589824, 65536)


def host(subuid: str | None = "", subgid: str | None = "", **more: ModelAccount) -> ModelHost:
    files = {
        path: text for path, text in (("/etc/subuid", subuid), ("/etc/subgid", subgid)) if text is not None
    }
    accounts = {"alice": ModelAccount(1000, 1000), "bob": ModelAccount(1001, 1001), **more}
    return ModelHost(
        accounts=accounts, groups={name: account.gid for name, account in accounts.items()}, files=files
    )


def planned(one: ModelHost, spec: HostSpec) -> Outcome:
    state = one.state(spec.users)
    return subids_plan.plan(spec, state.subids, state.accounts, state.users_with_storage)


def grants(outcome: Outcome) -> list[tuple[str, tuple[IdRange, ...], tuple[IdRange, ...]]]:
    steps = [step for change in outcome.changes for step in change.steps]
    return [(step.user, step.subuids, step.subgids) for step in steps if isinstance(step, GrantSubids)]


def ids(outcome: Outcome) -> list[str]:
    return [change.id for change in outcome.changes] + [refusal.id for refusal in outcome.refusals]


def the(outcome: Outcome, change_id: str) -> Change:
    return next(change for change in outcome.changes if change.id == change_id)


def reason(outcome: Outcome) -> str:
    assert outcome.changes == ()
    (refusal,) = outcome.refusals
    assert refusal.remedy
    return refusal.reason


def settled(one: ModelHost, spec: HostSpec) -> None:
    """Applying the plan leaves nothing to do."""
    one.apply(planned(one, spec).changes)
    assert planned(one, spec) == Outcome()


def test_without_users_nothing_is_looked_at() -> None:
    assert planned(host("damage :1:1\n"), spec_of(users={})) == Outcome()


def test_a_fresh_host_gives_the_first_block_to_the_lowest_uid() -> None:
    spec = spec_of(users={"bob": {}, "alice": {}})
    assert grants(planned(host(), spec)) == [("alice", (FIRST,), (FIRST,)), ("bob", (SECOND,), (SECOND,))]
    settled(host(), spec)


def test_the_diff_shows_both_files() -> None:
    change = the(planned(host("x:1:2\n"), spec_of()), "subids:alice:ranges")
    assert "--- /etc/subuid\n+++ /etc/subuid\n@@ -1 +1,2 @@\n x:1:2\n+alice:524288:65536\n" in change.diff
    assert "--- /etc/subgid\n+++ /etc/subgid\n@@ -0,0 +1 @@\n+alice:524288:65536\n" in change.diff


def test_missing_files_are_created_before_anybody_gets_a_range() -> None:
    outcome = planned(host(None, None), spec_of())
    assert ids(outcome) == ["subids:subuid:exists", "subids:subgid:exists", "subids:alice:ranges"]
    assert (CreateShared(path="/etc/subuid"),) == the(outcome, "subids:subuid:exists").steps
    (grant,) = the(outcome, "subids:alice:ranges").steps
    assert isinstance(grant, GrantSubids)
    assert [one.expected for one in grant.edits] == [checksum(b""), checksum(b"")]
    settled(host(None, None), spec_of())


def test_a_one_sided_grant_gets_the_same_numbers_on_the_other_side() -> None:
    one = host("alice:100000:65536\n")
    assert [("alice", (), (IdRange(100000, 65536),))] == grants(planned(one, spec_of()))
    settled(one, spec_of())


def test_the_other_side_gets_a_free_range_where_the_same_numbers_are_taken() -> None:
    one = host("alice:100000:65536\n", "bob:100000:65536\n")
    assert grants(planned(one, spec_of())) == [("alice", (), (FIRST,))]


def test_a_file_that_cannot_be_read_is_no_empty_file() -> None:
    one = host("alice:524288:65536\n")
    one.unreadable.add("/etc/subgid")
    outcome = planned(one, spec_of())
    assert ids(outcome) == ["subids:files:read"]
    assert reason(outcome) == "/etc/subgid could not be read without root"


def test_a_file_that_users_cannot_read_gets_another_mode() -> None:
    one = host("alice:524288:65536\n", "alice:524288:65536\n")
    one.modes["/etc/subuid"] = "600"
    outcome = planned(one, spec_of())
    assert ids(outcome) == ["subids:subuid:mode"]
    assert (RunCommand(("chmod", "0644", "--", "/etc/subuid")),) == outcome.changes[0].steps
    settled(one, spec_of())


def test_lines_of_windows_are_mended_and_count_as_ranges() -> None:
    text = "alice:524288:65536\r\nbob:600000:65536 \n"
    one = host(text, text)
    outcome = planned(one, spec_of())
    assert ids(outcome) == ["subids:subuid:lines", "subids:subgid:lines"]
    expected = EditShared(
        path="/etc/subuid", content="alice:524288:65536\nbob:600000:65536\n", expected=checksum(text.encode())
    )
    assert (expected,) == outcome.changes[0].steps
    settled(one, spec_of())


@pytest.mark.parametrize("again", ["alice", "1000"])
def test_a_repeated_range_is_taken_out_once_whether_by_name_or_number(again: str) -> None:
    text = f"alice:524288:65536\nbob:600000:65536\n{again}:524288:65536\n"
    one = host(text, "alice:524288:65536\n")
    outcome = planned(one, spec_of())
    assert ids(outcome) == ["subids:subuid:lines"]
    one.apply(outcome.changes)
    assert one.files["/etc/subuid"] == "alice:524288:65536\nbob:600000:65536\n"
    assert planned(one, spec_of()) == Outcome()


def test_a_line_that_cannot_be_understood_stays_where_it_is() -> None:
    one = host("# mine\nalice:many:65536\n\nalice:524288:65536", "alice:524288:65536\n")
    one.apply(planned(one, spec_of()).changes)
    assert one.files["/etc/subuid"] == "# mine\nalice:many:65536\n\nalice:524288:65536\n"


def test_nobody_gets_what_a_damaged_line_may_mean() -> None:
    text = "bob:524288 :65536\n"
    assert grants(planned(host(text, text), spec_of())) == [("alice", (SECOND,), (SECOND,))]


def test_a_numeric_owner_is_the_account_with_that_uid() -> None:
    text = "1000:524288:65536\n"
    assert planned(host(text, text), spec_of()) == Outcome()


def test_the_number_of_another_account_or_of_nobody_is_somebody_else() -> None:
    text = "1001:524288:65536\n4000:589824:65536\n"
    third = (IdRange(655360, 65536),)
    assert [("alice", third, third)] == grants(planned(host(text, text), spec_of()))


def test_several_ranges_add_up() -> None:
    text = "alice:700000:30000\nalice:100000:35536\n"
    assert planned(host(text, text), spec_of()) == Outcome()


def test_a_small_range_grows_at_its_end() -> None:
    text = "alice:524288:1000\n"
    more = (IdRange(525288, 64536),)
    assert [("alice", more, more)] == grants(planned(host(text, text), spec_of()))
    settled(host(text, text), spec_of())


def test_a_small_range_with_a_neighbour_gets_a_higher_one_never_a_lower() -> None:
    text = "alice:655360:1000\nbob:656360:65536\n"
    (grant,) = grants(planned(host(text, text), spec_of()))
    assert grant == ("alice", (IdRange(786432, 64536),), (IdRange(786432, 64536),))


def test_a_range_below_the_window_grows_where_it_is() -> None:
    text = "alice:100000:1000\n"
    assert [("alice", (IdRange(101000, 64536),), (IdRange(101000, 64536),))] == grants(
        planned(host(text, text), spec_of())
    )


def test_the_last_id_below_the_sign_bit_is_reserved() -> None:
    spec = spec_of(subids={"window": [2**31 - 65536, 2**31 - 1]})
    assert "no free block of 65536 IDs" in reason(planned(host(), spec))


def test_a_range_does_not_grow_into_a_reserved_block() -> None:
    text = "alice:61000:100\n"
    more = (IdRange(524288, 65436),)
    assert grants(planned(host(text, text), spec_of())) == [("alice", more, more)]


@pytest.mark.parametrize(
    ("subuid", "subgid", "expected"),
    [
        ("alice:900:65536\n", "", "/etc/subuid:1: alice's 900:65536 includes the owner's own UID 1000"),
        ("alice:524288:65536\nbob:530000:65536\n", "", "/etc/subuid:1: alice's 524288:65536 overlaps bob's 530000:65536 (/etc/subuid:2)"),
        ("alice:524288:65536\nalice:530000:65536\n", "", "/etc/subuid:1 and /etc/subuid:2, both of alice, overlap: 524288:65536, 530000:65536"),
        ("alice:4294901760:65536\n", "", "/etc/subuid:1: alice's 4294901760:65536 reaches beyond 4294967294, the last ID that exists"),
        ("", "alice:300000:65536\n", "/etc/subgid:1: alice's 300000:65536 includes 300001, the GID of group staff"),
        ("".join(f"alice:{600000 + 2 * one}:1\n" for one in range(340)), "", "alice has 340 ranges of UIDs, more than the kernel accepts in one ID map"),
    ],
)  # fmt: skip
def test_existing_ranges_that_are_no_good_are_refused_and_left_alone(
    subuid: str, subgid: str, expected: str
) -> None:
    one = host(subuid, subgid)
    one.groups["staff"] = 300001
    outcome = planned(one, spec_of())
    assert ids(outcome) == ["subids:alice:ranges"]
    assert reason(outcome) == expected
    assert outcome.refusals[0].remedy.startswith("podstead verify --for alice prints each step")


def test_ids_of_accounts_and_groups_are_kept_clear() -> None:
    one = host(zed=ModelAccount(524288, 524300))
    one.groups["late"] = 589824
    assert [("alice", (IdRange(655360, 65536),), (IdRange(655360, 65536),))] == grants(
        planned(one, spec_of())
    )


def test_an_account_to_be_created_gets_its_range_in_the_same_plan() -> None:
    spec = spec_of(users={"new": {"create": True}})
    assert grants(planned(host(), spec)) == [("new", (FIRST,), (FIRST,))]


def test_the_uid_of_an_account_to_be_created_is_kept_clear() -> None:
    spec = spec_of(users={"new": {"create": True, "uid": 524300}})
    assert grants(planned(host(), spec)) == [("new", (SECOND,), (SECOND,))]


def test_an_account_that_is_missing_and_may_not_be_created_gets_nothing() -> None:
    assert planned(host(), spec_of(users={"nobody-here": {}})) == Outcome()


def test_by_uid_waits_for_the_uid_of_a_new_account() -> None:
    spec = spec_of(users={"new": {"create": True}, "bob": {}}, subids={"allocation": "by-uid"})
    assert grants(planned(host(), spec)) == [("bob", (SECOND,), (SECOND,))]


def test_by_uid_refuses_what_is_taken_and_says_by_whom() -> None:
    spec = spec_of(subids={"allocation": "by-uid"})
    outcome = planned(host("bob:524288:65536\n"), spec)
    assert (
        reason(outcome)
        == "by-uid allocation gives 524288:65536 to UID 1000, but the taken or reserved block 524288 to 589823 is in the way"
    )


def test_by_uid_refuses_a_uid_beyond_the_window_and_says_how_many_fit() -> None:
    spec = spec_of(users={"far": {}}, subids={"allocation": "by-uid", "window": [524288, 720895]})
    outcome = planned(host(far=ModelAccount(1003, 1003)), spec)
    assert reason(outcome).startswith(
        "UID 1003 is outside 1000 to 1002: with 65536 IDs per user, by-uid allocation has room for 3 users"
    )


def test_a_full_window_is_refused_with_the_number_that_fits() -> None:
    spec = spec_of(users={"alice": {}, "bob": {}}, subids={"window": [524288, 600000]})
    outcome = planned(host(), spec)
    assert [user for user, _, _ in grants(outcome)] == ["alice"]
    assert [refusal.reason for refusal in outcome.refusals] == [
        "no free block of 65536 IDs between 524288 and 600000: an empty window has room for 1 users with 65536 IDs each"
    ]


# --- ranges that the spec names ---

HAND = spec_of(users={"alice": {"subuid": {"start": 800000, "count": 65536}}})


def test_a_range_by_hand_is_granted_on_both_sides() -> None:
    wanted = (IdRange(800000, 65536),)
    assert [("alice", wanted, wanted)] == grants(planned(host(), HAND))
    settled(host(), HAND)


def test_subgid_by_hand_may_differ() -> None:
    spec = spec_of(users={"alice": {"subuid": {"start": 800000}, "subgid": {"start": 900000}}})
    assert [("alice", (IdRange(800000, 65536),), (IdRange(900000, 65536),))] == grants(planned(host(), spec))


def test_a_range_by_hand_replaces_another_while_there_is_no_storage() -> None:
    one = host("alice:524288:65536\n", "alice:524288:65536\n")
    (change,) = planned(one, HAND).changes
    (step,) = change.steps
    assert isinstance(step, GrantSubids)
    assert step.idle
    assert [one.content for one in step.edits] == ["alice:800000:65536\n"] * 2
    settled(one, HAND)


def test_who_overlapped_a_range_that_was_replaced_is_no_longer_in_the_way() -> None:
    text = "alice:524288:65536\nbob:530000:65536\n"
    spec = spec_of(users={"alice": {"subuid": {"start": 800000, "count": 65536}}, "bob": {}})
    outcome = planned(host(text, text), spec)
    assert ids(outcome) == ["subids:alice:ranges"]
    assert outcome.refusals == ()


def test_a_range_with_storage_behind_it_is_not_replaced() -> None:
    one = host("alice:524288:65536\n", "alice:524288:65536\n")
    one.storage["alice"] = "overlay"
    outcome = planned(one, HAND)
    assert reason(outcome) == (
        "/etc/subuid grants 524288:65536, but the document asks for 800000:65536, and alice has container storage whose files carry the old IDs"
    )
    assert outcome.refusals[0].remedy.startswith(
        "to keep the range, name it: subuid: {start: 524288, count: 65536}; to move it, as alice: podman save"
    )


def test_storage_does_not_matter_where_the_range_is_already_right() -> None:
    one = host("alice:800000:65536\n", "alice:800000:65536\n")
    one.storage["alice"] = "overlay"
    assert planned(one, HAND) == Outcome()


def test_a_range_written_by_number_is_replaced_too() -> None:
    one = host("1000:524288:65536\n", "alice:524288:65536\n")
    one.apply(planned(one, HAND).changes)
    assert one.files["/etc/subuid"] == one.files["/etc/subgid"] == "alice:800000:65536\n"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (850000, "/etc/subuid: the taken or reserved block 900000 to 965535 is in the way of 850000:65536"),
        (300000, "/etc/subgid: the account or group with ID 300001 is in the way of 300000:65536"),
        (61184, "/etc/subuid: the taken or reserved block 61184 to 65519 is in the way of 61184:65536"),
    ],
)
def test_a_range_by_hand_that_is_not_free_is_refused(start: int, expected: str) -> None:
    one = host("bob:900000:65536\n")
    one.groups["staff"] = 300001
    spec = spec_of(users={"alice": {"subuid": {"start": start}}})
    assert reason(planned(one, spec)) == f"the requested range cannot be used in {expected}"


def test_nobody_is_given_the_numbers_that_the_spec_names_for_another() -> None:
    spec = spec_of(users={"alice": {}, "bob": {"subuid": {"start": 524288}}})
    assert grants(planned(host(), spec)) == [("bob", (FIRST,), (FIRST,)), ("alice", (SECOND,), (SECOND,))]


# --- where ranges come from a directory ---


def test_a_directory_that_gives_ranges_is_left_to_do_so() -> None:
    one = host()
    one.subid_source, one.directory = "sss", {"alice": ("0: alice 524288 65536\n", "0: alice 524288 65536\n")}
    outcome = planned(one, spec_of())
    assert (outcome.changes, outcome.refusals) == ((), ())
    assert [(only.id, only.reason) for only in outcome.not_applicable] == [
        ("subids:alice:ranges", "nsswitch.conf takes ranges from sss")
    ]


@pytest.mark.parametrize(
    "given",
    [("", ""), ("0: alice 524288 65536\n", ""), ("Error fetching ranges\n", "Error fetching ranges\n")],
)
def test_a_directory_that_gives_none_is_refused_and_local_files_are_not_touched(
    given: tuple[str, str],
) -> None:
    one = host(None, "broken")
    one.subid_source, one.directory = "sss", {"alice": given}
    assert "nsswitch.conf says 'subid: sss'" in reason(planned(one, spec_of()))


def test_a_directory_with_several_ranges_is_read() -> None:
    one = host()
    one.subid_source, one.directory = (
        "sss",
        {"alice": ("0: alice 700000 5\n1: alice 600000 6\n", "0: alice 1 2\n")},
    )
    state = one.state(["alice"])
    assert ((IdRange(600000, 6), IdRange(700000, 5)), (IdRange(1, 2),)) == subids.granted(
        "alice", state.subids, state.accounts
    )


def test_files_in_nsswitch_are_files() -> None:
    one = host()
    one.subid_source = "files"
    assert grants(planned(one, spec_of())) == [("alice", (FIRST,), (FIRST,))]


# --- login.defs ---


def test_a_stricter_login_defs_narrows_the_window() -> None:
    one = host()
    one.login_defs = {"SUB_UID_MIN": "1000000", "SUB_GID_MIN": "0x100000"}
    assert [("alice", (IdRange(1048576, 65536),), (IdRange(1048576, 65536),))] == grants(
        planned(one, spec_of())
    )


def test_a_login_defs_without_room_is_refused() -> None:
    one = host()
    one.login_defs = {"SUB_UID_MAX": "530000"}
    assert "leave no room for 65536 IDs" in reason(planned(one, spec_of()))


def test_a_wider_login_defs_changes_nothing() -> None:
    one = host()
    one.login_defs = {"SUB_UID_MIN": "100000", "SUB_UID_MAX": "4294967295", "SUB_UID_COUNT": "10"}
    assert grants(planned(one, spec_of())) == [("alice", (FIRST,), (FIRST,))]


def test_by_uid_never_shifts_because_of_login_defs() -> None:
    one = host()
    one.login_defs = {"SUB_UID_MIN": "1000000"}
    outcome = planned(one, spec_of(subids={"allocation": "by-uid"}))
    assert grants(outcome) == []
    (refusal,) = outcome.refusals
    assert refusal.reason.endswith("/etc/login.defs on this host starts at 1000000")


# --- damaged lines, and what cannot be read ---


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("alice:0x80000:65536", "alice:524288:65536"),
        ("alice:+524288:65536", "alice:524288:65536"),
        ("alice:524288:65536:note", "alice:524288:65536"),
        ("alice:524288:65536:", "alice:524288:65536"),
    ],
)
def test_a_line_that_shadow_alone_reads_is_a_refusal_with_the_line_that_is_meant(
    line: str, meant: str
) -> None:
    one = host(f"{line}\n", f"{line}\n")
    outcome = planned(one, spec_of())
    assert f"/etc/subuid:1: '{line}'; /etc/subgid:1: '{line}'" in reason(outcome)
    assert f"sed -i '1s/.*/{meant}/' /etc/subuid" in outcome.refusals[0].remedy


@pytest.mark.parametrize(
    "line",
    [
        "alice:1000000:65535v:1100000:65535",
        "alice::231072:65536",
        "alice:524288:65,536",
        "1000:x:65536",
        "alice",
    ],
)
def test_a_damaged_line_of_a_user_is_no_missing_line(line: str) -> None:
    one = host(f"{line}\nbob:524288:65536\n", "bob:524288:65536\n")
    assert f"a line of alice is damaged: /etc/subuid:1: '{line}'" in reason(planned(one, spec_of()))


@pytest.mark.parametrize(
    "line", ["zed:1000000:65535v:1100000:65535", "zed:many:65536", "zed", ":524288:65536", "z\0d:1:2"]
)
def test_a_line_that_nobody_can_read_forbids_new_grants_and_prints_it(line: str) -> None:
    one = host(f"{line}\n", "")
    outcome = planned(one, spec_of(users={"alice": {}, "bob": {}}))
    assert [refusal.id for refusal in outcome.refusals] == ["subids:alice:ranges", "subids:bob:ranges"]
    assert f"/etc/subuid:1: {line!a}" in outcome.refusals[0].reason
    assert outcome.changes == ()


def test_a_line_that_nobody_can_read_does_not_concern_who_needs_nothing() -> None:
    text = "zed:many:65536\nalice:524288:65536\n"
    assert planned(host(text, text), spec_of()) == Outcome()


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        ("zed:0x80000:65536", IdRange(524288, 65536)),
        ("zed:02000000:65536", IdRange(524288, 65536)),
        ("zed:524288:0x10000", IdRange(524288, 65536)),
        ("zed:524288:65536:note", IdRange(524288, 65536)),
        ("zed: 524288:65536", IdRange(524288, 65536)),
        ("zed:0b10000000000000000000:65536", IdRange(524288, 65536)),
        ("zed:0:0", IdRange(0, 2**32)),
        ("zed:1:-1", IdRange(1, 2**32 - 1)),
    ],
)
def test_what_shadow_grants_is_taken_however_it_is_written(line: str, taken: IdRange) -> None:
    one = host(f"{line}\n", "")
    assert taken in {entry.range for entry in one.state().subids.subuid.taken()}
    outcome = planned(one, spec_of())
    given = [step for _, *sides in grants(outcome) for side in sides for step in side]
    assert not [range_ for range_ in given if range_.overlaps(taken)]


def test_a_line_is_not_mended_into_somebody_elses_range() -> None:
    text = "bob:524288:65536\nzed:530000 :65536\n"
    one = host(text, text)
    assert ids(planned(one, spec_of(users={"bob": {}}))) == []
    assert one.state().subids.subuid.bad != ()


def test_a_link_in_place_of_the_file_is_refused() -> None:
    one = host("alice:524288:65536\n", "alice:524288:65536\n")
    one.kinds["/etc/subuid"] = "symbolic link"
    outcome = planned(one, spec_of())
    assert ids(outcome) == ["subids:subuid:link"]
    assert "cp --remove-destination" in outcome.refusals[0].remedy
    state = one.state(["alice"])
    assert subids.granted("alice", state.subids, state.accounts) == ((), ())


def test_ranges_above_2_31_are_kept_as_they_are() -> None:
    text = "alice:2147483648:65536\n"
    assert planned(host(text, text), spec_of()) == Outcome()


def test_a_missing_file_is_expected_to_be_absent_until_it_is_made() -> None:
    assert expected_of(host(None).state().subids.subuid.text) == MISSING_FILE


def test_the_lock_of_a_process_that_is_gone_is_removed_and_no_other() -> None:
    text = "alice:524288:65536\n"
    one = host(text, text)
    state = one.state(["alice"])

    def lock_changes(*locks: str) -> list[str]:
        outcome = subids_plan.plan(spec_of(), state.subids, state.accounts, frozenset(), locks)
        return [change.id for change in outcome.changes]

    assert lock_changes("/etc/subuid.lock dead", "/etc/subgid.lock alive") == ["subids:subuid:lock"]
    assert lock_changes("/etc/subgid.lock none") == []


def test_a_lock_that_names_no_process_is_refused_beside_one_that_is_removed() -> None:
    text = "alice:524288:65536\n"
    one = host(text, text)
    one.facts = {"lock": ("/etc/subuid.lock dead", "/etc/subgid.lock none")}
    outcome = one.plan(spec_of())
    assert [change.id for change in outcome.changes if ":lock" in change.id] == ["subids:subuid:lock"]
    (refusal,) = [refusal for refusal in outcome.refusals if "lock" in refusal.id + refusal.reason]
    assert (refusal.id, refusal.remedy.rpartition(": ")[2]) == ("subids:subgid:lock", "rm /etc/subgid.lock")
