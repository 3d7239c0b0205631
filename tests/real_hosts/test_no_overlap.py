"""Ranges never overlap, whatever the files look like and whoever writes them at the same time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import pytest

from podstead.ids.ranges import IdRange
from podstead.proof.finding import Verdict
from podstead.visit.record import ChangeStatus, Status
from tests.lab import Host
from tests.real_hosts.controller import Controller, wait_for
from tests.real_hosts.snapshot import leftovers

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(70)]

Ready = tuple[Host, Path]
ALICE = "alice:524288:65536\n"
FILES = ("/etc/subuid", "/etc/subgid")
BOB: Mapping[str, object] = {"bob": {"linger": False}}


def write(host: Host, subuid: str, subgid: str | None = None) -> None:
    for path, text in zip(FILES, (subuid, subuid if subgid is None else subgid), strict=True):
        host.path(path).write_text(text)


def maps(host: Host, user: str, host_id: int) -> bool:
    """Whether the real newuidmap lets a user map this host UID."""
    script = (
        "unshare -U sleep 20 >/dev/null 2>&1 & c=$!; "
        'while [ "$(readlink /proc/$c/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.02; done; '
        f"newuidmap $c 0 {host_id} 1; r=$?; kill $c; exit $r"
    )
    return host.ssh(user, script, check=False).returncode == 0


def ranges(host: Host, path: str) -> dict[str, list[IdRange]]:
    found: dict[str, list[IdRange]] = {}
    for line in host.path(path).read_text().splitlines():
        owner, start, count = line.split(":")
        found.setdefault(owner, []).append(IdRange(int(start), int(count)))
    return found


def assert_no_overlap(host: Host) -> None:
    for path in FILES:
        rows = [(owner, one) for owner, given in ranges(host, path).items() for one in given]
        clash = [(one, other) for one, other in combinations(rows, 2) if one[1].overlaps(other[1])]
        assert clash == [], path


@pytest.fixture
def host(ready: Ready) -> Iterator[Host]:
    """The ready host with an account zed besides; afterwards only alice has a range."""
    one = ready[0]
    one.sh("id zed >/dev/null 2>&1 || useradd -m -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 zed; install -d -m 700 -o zed -g zed ~zed/.ssh; "
           "install -m 600 -o zed -g zed ~alice/.ssh/authorized_keys ~zed/.ssh/")  # fmt: skip
    yield one
    left = leftovers(one)
    one.sh(
        "rm -f /etc/subuid /etc/subgid /etc/subuid- /etc/subgid-; for u in zed dave; do userdel -rf $u 2>/dev/null || :; done; loginctl disable-linger bob || :"
    )
    for path in FILES:
        one.path(path).write_text(ALICE)
    one.sh("chmod 644 /etc/subuid /etc/subgid")
    assert left == []


@pytest.mark.parametrize(
    "line",
    [
        "zed:0x90000:65536",
        "zed:02200000:65536",
        "zed:+589824:65536",
        "zed: 589824:65536",
        "zed:589824:65536:note",
        "zed:589824:0x10000",
        "zed:589824:65536:",
        "zed:0b10010000000000000000:65536",
    ],
)
def test_a_grant_that_shadow_reads_is_nobody_elses(host: Host, controller: Controller, line: str) -> None:
    """Each of these is a real grant (of shadow 4.17) of host UID 589824, the next that would be free."""
    write(host, f"{ALICE}{line}\n", f"{ALICE}zed:589824:65536:note\n")
    assert maps(host, "zed", 589824)
    inventory = controller.inventory({host.name: controller.reach()}, users=BOB)
    ran = controller.json("apply", inventory)
    assert ran.code == 0, str(ran)
    assert not maps(host, "bob", 589824)
    shown = host.path("/etc/subuid").read_text().splitlines()
    assert shown == [ALICE.strip(), line, "bob:655360:65536"] or shown == [
        ALICE.strip(), "zed:589824:65536", "bob:655360:65536",
    ]  # fmt: skip
    assert maps(host, "bob", 655360)
    assert not maps(host, "zed", 655360)


def test_a_line_that_nobody_reads_forbids_new_ranges(host: Host, controller: Controller) -> None:
    write(host, f"{ALICE}zed:589824:65535v:1100000:65535\n")
    inventory = controller.inventory({host.name: controller.reach()}, users={"alice": {}, **BOB})
    ran = controller.json("apply", inventory)
    report = ran.host(host.name)
    assert (ran.code, [one.id for one in report.refusals]) == (1, ["subids:bob:ranges"]), str(ran)
    assert "/etc/subuid:2: 'zed:589824:65535v:1100000:65535'" in report.refusals[0].reason
    seen = controller.json("verify", inventory, "--check", "V03", "--for", "alice").host(host.name)
    assert {one.verdict for one in seen.findings if one.user == "alice"} == {Verdict.COULD_NOT_LOOK}


def test_a_damaged_line_of_a_user_is_a_refusal_that_prints_it(host: Host, controller: Controller) -> None:
    """A new range would leave the files in storage with IDs that nobody has, or shift them once the line is corrected."""
    write(host, f"{ALICE}bob:1000000:65535v:1100000:65535\n")
    inventory = controller.inventory({host.name: controller.reach()}, users=BOB)
    ran = controller.json("apply", inventory)
    report = ran.host(host.name)
    assert (ran.code, [one.id for one in report.refusals]) == (1, ["subids:bob:ranges"]), str(ran)
    assert "/etc/subuid:2: 'bob:1000000:65535v:1100000:65535'" in report.refusals[0].reason
    assert host.path("/etc/subuid").read_text().startswith(f"{ALICE}bob:1000000:65535v:1100000:65535\n")
    assert "bob:5" not in host.path("/etc/subuid").read_text()


def test_a_symbolic_link_is_named_and_refused(host: Host, controller: Controller) -> None:
    host.sh("mkdir -p /persist; for f in subuid subgid; do mv /etc/$f /persist/; ln -s /persist/$f /etc/$f; done; loginctl terminate-user alice; sleep 1")  # fmt: skip
    inventory = controller.inventory({host.name: controller.reach()})
    ran = controller.json("apply", inventory)
    report = ran.host(host.name)
    assert [one.id for one in report.refusals] == ["subids:subuid:link", "subids:subgid:link"], str(ran)
    seen = controller.json("verify", inventory).host(host.name)
    named = {
        one.check: one.ref for one in seen.findings if one.verdict is Verdict.FAIL and one.user == "alice"
    }
    assert set(named.values()) == {"C32"}, named
    remedies = [one.remedy for one in report.refusals]
    host.sh("\n".join(remedy.split(": ", 1)[1].split("; then")[0] for remedy in remedies))
    assert controller.json("apply", inventory).code == 0
    assert controller.json("verify", inventory, "--for", "alice", "--check", "V05").code == 0


def test_two_tools_that_wait_for_one_lock_give_different_ranges(host: Host, controller: Controller) -> None:
    """useradd and podstead wait for the lock of vipw with the same free range in mind."""
    host.sh("sed -i 's/^SUB_.ID_MIN.*//' /etc/login.defs; "
            "printf 'SUB_UID_MIN 524288\\nSUB_GID_MIN 524288\\n' >>/etc/login.defs")  # fmt: skip
    inventory = controller.inventory({host.name: controller.reach()}, users=BOB)
    editor = "until [ -e /run/edited ]; do sleep 0.05; done"
    host.path("/usr/local/bin/waits").write_text(f"#!/bin/sh\ntouch /run/editing\n{editor}\ntouch $1\n")
    host.sh("chmod 755 /usr/local/bin/waits; rm -f /run/edited /run/editing")
    vipw = subprocess.Popen(
        host_argv(host, "EDITOR=/usr/local/bin/waits vipw"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for("vipw", host.path("/run/editing").exists)
    adding = subprocess.Popen(
        host_argv(host, "useradd -m dave"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    running = controller.start("apply", "-i", inventory, "--output", "json")
    try:
        wait_for("both to wait", lambda: host.sh("pgrep -x useradd", check=False).returncode == 0)
        host.sh("sleep 3; touch /run/edited")
        out, err = running.communicate(timeout=120)
        assert adding.wait(60) == 0
    finally:
        host.sh("touch /run/edited")
        vipw.wait(60)
        if running.poll() is None:
            running.kill()
    assert running.returncode == 0, out + err
    assert_no_overlap(host)
    assert ranges(host, "/etc/subuid").keys() == {"alice", "bob", "dave"}


def host_argv(host: Host, command: str) -> list[str]:
    return ["nsenter", "-t", str(host.leader), "-a", "sh", "-c", command]


def test_a_plan_that_was_overtaken_is_made_anew_within_the_run(host: Host, controller: Controller) -> None:
    """The lock is held by another tool, which writes the very range before it lets go."""
    inventory = controller.inventory({host.name: controller.reach()}, users=BOB)
    holder = subprocess.Popen(
        host_argv(
            host,
            "echo $$ >/etc/subuid.lock; until ls /etc/subuid.podstead.* >/dev/null 2>&1; do sleep 0.05; done; "
            "echo zed:589824:65536 >>/etc/subuid; echo zed:589824:65536 >>/etc/subgid; rm /etc/subuid.lock",
        )
    )
    wait_for("the lock", host.path("/etc/subuid.lock").exists)
    ran = controller.json("apply", inventory)
    assert holder.wait(60) == 0
    report = ran.host(host.name)
    assert (ran.code, report.status) == (0, Status.CHANGED), str(ran)
    assert [(one.id, one.status) for one in report.changes if one.id.startswith("subids")] == [
        ("subids:bob:ranges", ChangeStatus.CHANGED)
    ]
    assert ranges(host, "/etc/subuid") == ranges(host, "/etc/subgid") == {
        "alice": [IdRange(524288, 65536)],
        "zed": [IdRange(589824, 65536)],
        "bob": [IdRange(655360, 65536)],
    }  # fmt: skip


def test_one_users_failing_step_stops_nobody_else(host: Host, controller: Controller) -> None:
    """alice's bus cannot be started; bob is served all the same."""
    host.sh("""loginctl enable-linger alice; install -d -o alice -g alice ~alice/.config ~alice/.config/systemd ~alice/.config/systemd/user
ln -sf /dev/null ~alice/.config/systemd/user/dbus.socket; rm -f /run/user/1001/bus""")
    inventory = controller.inventory(
        {host.name: controller.reach()}, users={"alice": {"linger": True}, "bob": {"linger": True}}
    )
    try:
        report = controller.json("apply", inventory).host(host.name)
        found = {one.id: one.status for one in report.changes}
        assert found["session:alice:bus"] is ChangeStatus.FAILED, found
        assert (found["subids:bob:ranges"], found["session:bob:linger"]) == (ChangeStatus.CHANGED,) * 2, found
    finally:
        host.sh("rm -f ~alice/.config/systemd/user/dbus.socket; systemctl restart user@1001")
    assert controller.json("apply", inventory).code == 0


def test_the_lock_of_podstead_is_roots_alone(host: Host, controller: Controller) -> None:
    inventory = controller.inventory({host.name: controller.reach()}, users=BOB)
    assert controller.json("apply", inventory).code == 0
    assert host.ssh("alice", "flock -n /run/podstead/lock true", check=False).returncode != 0
    assert host.ssh("alice", "ls /run/podstead", check=False).returncode != 0
    assert host.sh("ls -A /run/podstead").stdout.split() == ["holder", "lock"]


def test_a_link_to_a_pipe_of_a_users_holds_nobody_up(host: Host, controller: Controller) -> None:
    host.sh(
        "mkfifo -m 666 ~alice/pipe; chown alice: ~alice/pipe; rm /etc/subuid; ln -s ~alice/pipe /etc/subuid"
    )
    inventory = controller.inventory({host.name: controller.reach()})
    try:
        report = controller.json("check", inventory, "--command-timeout", "60").host(host.name)
        assert [one.id for one in report.refusals] == ["subids:subuid:link"], report
    finally:
        host.sh("rm -f /etc/subuid ~alice/pipe")
