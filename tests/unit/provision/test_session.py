"""Linger, delegation, the user bus, and pause processes with an old map."""

from __future__ import annotations

from dataclasses import replace

import pytest

from podstead.document.spec import HostSpec
from podstead.host import session as host_session
from podstead.host.frames import Records
from podstead.host.state import from_records
from podstead.ids.ranges import IdMap, IdRange
from podstead.provision import session
from podstead.provision.change import (
    MISSING_FILE,
    Outcome,
    RunAsUser,
    RunCommand,
    WaitSocket,
    WriteFile,
    checksum,
)
from tests.model_host import ModelAccount, ModelHost, record, spec_of

LINGER = spec_of(session={"linger": True})
DELEGATE = spec_of(users={}, session={"delegate": ["pids", "cpu"]})
TEXT = "# Written by podstead; changes made here are overwritten.\n[Service]\nDelegate=cpu pids\n"
RANGE = IdRange(524288, 65536)


def host() -> ModelHost:
    line = f"alice:{RANGE}\n"
    return ModelHost(
        accounts={"alice": ModelAccount(1000, 1001)}, files={"/etc/subuid": line, "/etc/subgid": line}
    )


def planned(one: ModelHost, spec: HostSpec) -> Outcome:
    state = one.state(spec.users)
    return session.plan(spec, state.session, state.platform)


def migrate(one: ModelHost, spec: HostSpec, *allowed: str) -> Outcome:
    state = one.state(spec.users)
    return session.plan_migrate(spec, state.session, state.subids, state.accounts, allowed=frozenset(allowed))


def held(*ranges: IdRange, uid: int = 1000, gid: int = 1001) -> tuple[IdMap, IdMap]:
    return IdMap.expected(uid, ranges), IdMap.expected(gid, ranges)


def test_linger_starts_the_session_and_waits_for_its_bus() -> None:
    (change,) = planned(host(), LINGER).changes
    assert change.id == "session:alice:linger"
    assert change.steps == (
        RunCommand(("loginctl", "enable-linger", "--", "alice")),
        RunCommand(("systemctl", "start", "user@1000.service")),
        RunAsUser(user="alice", argv=("systemctl", "--user", "daemon-reload")),
        RunAsUser(user="alice", argv=("systemctl", "--user", "start", "dbus.socket")),
        WaitSocket(path="/run/user/1000/bus"),
    )


def test_after_linger_there_is_nothing_to_do() -> None:
    one = host()
    one.apply(planned(one, LINGER).changes)
    assert planned(one, LINGER) == Outcome()


def test_a_lingering_user_without_a_bus_gets_one() -> None:
    one = host()
    one.linger.add("alice")
    (change,) = planned(one, LINGER).changes
    assert ("session:alice:bus", RunCommand(("systemctl", "start", "user@1000.service"))) == (
        change.id,
        change.steps[0],
    )
    one.apply([change])
    assert planned(one, LINGER) == Outcome()


def test_a_bus_of_a_login_is_no_linger() -> None:
    one = host()
    one.buses.add("alice")
    assert [change.id for change in planned(one, LINGER).changes] == ["session:alice:linger"]


@pytest.mark.parametrize(
    ("user", "everybody", "expected"), [(None, False, 0), (None, True, 1), (False, True, 0), (True, False, 1)]
)
def test_a_users_own_word_on_linger_counts_more(user: bool | None, everybody: bool, expected: int) -> None:
    spec = spec_of(users={"alice": {"linger": user}}, session={"linger": everybody})
    assert expected == len(planned(host(), spec).changes)


def test_linger_that_nobody_asks_for_is_left_alone() -> None:
    one = host()
    one.linger.add("alice")
    assert planned(one, spec_of()) == Outcome()


def test_an_account_that_is_not_there_yet_has_no_session() -> None:
    assert planned(host(), spec_of(users={"new": {"create": True, "linger": True}})) == Outcome()


def test_what_only_root_or_the_user_can_see_is_not_pending_for_others() -> None:
    """/run/user/UID is 0700: to somebody else a session's bus looks as if it were missing."""
    one = host()
    one.linger.add("alice")
    state = one.state(("alice",))
    spec = spec_of(users={"alice": {"linger": True}})
    session_of_alice = replace(state.session.users["alice"], linger=True, bus=False)
    seen = replace(state.session, users={"alice": session_of_alice})
    for user, pending in (("bob", False), ("alice", True), ("root", True)):
        platform = replace(state.platform, user=user, euid=0 if user == "root" else 1002)
        outcome = session.plan(spec, seen, platform)
        assert ("session:alice:bus" in [change.id for change in outcome.changes]) is pending, user
        reasons = [only.reason for only in outcome.not_applicable if only.id == "session:alice:bus"]
        assert bool(reasons) is not pending
        assert all(reason.startswith("not looked at: only root and the user") for reason in reasons)


def test_without_systemd_nothing_of_it_applies_and_the_reason_is_said() -> None:
    one = host()
    one.systemd, one.init = False, "tini"
    outcome = planned(one, spec_of(session={"linger": True, "delegate": ["cpu"]}))
    assert (outcome.changes, outcome.refusals) == ((), ())
    assert [only.id for only in outcome.not_applicable] == [
        "session:alice:linger",
        "session:delegate:controllers",
    ]
    assert {"PID 1 is tini, not systemd"} == {only.reason for only in outcome.not_applicable}


def test_delegation_is_a_drop_in_and_a_reload() -> None:
    one = host()
    (change,) = planned(one, DELEGATE).changes
    assert change.steps == (
        WriteFile(path=host_session.DROP_IN, content=TEXT, expected=MISSING_FILE),
        RunCommand(("systemctl", "daemon-reload")),
    )
    one.apply([change])
    assert planned(one, DELEGATE) == Outcome()


def test_a_changed_drop_in_is_guarded_by_its_checksum() -> None:
    one = host()
    one.files[host_session.DROP_IN] = "[Service]\nDelegate=yes\n"
    (change,) = planned(one, DELEGATE).changes
    (write, _) = change.steps
    assert isinstance(write, WriteFile)
    assert checksum(b"[Service]\nDelegate=yes\n") == write.expected
    assert "-Delegate=yes\n+Delegate=cpu pids\n" in change.diff


def test_a_pause_process_with_todays_map_is_left_alone() -> None:
    one = host()
    one.pause["alice"] = held(RANGE)
    assert migrate(one, spec_of()) == Outcome()


def test_a_map_that_is_only_cut_differently_is_the_same() -> None:
    one = host()
    one.pause["alice"] = held(IdRange(524288, 1000), IdRange(525288, 64536))
    assert migrate(one, spec_of()) == Outcome()


def test_a_pause_process_with_an_old_map_is_migrated() -> None:
    one = host()
    one.pause["alice"] = held(IdRange(100000, 65536))
    (change,) = migrate(one, spec_of()).changes
    assert ("session:alice:migrate", (RunAsUser(user="alice", argv=("podman", "system", "migrate")),)) == (
        change.id,
        change.steps,
    )
    one.apply([change])
    assert migrate(one, spec_of()) == Outcome()


def test_a_difference_on_the_group_side_alone_counts() -> None:
    one = host()
    one.pause["alice"] = held(RANGE)[0], held(IdRange(100000, 65536))[1]
    assert len(migrate(one, spec_of()).changes) == 1


def test_running_containers_are_not_stopped_unless_allowed_by_name() -> None:
    one = host()
    one.pause["alice"], one.running["alice"] = held(), 3
    outcome = migrate(one, spec_of())
    (refusal,) = outcome.refusals
    assert (outcome.changes, refusal.id, refusal.allow) == ((), "session:alice:migrate", True)
    assert "would stop 3 running containers" in refusal.reason
    assert "--allow session:alice:migrate" in refusal.remedy
    assert refusal == migrate(one, spec_of(), "session:bob:migrate").refusals[0]
    allowed = migrate(one, spec_of(), "session:alice:migrate")
    assert ([change.id for change in allowed.changes], allowed.refusals) == (["session:alice:migrate"], ())


def test_a_process_that_only_got_the_number_is_nobodys_pause_process() -> None:
    records = host().records(["alice"])
    stale = [
        record("pause", "nginx\n", "alice"),
        record("pause-uid", "0 0 1\n", "alice"),
        record("pause-gid", "0 0 1\n", "alice"),
    ]
    assert None is from_records(Records((*records, *stale))).session.users["alice"].pause


def test_what_is_no_number_of_containers_stops_nobodys() -> None:
    assert [host_session._count(text) for text in (None, "\n", "7\n", "??")] == [0, 0, 7, 1]


def test_the_session_of_a_user_is_read() -> None:
    one = host()
    one.linger.add("alice")
    one.buses.add("alice")
    one.storage["alice"] = "vfs"
    expected = host_session.UserSession(
        uid=1000,
        home="/home/alice",
        linger=True,
        runtime_dir=True,
        bus=True,
        storage=True,
        drivers=("vfs",),
    )
    assert expected == one.state(["alice"]).session.users["alice"]


def test_a_graphroot_elsewhere_is_taken_for_storage() -> None:
    one = host()
    one.files["/home/alice/.config/containers/storage.conf"] = '[storage]\ngraphroot = "/srv/a"\n'
    assert one.state(["alice"]).session.users["alice"].storage
