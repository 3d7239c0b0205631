"""From nothing to rootless, on each release: what podstead says, and what the host itself shows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from podstead.proof.checks import CHECKS
from podstead.proof.finding import Verdict
from podstead.visit.record import ChangeStatus, HostReport, Status
from tests.lab import Host, Lab
from tests.real_hosts.controller import PROJECT, Controller, Ran, SshLog
from tests.real_hosts.snapshot import bind, contents, files_of, processes_of, run_container

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(90)]

RELEASES = {"debian-12": "root", "debian-13": "admin"}
MAP = ["0", "1001", "1", "1", "524288", "65536"]


@dataclass
class Journey:
    """Two hosts side by side, and what was seen on the way."""

    controller: Controller
    hosts: dict[str, Host]
    inventory: Path
    runs: dict[str, Ran] = field(default_factory=dict)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)
    counted: dict[str, tuple[int, int]] = field(default_factory=dict)
    left: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)

    def report(self, run: str, release: str) -> HostReport:
        return self.runs[run].host(self.hosts[release].name)

    def go(self) -> None:
        logs = {release: SshLog(host) for release, host in self.hosts.items()}
        self.look("at first")
        self.runs["preview"] = self.controller.podstead("check", "-i", self.inventory, "--diff")
        self.look("after check")
        self.runs["first"] = self.controller.json("apply", self.inventory, "-vv")
        for log in logs.values():
            log.mark()
        self.runs["second"] = self.controller.json("apply", self.inventory)
        self.counted = {release: log.counted() for release, log in logs.items()}
        self.runs["check"] = self.controller.json("check", self.inventory, "--diff")
        before = self.traces()
        self.runs["verify"] = self.controller.json("verify", self.inventory)
        self.left = {release: (before[release], after) for release, after in self.traces().items()}
        self.look("at last")

    def traces(self) -> dict[str, list[str]]:
        return {key: [*files_of(host), *processes_of(host, "alice")] for key, host in self.hosts.items()}

    def look(self, when: str) -> None:
        for release, host in self.hosts.items():
            self.seen[when, release] = contents(host, "/etc", "/var/lib/systemd/linger")
            self.seen[f"port {when}", release] = bind(host, "alice", 80)
            self.seen[f"podman {when}", release] = str(host.path("/usr/bin/podman").exists())


@pytest.fixture(scope="module")
def journey(lab: Lab, controller: Controller) -> Iterator[Journey]:
    names = {release: release.replace("debian-", "fleet-") for release in RELEASES}
    booted = lab.boot_many({name: release for release, name in names.items()})
    hosts = {release: booted[name] for release, name in names.items()}
    reach = {hosts[release].name: controller.reach(user) for release, user in RELEASES.items()}
    made = Journey(controller, hosts, controller.inventory(reach))
    made.go()
    yield made
    for host in hosts.values():
        host.stop()


@pytest.fixture(params=list(RELEASES))
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_preview_shows_every_file_and_says_that_changes_are_pending(journey: Journey) -> None:
    preview = journey.runs["preview"]
    assert preview.code == 3, str(preview)
    for line in ("--- /etc/subuid", "+++ /etc/subuid", "+alice:524288:65536", "+pids_limit = 0",
                 "+net.ipv4.ip_unprivileged_port_start = 80", "--- /dev/null"):  # fmt: skip
        assert f"    {line}\n" in preview.out, line
    for host in journey.hosts.values():
        # hosts on which the same would be done share a line
        shown = rf"^pending: \[[^]]*\b{host.name}\b[^]]*\] => \(item=subids:alice:ranges\) "
        assert re.search(shown, preview.out, re.MULTILINE)
        assert re.search(rf"^{host.name} +: ok=\d+ .* ignored=0 +pending=\d+$", preview.out, re.MULTILINE)


def test_a_preview_changes_nothing(journey: Journey, release: str) -> None:
    assert journey.seen["after check", release] == journey.seen["at first", release]


def test_podman_is_absent_before_and_present_after(journey: Journey, release: str) -> None:
    assert [journey.seen[f"podman {when}", release] for when in ("after check", "at last")] == [
        "False",
        "True",
    ]


def test_an_installation_tells_what_it_is_at(journey: Journey, release: str) -> None:
    name = re.escape(journey.hosts[release].name)
    told = re.findall(
        rf"^{name}: (?:Get:|Selecting|Preparing|Unpacking|Setting up|Processing).*",
        journey.runs["first"].err,
        re.MULTILINE,
    )
    assert len(set(told)) > 2, journey.runs["first"].err


def test_the_first_run_changes_the_host(journey: Journey, release: str) -> None:
    assert journey.runs["first"].code == 0, str(journey.runs["first"])
    report = journey.report("first", release)
    assert report.status is Status.CHANGED
    assert {change.status for change in report.changes} == {ChangeStatus.CHANGED}
    made = {change.id for change in report.changes}
    assert made >= {
        "packages:install:names",
        "subids:alice:ranges",
        "session:alice:linger",
        "engine:drop-in:content",
    }


def test_the_second_run_changes_nothing(journey: Journey, release: str) -> None:
    report = journey.report("second", release)
    assert (report.status, report.changes, report.refusals) == (Status.OK, (), ())
    assert journey.runs["second"].report.changes == 0
    assert journey.runs["second"].code == 0


def test_the_second_run_costs_one_connection_and_one_command(journey: Journey, release: str) -> None:
    report = journey.report("second", release)
    assert (report.connections, report.commands) == (1, 1)
    assert journey.counted[release] == (1, 1), "what the host's own sshd has logged"


def test_a_check_afterwards_is_good(journey: Journey, release: str) -> None:
    assert journey.runs["check"].code == 0
    assert journey.report("check", release).changes == ()


def test_verify_is_all_green(journey: Journey, release: str) -> None:
    assert journey.runs["verify"].code == 0, str(journey.runs["verify"])
    verdicts = {finding.check: finding.verdict for finding in journey.report("verify", release).findings}
    not_here = ("V11", "V25", "V28", "V30")  # no pause process, no controllers, one user, no earlier report
    assert {
        check: verdict for check, verdict in verdicts.items() if verdict is not Verdict.PASS
    } == dict.fromkeys(not_here, Verdict.NOT_APPLICABLE)
    assert set(verdicts) == set(CHECKS)


def test_verify_names_the_host_id_of_container_uid_5(journey: Journey, release: str) -> None:
    found = {finding.check: finding.found for finding in journey.report("verify", release).findings}
    assert "container UID 5 is host UID 524292" in found["V10"]


def test_verify_leaves_no_process_no_file_and_no_database(journey: Journey, release: str) -> None:
    before, after = journey.left[release]
    assert after == before
    used = (".local/share/containers", ".config/containers", "libpod_rootless_lock", "/run/user/1001/libpod")
    assert [line for line in after if any(mark in line for mark in used)] == []


def test_testinfra_confirms_it(journey: Journey, lab: Lab, release: str, tmp_path: Path) -> None:
    name = journey.hosts[release].name
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            f"--ssh-extra-args=-o ControlMaster=auto -o ControlPersist=5 -o ControlPath={tmp_path}/ssh", f"--hosts=ssh://root@{name}",
            f"--ssh-config={lab.ssh_config}", "tests/real_hosts/rootless_host.py"]  # fmt: skip
    done = subprocess.run(
        lab.controller_argv(argv), cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_podman_maps_the_allocation(journey: Journey, release: str) -> None:
    shown = journey.hosts[release].ssh("alice", "podman unshare cat /proc/self/uid_map /proc/self/gid_map")
    assert shown.stdout.split() == MAP * 2


def test_alice_runs_a_container_over_ssh(journey: Journey, release: str) -> None:
    host = journey.hosts[release]
    assert run_container(host, "alice", "id -u; id -g; cat /proc/self/uid_map").split() == ["5", "7", *MAP]


def test_port_80_is_refused_before_and_bound_after(journey: Journey, release: str) -> None:
    assert [journey.seen[f"port {when}", release] for when in ("at first", "at last")] == [
        "Permission denied",
        "bound",
    ]


def test_a_user_added_later_gets_the_next_range_and_no_range_moves(journey: Journey, release: str) -> None:
    host, controller = journey.hosts[release], journey.controller
    before = {path: host.path(path).read_bytes() for path in ("/etc/subuid", "/etc/subgid")}
    by_hand = b"carol:100000:65536\n"  # what useradd of an older release would have given
    for path, text in before.items():
        host.path(path).write_bytes(text + by_hand)
    inventory = controller.inventory(
        {host.name: controller.reach(RELEASES[release])}, users={"alice": {}, "bob": {}, "carol": {}}
    )
    done = controller.json("apply", inventory)
    assert done.code == 0, str(done)
    ranges = [change.id for change in done.host(host.name).changes if change.id.startswith("subids:")]
    assert ranges == ["subids:bob:ranges"]
    for path, text in before.items():
        assert host.path(path).read_bytes() == text + by_hand + b"bob:589824:65536\n"
    assert host.ssh("bob", "podman unshare cat /proc/self/uid_map").stdout.split() == [
        "0", "1002", "1", "1", "589824", "65536",
    ]  # fmt: skip
    again = controller.json("apply", inventory)
    assert (again.code, again.report.changes) == (0, 0), str(again)
    proved = controller.json("verify", inventory)
    assert proved.code == 0, str(proved)
    assert {finding.user for finding in proved.host(host.name).findings} == {"", "alice", "bob", "carol"}
