"""A host that floods costs the controller its limit and no more, and a worker never outlives its controller."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from podstead.visit.record import Report, Status
from tests.lab import Host
from tests.lab.process import children
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import Controller, wait_for

pytestmark = pytest.mark.real_hosts

MEBIBYTE = 2**20
#: The limit is 64 MiB, which stands in memory once as bytes; the worker itself needs about 90 MiB.
ENOUGH = 300 * MEBIBYTE


@pytest.fixture(scope="module")
def host(booting: Booting) -> Iterator[Host]:
    with booting("debian-13", podman=True) as booted:
        yield booted


def force(host: Host, command: str) -> None:
    """Let every login of alice run this instead of what she asks for."""
    place = host.path("/etc/ssh/sshd_config.d/10-force.conf")
    place.write_text(f"Match User alice\n  ForceCommand {command}\n")
    host.sh(
        "systemctl reset-failed ssh; systemctl restart ssh"
    )  # systemd starts nothing more often than five times in ten seconds
    wait_for("sshd", lambda: host.ssh("root", "true", check=False).returncode == 0)


def worker_of(pid: int) -> int | None:
    """The worker process below a process."""
    for child in children(pid):
        if b"podstead.remote.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
            return child
        if found := worker_of(child):
            return found
    return None


def peak(pid: int) -> int:
    """The most memory that a process has had, in bytes."""
    try:
        match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(match[1]) * 1024 if match else 0


@contextmanager
def started(
    controller: Controller, host: Host, *words: str, **env: str
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A check over a host as alice, and its worker."""
    inventory = controller.inventory({host.name: controller.reach("alice", ansible_become=False)})
    process = controller.start("check", "-i", inventory, "-o", "json", *words, **env)
    try:
        wait_for("the worker", lambda: worker_of(process.pid) is not None)
        worker = worker_of(process.pid)
        assert worker is not None
        yield process, worker
    finally:
        process.kill()
        process.communicate(timeout=30)


@pytest.mark.parametrize(
    "command",
    ['/usr/bin/yes ""', "/usr/bin/tr '\\\\0' x </dev/zero", "/usr/bin/yes '' >&2", "/usr/bin/cat /dev/zero"],
    ids=["lines", "one-line", "errors", "zeros"],
)
def test_a_host_that_floods_is_cut_off_and_named(host: Host, controller: Controller, command: str) -> None:
    force(host, command)
    most = 0
    with started(controller, host, "--command-timeout", "120") as (process, worker):
        until = time.monotonic() + 150
        while process.poll() is None and time.monotonic() < until:
            most = max(most, peak(worker))
            time.sleep(0.05)
        out, err = process.communicate(timeout=10)
    (report,) = Report.model_validate_json(out).hosts
    assert report.status is Status.FAILED
    assert report.trouble is not None, err
    assert "printed more than" in report.trouble.message
    assert 0 < most < ENOUGH, f"{most // MEBIBYTE} MiB"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_ends_with_its_controller_and_leaves_no_folder(
    host: Host, controller: Controller, how: signal.Signals
) -> None:
    force(host, "/usr/bin/sleep 600")
    with started(controller, host) as (process, worker):
        folder = f"podstead-worker-{worker}-*"
        wait_for("the worker's folder", lambda: list(Path("/tmp").glob(folder)) != [])
        process.send_signal(how)
        wait_for("the worker to end", lambda: not Path(f"/proc/{worker}").exists(), seconds=10)
        assert list(Path("/tmp").glob(folder)) == []


def test_the_folder_of_a_worker_that_was_killed_is_removed_by_the_next(
    host: Host, controller: Controller, tmp_path: Path
) -> None:
    force(host, "/usr/bin/sleep 600")
    # a folder of its own: the next podstead of anybody else would remove it, too
    with started(controller, host, TMPDIR=str(tmp_path)) as (_, worker):
        folder = f"podstead-worker-{worker}-*"
        wait_for("the worker's folder", lambda: list(tmp_path.glob(folder)) != [])
        os.kill(worker, signal.SIGKILL)
        wait_for("the worker to end", lambda: not Path(f"/proc/{worker}").exists(), seconds=10)
    assert list(tmp_path.glob(folder)) != []
    with started(controller, host, TMPDIR=str(tmp_path)):
        wait_for("the old folder to be removed", lambda: list(tmp_path.glob(folder)) == [])
