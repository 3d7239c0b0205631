"""From nothing to rootless on a machine of its own, and the same after a reboot."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from podstead.proof.finding import Verdict
from podstead.visit.record import Report
from tests.vm.controller import Controller, failures, host, verdicts
from tests.vm.machine import Machine

pytestmark = [pytest.mark.vm, pytest.mark.timeout(3000)]

_BUS = "/run/user/1001/bus"
_LOOK = f"""\
loginctl list-sessions --no-legend | grep -c alice.*user$ || :
test -S {_BUS} && echo bus
sysctl -n net.ipv4.ip_unprivileged_port_start net.ipv4.ping_group_range user.max_user_namespaces
cat /sys/fs/cgroup/user.slice/user-1001.slice/user@1001.service/cgroup.controllers
"""


@dataclass
class Journey:
    """What was seen on the way."""

    runs: dict[str, tuple[int, Report]] = field(default_factory=dict)
    boots: list[str] = field(default_factory=list)
    looks: list[list[str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def journey(machine: Machine, controller: Controller) -> Journey:
    seen = Journey()
    seen.runs["first"] = controller.run("apply")
    seen.runs["before"] = controller.run("verify", "before.json")
    seen.runs["second"] = controller.run("apply")
    seen.boots.append(machine.boot_id())
    machine.reboot()
    # before anything else logs in as alice: what is there is there by itself
    seen.looks.append(machine.sh(_LOOK).splitlines())
    seen.boots.append(machine.boot_id())
    seen.runs["after"] = controller.run("verify", "after.json")
    seen.runs["third"] = controller.run("apply")
    return seen


def test_the_first_apply_makes_the_host_ready(journey: Journey) -> None:
    code, report = journey.runs["first"]
    assert code == 0, report
    made = {change.id for change in host(report).changes}
    assert made >= {"subids:alice:ranges", "session:alice:linger", "session:delegate:controllers"}


def test_all_is_proved_with_the_limits_that_podman_sets_by_default(journey: Journey) -> None:
    code, report = journey.runs["before"]
    assert (code, failures(report)) == (0, [])
    assert verdicts(report)["V17 alice"] is Verdict.PASS


def test_the_second_apply_changes_nothing(journey: Journey) -> None:
    code, report = journey.runs["second"]
    assert (code, report.changes) == (0, 0), report


def test_it_was_another_boot(journey: Journey) -> None:
    before, after = journey.boots
    assert before != after


def test_the_session_is_there_before_alice_logs_in(journey: Journey) -> None:
    sessions, bus = journey.looks[0][:2]
    assert (sessions, bus) == ("0", "bus")


def test_the_kernel_is_set_after_the_boot_as_asked(journey: Journey) -> None:
    port, group_range, namespaces, controllers = journey.looks[0][2:]
    assert int(port) <= 80
    low, high = map(int, group_range.split())
    assert low == 0
    assert high >= 2000000
    assert int(namespaces) >= 28633
    assert set(controllers.split()) >= {"cpu", "cpuset", "io", "memory", "pids"}


def test_the_same_is_proved_after_the_boot(journey: Journey) -> None:
    code, report = journey.runs["after"]
    assert (code, failures(report)) == (0, [])
    assert verdicts(report) == verdicts(journey.runs["before"][1])


def test_an_apply_after_the_boot_changes_nothing(journey: Journey) -> None:
    code, report = journey.runs["third"]
    assert (code, report.changes) == (0, 0), report
