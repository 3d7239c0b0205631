"""Hosts in trouble: one clear message, nothing half-done, and the next run converges once the cause is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from podstead.visit.record import ChangeStatus, HostReport, Status
from tests.lab import Host
from tests.real_hosts.controller import Controller, wait_for
from tests.real_hosts.snapshot import leftovers

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(80)]

Ready = tuple[Host, Path]
ALICE_AND_BOB: Mapping[str, object] = {"alice": {}, "bob": {}}
BOB = "bob:589824:65536\n"


@pytest.fixture
def host(ready: Ready) -> Iterator[Host]:
    """The ready host on which bob is still to be served; afterwards bob has nothing again."""
    yield ready[0]
    ready[0].sh(
        "sed -i '/^bob:/d' /etc/subuid /etc/subgid; loginctl disable-linger bob; systemctl stop user@1002"
    )


def assert_sound(host: Host) -> None:
    """Nothing half-written and nothing left over."""
    for path in ("/etc/subuid", "/etc/subgid"):
        text = host.path(path).read_text()
        assert text in ("alice:524288:65536\n", f"alice:524288:65536\n{BOB}"), path
    assert leftovers(host) == []


def complaint(report: HostReport) -> str:
    """The one thing that went wrong: a failed change, a refusal or trouble with the whole host."""
    failed = [change for change in report.changes if change.status is ChangeStatus.FAILED]
    told = [f"{one.title}: {one.log} | {one.hint}" for one in failed]
    told += [f"{one.title}: {one.reason} | {one.remedy}" for one in report.refusals]
    told += [f"{report.trouble.message} | {report.trouble.hint}"] if report.trouble else []
    assert len(told) == 1, told
    return told[0]


def apply(
    controller: Controller,
    host: Host,
    *words: str,
    users: Mapping[str, object] = ALICE_AND_BOB,
    packages: Mapping[str, object] | None = None,
) -> tuple[int, HostReport]:
    inventory = controller.inventory({host.name: controller.reach()}, users=users, packages=packages or {})
    ran = controller.json("apply", inventory, *words)
    return ran.code, ran.host(host.name)


def converges(controller: Controller, host: Host, users: Mapping[str, object] = ALICE_AND_BOB) -> None:
    code, report = apply(controller, host, users=users)
    assert (code, report.status) == (0, Status.CHANGED), report
    assert_sound(host)
    code, report = apply(controller, host, users=users)
    assert (code, report.changes) == (0, ()), report


@dataclass(frozen=True)
class Trouble:
    """How a host is broken and mended with its own tools, and what must be said of it."""

    cause: str
    cure: str
    said: str
    advised: str


TROUBLES = {
    "full disk": Trouble(
        # all of /etc on a small file system of its own, filled to the last byte
        "mkdir -p /run/etc; mount -t tmpfs -o size=$(($(du -sk /etc | cut -f1) * 2 + 512))k small /run/etc\n"
        "cp -a /etc/. /run/etc; mount --bind /run/etc /etc; umount /run/etc\n"
        "dd if=/dev/zero of=/etc/fill bs=1k 2>/dev/null || :",
        "umount /etc; rmdir /run/etc",
        "No space left on device",
        "free some space",
    ),
    "read-only /etc": Trouble(
        "mount --bind /etc /etc; mount -o remount,bind,ro /etc",
        "umount /etc",
        "[Rr]ead-only",
        "mounted read-only|remount",
    ),
    "subuid held by a live process": Trouble(
        "sleep 600 >/dev/null 2>&1 </dev/null & printf %s $! >/etc/subuid.lock",
        "kill $(cat /etc/subuid.lock); rm /etc/subuid.lock",
        r"/etc/subuid.lock is held by process \d+",
        "wait for the other program to end",
    ),
}


@pytest.mark.parametrize("name", sorted(TROUBLES))
def test_trouble_is_told_once_and_the_next_run_converges(
    name: str, host: Host, controller: Controller
) -> None:
    trouble = TROUBLES[name]
    before = {path: host.path(path).read_bytes() for path in ("/etc/subuid", "/etc/subgid")}
    host.sh(trouble.cause)
    try:
        code, report = apply(controller, host)
        assert (code, report.status) == (1, Status.FAILED), report
        told = complaint(report)
        assert re.search(trouble.said, told), told
        assert re.search(trouble.advised, told.partition(" | ")[2]), told
        assert {path: host.path(path).read_bytes() for path in before} == before
    finally:
        host.sh(trouble.cure)
    assert_sound(host)
    converges(controller, host)


def test_a_lock_whose_owner_is_dead_is_taken_over(host: Host, controller: Controller) -> None:
    host.sh("true & dead=$!; wait; printf %s $dead >/etc/subuid.lock; printf %s $dead >/etc/subgid.lock")
    converges(controller, host)


def test_a_lock_whose_owner_is_dead_does_not_stop_the_mending_of_lines(
    host: Host, controller: Controller
) -> None:
    host.path("/etc/subuid").write_text("alice:524288:65536\r\n")
    host.sh("true & dead=$!; wait; printf %s $dead >/etc/subuid.lock")
    converges(controller, host)


def test_lines_are_not_mended_while_another_program_holds_the_lock(
    host: Host, controller: Controller
) -> None:
    host.path("/etc/subuid").write_text("alice:524288:65536\r\n")
    host.sh(TROUBLES["subuid held by a live process"].cause)
    try:
        code, report = apply(controller, host)
        assert (code, report.status) == (1, Status.FAILED), report
        assert "sleep" in complaint(report)
        assert host.path("/etc/subuid").read_bytes() == b"alice:524288:65536\r\n"
    finally:
        host.sh(TROUBLES["subuid held by a live process"].cure)
    converges(controller, host)


def test_a_lock_that_is_let_go_in_time_is_waited_for(host: Host, controller: Controller) -> None:
    host.sh(TROUBLES["subuid held by a live process"].cause)
    inventory = controller.inventory({host.name: controller.reach()}, users=ALICE_AND_BOB)
    process = controller.start("apply", "-i", inventory, "-o", "json")
    try:
        # what it would link into place shows that it has met the lock
        wait_for(
            "the lock to be met",
            lambda: process.poll() is not None or any(host.path("/etc").glob("subuid.podstead.*")),
        )
    finally:
        host.sh(TROUBLES["subuid held by a live process"].cure)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    assert_sound(host)


def test_a_user_who_does_not_exist_is_refused_and_the_others_are_served(
    host: Host, controller: Controller
) -> None:
    code, report = apply(controller, host, users={**ALICE_AND_BOB, "nobody-here": {}})
    assert code == 1
    assert "account nobody-here is missing" in complaint(report)
    assert "create" in report.refusals[0].remedy
    assert host.path("/etc/subuid").read_text() == f"alice:524288:65536\n{BOB}"
    assert_sound(host)


def test_a_package_that_does_not_exist_is_named(host: Host, controller: Controller) -> None:
    code, report = apply(controller, host, users={"alice": {}}, packages={"nonexistent-pkg": {}})
    assert code == 1
    told = complaint(report)
    assert "nonexistent-pkg" in told
    assert "check its repositories" in told
    assert_sound(host)


def test_a_version_that_is_not_to_be_had_is_refused(host: Host, controller: Controller) -> None:
    code, report = apply(controller, host, users={"alice": {}}, packages={"podman": {"version": ">=99"}})
    assert code == 1
    assert ">=99" in complaint(report)
    assert [refusal.id for refusal in report.refusals] == ["packages:podman:version"]
    assert report.changes == ()
