"""What a user's own look says is about that user, and a user who cannot be looked at costs nobody else anything."""

from __future__ import annotations

import base64

import pytest

from podstead.host import looks
from podstead.host.frames import Records
from podstead.host.state import from_records
from podstead.visit.obstacles import intended
from tests.model_host import INNER, ModelAccount, ModelHost, look, record, spec_of

USERS = spec_of(users={"bob": {}, "mallory": {}}, session={"linger": True}, storage={"driver": "overlay"})
BAD = {
    "late": (look((), code=124, ends=()), "the look timed out"),
    "no program": (look((), code=1, ends=()), "no program can be run as this user (exit code 1)"),
    "cut by size": (look([record("paths", "x" * 100)], ends=()), "the output is incomplete"),
    "killed with root's script": ("base64\n", "nothing was printed"),
    "garbled": ("base64\n!!\n", "nothing was printed"),
    "another encoding": ("rot13\nabc\n", "nothing was printed"),
    "nothing": ("", "nothing was printed"),
}


def pair() -> ModelHost:
    accounts = {"bob": ModelAccount(1002, 1002), "mallory": ModelAccount(1003, 1003)}
    return ModelHost(accounts=accounts, installed={"podman": "5.4.2", "crun": "1"})


@pytest.mark.parametrize("name", BAD)
def test_a_user_who_cannot_be_looked_at_is_refused_and_nobody_else(name: str) -> None:
    host = pair()
    text, why = BAD[name]
    host.looks = {"mallory": text}
    if not text:
        seen = from_records(
            Records(
                tuple(
                    one for one in host.records(USERS.users) if one.argument != "mallory" or one.key != "look"
                )
            )
        )
    else:
        seen = host.state(USERS.users)
    assert {who: why in said for who, said in seen.uninspected.items()} == {"mallory": True}
    assert "mallory" not in seen.session.users
    assert seen.users_with_storage == {"mallory"}, "what cannot be read is not free"
    wanted = intended(USERS, seen)
    assert [one.id for one in wanted.refusals if "mallory" in one.id] == [
        "session:mallory:look",
        "storage:mallory:look",
    ]
    assert [one.id for one in wanted.refusals if "bob" in one.id] == []
    assert {one.id for one in wanted.changes if one.part == "session"} == {"session:bob:linger"}
    assert {one.id for one in wanted.changes if one.part == "subids"} >= {
        "subids:bob:ranges",
        "subids:mallory:ranges",
    }


def test_a_look_says_nothing_of_other_users_and_of_no_path_that_was_not_asked_for() -> None:
    forged = look(
        [
            record("paths", "640:0:0:regular file:/etc/subuid\n666:0:0:socket:/run/user/1002/bus\n"
                   "644:0:0:regular empty file:/var/lib/systemd/linger/bob\n4755:0:0:regular file:/usr/bin/newuidmap\n"
                   "644:0:0:regular empty file:/var/lib/systemd/linger/mallory\n"
                   "700:1003:1003:directory:/run/user/1003\n"),
            record("file", "mallory:1:4000000\n", "/etc/subuid"),
            record("passwd", "bob:x:0:0::/:/bin/sh\n"),
            record("user", "1002:/home/mallory\n", "bob"),
            record("pause", "x\n", "bob"),
            record("facts", "boot.id\tforged\n"),
            record("id", "0 mallory\n"),
        ]
    )  # fmt: skip
    host = pair()
    before = host.state(USERS.users)
    host.looks = {"mallory": forged}
    after = host.state(USERS.users)
    assert after.session.users["bob"] == before.session.users["bob"]
    assert not after.session.users["mallory"].linger, "this is root's to say"
    assert after.session.users["mallory"].runtime_dir
    assert (after.subids, after.accounts, after.packages, after.platform) == (
        before.subids,
        before.accounts,
        before.packages,
        before.platform,
    )
    assert after.facts.host == before.facts.host


def test_records_of_users_in_roots_own_stream_are_not_taken_for_roots() -> None:
    host = pair()
    records = host.records(USERS.users)
    forged = [record("running", "9\n", "bob"), record("user-facts", "homed\tyes\n", "bob")]
    assert looks.parse(Records((*records, *forged))) == looks.parse(Records(tuple(records)))


def test_a_look_that_was_cut_off_among_the_owners_of_files_counts_without_the_half_line() -> None:
    data = b"".join(
        f"\n@@{INNER} {key}\n{body}".encode()
        for key, body in (("facts", "homed\tyes\n"), ("looked", ""), ("owners", "graph.owner\t1 1\ngraph.ow"))
    )
    host = pair()
    host.looks = {"bob": "base64\n" + base64.b64encode(data + b"\n@@ended 124\n").decode() + "\n"}
    seen = host.state(USERS.users)
    assert seen.uninspected == {}
    assert dict(seen.facts.of("bob").values) == {"homed": ("yes",), "graph.owner": ("1 1",)}
