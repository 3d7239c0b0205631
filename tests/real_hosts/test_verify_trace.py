"""verify spares what a user has; and what becomes of users whose storage and pause process are older than their ranges."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from podstead.proof.finding import Verdict
from podstead.visit.record import Status
from tests.lab import Host
from tests.real_hosts.controller import Controller
from tests.real_hosts.snapshot import files_of, processes_of

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(75)]

OLD, NEW = "alice:524288:65536\n", "alice:700000:65536\n"
MIGRATE = "session:alice:migrate"


def map_of_pause_process(host: Host) -> list[str]:
    """The UID map of alice's pause process, as the kernel shows it."""
    return host.sh("cat /proc/$(cat /run/user/1001/libpod/tmp/pause.pid)/uid_map").stdout.split()


@pytest.fixture
def used(ready: tuple[Host, Path]) -> Iterator[tuple[Host, Path]]:
    """A ready host on which alice has used Podman: there is storage, a database and a pause process."""
    host, inventory = ready
    host.ssh("alice", "podman create --name kept --rootfs $HOME true >/dev/null; podman unshare true")
    assert map_of_pause_process(host) == ["0", "1001", "1", "1", "524288", "65536"]
    yield host, inventory
    host.ssh("alice", "podman rm -fa -t 0 >/dev/null 2>&1; podman system migrate", check=False)
    for path in ("/etc/subuid", "/etc/subgid"):
        host.path(path).write_text(OLD)
    host.ssh(
        "alice", "podman system migrate; podman system reset --force; podman system migrate", check=False
    )


def grant(host: Host, text: str) -> None:
    for path in ("/etc/subuid", "/etc/subgid"):
        host.path(path).write_text(text)


def verdict(controller: Controller, inventory: Path, check: str) -> Verdict:
    findings = controller.json("verify", inventory).report.hosts[0].findings
    return next(finding.verdict for finding in findings if finding.check == check)


def run_a_container_for_long(host: Host) -> None:
    host.ssh(
        "alice",
        "mkdir -p ~/root; podman run -d --name busy --stop-signal KILL --network none -v /usr:/usr:ro -v /lib:/lib:ro"
        " -v /lib64:/lib64:ro --rootfs ~/root /usr/bin/sleep 600",
    )


def running(host: Host) -> str:
    return host.ssh("alice", "podman ps --format '{{.Names}}'").stdout.strip()


def test_verify_spares_the_storage_the_database_and_the_pause_process_of_a_user(
    used: tuple[Host, Path], controller: Controller
) -> None:
    host, inventory = used
    run_a_container_for_long(host)
    before = files_of(host), processes_of(host, "alice")
    proved = controller.json("verify", inventory)
    assert proved.code == 0, str(proved)
    findings = proved.report.hosts[0].findings
    assert {finding.verdict for finding in findings} == {Verdict.PASS, Verdict.NOT_APPLICABLE}
    kept = {finding.check: finding for finding in findings if finding.check in ("V11", "V27")}
    assert kept["V11"].verdict is Verdict.PASS
    assert "the user's own storage has overlay" in kept["V27"].found
    assert (files_of(host), processes_of(host, "alice")) == before
    assert running(host) == "busy"


def test_verify_spares_a_database_that_nobody_has_used_since_boot(
    used: tuple[Host, Path], controller: Controller
) -> None:
    """The first Podman after a boot resets the state of every container: that is not for a check to start."""
    host, inventory = used
    host.sh(
        "kill -9 $(cat /run/user/1001/libpod/tmp/pause.pid); rm -r /run/user/1001/libpod /run/user/1001/containers"
        " /dev/shm/libpod_rootless_lock_1001"
    )
    sums = "find /home/alice/.local -type f -exec sha256sum {} + | sort"
    before = files_of(host), processes_of(host, "alice"), host.sh(sums).stdout
    assert "db.sql" in before[2]
    proved = controller.json("verify", inventory)
    assert proved.code == 0, str(proved)
    found = {one.check: one for one in proved.report.hosts[0].findings}
    assert (found["V31"].verdict, "the user's database" in found["V31"].found) == (Verdict.PASS, True)
    assert (files_of(host), processes_of(host, "alice"), host.sh(sums).stdout) == before
    assert "kept" in host.ssh("alice", "podman ps -a --format '{{.Names}}'").stdout


@pytest.fixture
def elsewhere(ready: tuple[Host, Path]) -> Iterator[tuple[Host, Path]]:
    """alice has never used Podman, and her storage.conf names a graphroot that she could make."""
    host, inventory = ready
    host.sh(
        "install -d -o alice -g alice /srv/alice /home/alice/.config /home/alice/.config/containers\n"
        'printf \'[storage]\\ndriver = "overlay"\\ngraphroot = "/srv/alice/a/b/storage"\\n\''
        " >/home/alice/.config/containers/storage.conf\n"
    )
    yield host, inventory
    host.sh("rm -rf /srv/alice /home/alice/.config")


def made_there(host: Host) -> list[str]:
    return host.sh("find /srv/alice").stdout.split()


def test_a_graphroot_that_the_user_could_make_is_tried_and_not_made(
    elsewhere: tuple[Host, Path], controller: Controller
) -> None:
    host, inventory = elsewhere
    before = files_of(host)
    proved = controller.json("verify", inventory)
    assert proved.code == 0, str(proved)
    found = {one.check: one for one in proved.report.hosts[0].findings}
    assert "/srv/alice/a/b/storage" in found["V31"].found
    assert (files_of(host), made_there(host)) == (before, ["/srv/alice"])


def test_a_start_that_is_cut_off_leaves_neither_the_graphroot_nor_a_process(
    elsewhere: tuple[Host, Path], controller: Controller
) -> None:
    """podman info waits for a writer of a pipe that the user has put in the place of registries.conf."""
    host, inventory = elsewhere
    host.sh(
        "mkfifo /home/alice/.config/containers/registries.conf; chown alice: /home/alice/.config/containers/*"
    )
    before = files_of(host), processes_of(host, "alice")
    proved = controller.json("verify", inventory, "--probe-timeout", "8")
    assert proved.code == 1, str(proved)
    found = {one.check: one for one in proved.report.hosts[0].findings}
    assert found["V31"].verdict is Verdict.COULD_NOT_LOOK
    assert "cut short" in found["V31"].cause
    assert (files_of(host), made_there(host)) == (before[0], ["/srv/alice"])
    assert set(processes_of(host, "alice")) <= set(before[1])


def test_an_old_map_is_found_and_migrated_when_no_container_runs(
    used: tuple[Host, Path], controller: Controller
) -> None:
    host, inventory = used
    grant(host, NEW)
    assert verdict(controller, inventory, "V11") is Verdict.FAIL
    done = controller.json("apply", inventory)
    assert done.code == 0, str(done)
    assert [change.id for change in done.host(host.name).changes] == [MIGRATE]
    assert verdict(controller, inventory, "V11") in (Verdict.PASS, Verdict.NOT_APPLICABLE)
    shown = host.ssh("alice", "podman unshare cat /proc/self/uid_map").stdout.split()
    assert shown == ["0", "1001", "1", "1", "700000", "65536"]
    assert controller.json("apply", inventory).report.changes == 0


def test_a_migration_that_would_stop_containers_is_refused_unless_allowed_by_name(
    used: tuple[Host, Path], controller: Controller
) -> None:
    host, inventory = used
    run_a_container_for_long(host)
    grant(host, NEW)
    refused = controller.json("apply", inventory)
    assert refused.code == 1, str(refused)
    assert [(one.id, one.allow) for one in refused.host(host.name).refusals] == [(MIGRATE, True)]
    assert running(host) == "busy"
    assert controller.json("check", inventory).code == 1
    allowed = controller.json("apply", inventory, "--allow", MIGRATE)
    assert allowed.code == 0, str(allowed)
    assert [change.id for change in allowed.host(host.name).changes] == [MIGRATE]
    shown = host.ssh("alice", "podman unshare cat /proc/self/uid_map").stdout.split()
    assert shown == ["0", "1001", "1", "1", "700000", "65536"]


def test_an_explicit_range_that_would_orphan_storage_is_refused_and_the_files_stay(
    used: tuple[Host, Path], controller: Controller
) -> None:
    host, inventory = used
    document = json.loads(inventory.read_text())
    document["all"]["vars"]["podstead"]["users"] = {"alice": {"subuid": {"start": 800000, "count": 65536}}}
    other = inventory.parent / "other.yml"
    other.write_text(json.dumps(document))
    before = {path: host.path(path).read_bytes() for path in ("/etc/subuid", "/etc/subgid")}
    refused = controller.json("apply", other)
    report = refused.host(host.name)
    assert (refused.code, report.status) == (1, Status.FAILED), str(refused)
    assert [one.id for one in report.refusals] == ["subids:alice:ranges"]
    assert "storage" in report.refusals[0].reason
    assert {path: host.path(path).read_bytes() for path in before} == before
