"""Every built-in role on real hosts, side by side: made, made again without a change, and proved. The short form: on one release each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from podstead.proof.finding import Verdict
from podstead.visit.record import HostReport, Status
from tests.lab import Host, Lab
from tests.real_hosts.controller import NO_PIDS_CONTROLLER, Controller, Ran
from tests.real_hosts.tiers import tier

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(90)]

RELEASES = ("debian-12", "debian-13")
USERS: Mapping[str, Mapping[str, object]] = {
    "rootless-podman": {"alice": {}},
    "developer-vm": {"alice": {}, "bob": {}},
    "fleet-node": {"app": {"create": True, "uid": 2001}},
    "ci-runner": {"ci-runner": {"create": True}},
}
CASES = tier(
    tuple((role, release) for role in USERS for release in RELEASES),
    tuple((role, RELEASES[number % 2]) for number, role in enumerate(USERS)),
)
LOGS = {"developer-vm": "k8s-file file", "fleet-node": "journald journald", "ci-runner": "k8s-file file"}
SEEN = {
    "rootless-podman": ["timeout=10", "tz="],
    "developer-vm": ["timeout=10", "tz=local", "size=52428800"],
    "fleet-node": ["timeout=30", "tz="],
    "ci-runner": ["timeout=10", "tz=", "size=104857600"],
}
PORTS = {"rootless-podman": "80", "developer-vm": "80", "fleet-node": "80", "ci-runner": "1024"}
FIRST = {
    "rootless-podman": "524288 65536",
    "developer-vm": "524288 65536",
    "fleet-node": f"{524288 + (2001 - 1000) * 65536} 65536",
    "ci-runner": "524288 131072",
}

_CONTAINER = """\
mkdir -p ~/root
mounts=
for d in /usr /bin /sbin /lib /lib64; do [ ! -e $d ] || mounts="$mounts -v $d:$d:ro"; done
podman run -d --name said --network none $mounts --rootfs ~/root sh -c 'echo hello; exec sleep 60' >/dev/null
for one in 1 2 3 4 5 6 7 8 9; do [ -z "$(podman logs said)" ] || break; sleep 0.2; done
podman logs said
podman inspect --format 'timeout={{.Config.StopTimeout}} tz={{.Config.Timezone}}' said
# the limit of a log is conmon's alone
ps -eo args | sed -n 's/.*[c]onmon .*--log-size-max \\([0-9]*\\).*/size=\\1/p'
podman rm -f -t 0 said >/dev/null
"""


@dataclass
class Row:
    """A host for each role and release."""

    controller: Controller
    hosts: dict[tuple[str, str], Host]
    inventory: Path
    runs: dict[str, Ran] = field(default_factory=dict)

    def report(self, run: str, case: tuple[str, str]) -> HostReport:
        return self.runs[run].host(self.hosts[case].name)

    def podman(self, case: tuple[str, str], command: str) -> list[str]:
        """What a command prints in the session of the role's first user."""
        user = next(iter(USERS[case[0]]))
        host = self.hosts[case]
        uid = host.root(["id", "-u", user]).stdout.strip()
        env = ["env", "-C", "/", f"HOME=/home/{user}", f"XDG_RUNTIME_DIR=/run/user/{uid}",
               f"DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/{uid}/bus"]  # fmt: skip
        return host.root(["runuser", "-u", user, "--", *env, "sh", "-euc", command]).stdout.split()


@pytest.fixture(scope="module")
def row(lab: Lab, controller: Controller) -> Iterator[Row]:
    names = {case: f"{case[0]}-{case[1].removeprefix('debian-')}" for case in CASES}
    booted = lab.boot_many({name: release for (_, release), name in names.items()})
    hosts = {case: booted[name] for case, name in names.items()}
    reach = {
        name: controller.reach("admin", podstead={"roles": [role], "users": USERS[role]})
        for (role, _), name in names.items()
    }
    made = Row(controller, hosts, controller.inventory(reach, users={}, engine=NO_PIDS_CONTROLLER))
    for run, verb in (("first", "apply"), ("second", "apply"), ("verify", "verify")):
        made.runs[run] = controller.json(verb, made.inventory)
    yield made
    for host in hosts.values():
        host.stop()


@pytest.fixture(params=CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    role, release = request.param
    return str(role), str(release)


def test_the_first_run_makes_the_host_what_the_role_says(row: Row, case: tuple[str, str]) -> None:
    report = row.report("first", case)
    # a report is long, and what pytest prints of it is cut
    bad = [(one.id, one.status, one.log, one.hint) for one in report.changes if one.status != "changed"]
    assert (bad, report.refusals, report.trouble, report.status) == ([], (), None, Status.CHANGED)


def test_the_second_run_is_one_look(row: Row, case: tuple[str, str]) -> None:
    report = row.report("second", case)
    assert (report.status, report.changes, report.connections, report.commands) == (Status.OK, (), 1, 1)


def test_verify_is_green_for_every_user(row: Row, case: tuple[str, str]) -> None:
    report = row.report("verify", case)
    bad = [one for one in report.findings if one.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)]
    assert (report.status, bad) == (Status.OK, [])
    assert {one.user for one in report.findings} == {"", *USERS[case[0]]}


def test_the_kernel_gives_the_ids_that_the_role_promises(row: Row, case: tuple[str, str]) -> None:
    shown = row.podman(case, "podman unshare cat /proc/self/uid_map")
    assert " ".join(shown[4:6]) == FIRST[case[0]]


def test_low_ports_begin_where_the_role_says(row: Row, case: tuple[str, str]) -> None:
    assert row.podman(case, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start") == [PORTS[case[0]]]


def test_podman_takes_up_the_engine_settings(row: Row, case: tuple[str, str]) -> None:
    if case[0] not in LOGS:
        return  # the base has none
    shown = row.podman(case, "podman info --format '{{.Host.LogDriver}} {{.Host.EventLogger}}'")
    assert " ".join(shown) == LOGS[case[0]]


def test_a_user_reads_the_log_of_a_container_that_has_the_settings(row: Row, case: tuple[str, str]) -> None:
    assert row.podman(case, _CONTAINER) == ["hello", *SEEN[case[0]]]
