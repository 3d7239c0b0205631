"""Ctrl-C in the middle of a change: what was begun is finished, what was not is not, and the report says which."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from podstead.visit.record import Report, Status
from tests.lab import Host
from tests.real_hosts.controller import Controller, wait_for
from tests.real_hosts.snapshot import leftovers

pytestmark = pytest.mark.real_hosts

BOTH: Mapping[str, object] = {"alice": {}, "bob": {}}


@pytest.fixture
def host(ready: tuple[Host, Path]) -> Iterator[Host]:
    """The ready host on which bob is still to be served, with somebody holding /etc/subuid."""
    host = ready[0]
    host.sh("sleep 600 >/dev/null 2>&1 </dev/null & printf %s $! >/etc/subuid.lock")
    yield host
    host.sh(
        "[ ! -e /etc/subuid.lock ] || { kill $(cat /etc/subuid.lock); rm /etc/subuid.lock; }; "
        "sed -i '/^bob:/d' /etc/subuid /etc/subgid; loginctl disable-linger bob; systemctl stop user@1002"
    )


def let_go(host: Host) -> None:
    host.sh("kill $(cat /etc/subuid.lock); rm /etc/subuid.lock")


def in_the_middle(controller: Controller, host: Host) -> subprocess.Popen[str]:
    """A run over two hosts, one at a time, that is changing the first."""
    inventory = controller.inventory({host.name: controller.reach(), "later": controller.reach()}, users=BOTH)
    process = controller.start("apply", "-i", inventory, "-o", "json", "-f", "1")
    # what it would link into place shows that it has met the lock
    wait_for("the lock to be met", lambda: any(host.path("/etc").glob("subuid.podstead.*")))
    os.killpg(process.pid, signal.SIGINT)
    return process


def statuses(out: str) -> dict[str, Status]:
    report = Report.model_validate_json(out)
    assert report.interrupted
    return {one.name: one.status for one in report.hosts}


def test_once_finishes_the_change_that_was_begun_and_starts_no_other_host(
    host: Host, controller: Controller
) -> None:
    process = in_the_middle(controller, host)
    let_go(host)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, statuses(out)) == (
        130,
        {host.name: Status.CHANGED, "later": Status.SKIPPED},
    ), err
    assert f"waiting for those in progress: {host.name} (Ctrl-C again stops at once)" in err
    assert "bob:" in host.path("/etc/subuid").read_text()
    assert leftovers(host) == []


def test_twice_stops_at_once_and_the_next_run_converges(host: Host, controller: Controller) -> None:
    process = in_the_middle(controller, host)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, statuses(out)) == (
        130,
        {host.name: Status.FAILED, "later": Status.SKIPPED},
    ), err
    let_go(host)
    wait_for("the host to come to rest", lambda: host.sh("pgrep -x timeout", check=False).returncode != 0)
    inventory = controller.inventory({host.name: controller.reach()}, users=BOTH)
    assert controller.json("apply", inventory).code == 0
    assert controller.json("apply", inventory).report.changes == 0
    assert leftovers(host) == []
