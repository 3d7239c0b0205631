"""The playbooks of docs/ansible, run by the real ansible-playbook on real hosts beside podstead."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podstead.proof.finding import Verdict
from podstead.visit.record import Status
from tests.lab import Host, Lab
from tests.real_hosts.controller import NO_PIDS_CONTROLLER, PROJECT, Controller
from tests.real_hosts.tiers import tier

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(130)]

TOOLS = Path(sys.executable).parent  # ansible-playbook and podstead stand beside the Python of the tests
DOCS = PROJECT / "docs" / "ansible"
BY_ANSIBLE = tier(("ansible-12", "ansible-13"), ("ansible-13",))
BY_PODSTEAD = ("podstead-12", "podstead-13")
_RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


class Playbooks:
    """Runs a playbook of docs/ansible where the hosts can be reached."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller

    def run(self, name: str, inventory: Path, *words: str) -> tuple[dict[str, tuple[int, int]], str]:
        """What changed and what failed on each host, and all that was said."""
        env = {**self.controller.env, "ANSIBLE_NOCOLOR": "1"}
        env["PATH"] = f"{TOOLS}:{env['PATH']}"
        argv = [str(TOOLS / "ansible-playbook"), "-i", str(inventory), *words, str(DOCS / name)]
        done = subprocess.run(
            self.controller.lab.controller_argv(argv),
            cwd=self.controller.home,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        said = done.stdout + done.stderr
        recap = {row[1]: (int(row[3]), int(row[4]) + int(row[5])) for row in _RECAP.finditer(done.stdout)}
        assert recap, said
        assert (done.returncode == 0) == all(failed == 0 for _, failed in recap.values()), said
        return recap, said


@pytest.fixture(scope="module")
def playbooks(controller: Controller) -> Playbooks:
    return Playbooks(controller)


@pytest.fixture(scope="module")
def hosts(lab: Lab) -> Iterator[dict[str, Host]]:
    made = lab.boot_many({name: f"debian-{name[-2:]}" for name in BY_ANSIBLE})
    made |= lab.boot_many({name: f"debian-{name[-2:]}" for name in BY_PODSTEAD}, podman=True)
    yield made
    for host in made.values():
        host.stop()


def inventory(controller: Controller, names: tuple[str, ...]) -> Path:
    """One inventory for both: users and engine are podstead's keys, the others are the playbook's variables."""
    reach = {name: controller.reach("admin") for name in names}
    return controller.inventory(reach)


def test_the_playbook_makes_a_fresh_host_ready_and_podstead_proves_it(
    hosts: dict[str, Host], controller: Controller, playbooks: Playbooks
) -> None:
    assert set(BY_ANSIBLE) <= set(hosts)
    place = inventory(controller, BY_ANSIBLE)
    engine = ("-e", json.dumps({"podman_engine": NO_PIDS_CONTROLLER}))
    first, said = playbooks.run("playbook.yml", place, *engine)
    assert all(changed > 5 and not failed for changed, failed in first.values()), said
    again, said = playbooks.run("playbook.yml", place, *engine)
    assert again == dict.fromkeys(BY_ANSIBLE, (0, 0)), said
    proved = controller.json("verify", place)
    assert proved.code == 0, str(proved)
    for host in proved.report.hosts:
        other = {
            one.check: one.verdict
            for one in host.findings
            if one.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)
        }
        assert other == {"V29": Verdict.WARN}, "all that is missing is podstead's own drop-ins"
    pending = controller.json("check", place)
    for host in pending.report.hosts:
        assert {one.id for one in host.changes} == {"engine:drop-in:content", "session:delegate:controllers"}


def test_podstead_takes_over_what_the_playbook_has_made(
    hosts: dict[str, Host], controller: Controller
) -> None:
    place = inventory(controller, BY_ANSIBLE)
    before = {name: hosts[name].path("/etc/subuid").read_text() for name in BY_ANSIBLE}
    taken = controller.json("apply", place)
    assert taken.code == 0, str(taken)
    assert {name: hosts[name].path("/etc/subuid").read_text() for name in BY_ANSIBLE} == before
    assert controller.json("apply", place).report.changes == 0
    assert controller.json("verify", place).code == 0


def test_a_playbook_calls_podstead_and_says_changed_only_once(
    hosts: dict[str, Host], controller: Controller, playbooks: Playbooks
) -> None:
    assert set(BY_PODSTEAD) <= set(hosts)
    place = inventory(controller, BY_PODSTEAD)
    preview, said = playbooks.run("call-podstead.yml", place, "--check")
    assert preview == dict.fromkeys(BY_PODSTEAD, (1, 0)), said
    first, said = playbooks.run("call-podstead.yml", place)
    assert first == dict.fromkeys(BY_PODSTEAD, (1, 0)), said
    assert "grant alice subordinate UIDs 524288:65536" in said
    again, said = playbooks.run("call-podstead.yml", place)
    assert again == dict.fromkeys(BY_PODSTEAD, (0, 0)), said
    limited, said = playbooks.run("call-podstead.yml", place, "--limit", "podstead-12")
    assert limited == {"podstead-12": (0, 0)}, said


def test_a_host_that_podstead_refuses_fails_by_itself(
    hosts: dict[str, Host], controller: Controller, playbooks: Playbooks
) -> None:
    hosts["podstead-13"].path("/etc/containers/storage.conf").write_text('[storage]\ndriver = "vfs"\n')
    place = inventory(controller, BY_PODSTEAD)
    recap, said = playbooks.run("call-podstead.yml", place)
    assert recap == {"podstead-12": (0, 0), "podstead-13": (0, 1)}, said
    assert "storage.conf" in said
    assert controller.json("check", place).host("podstead-12").status is Status.OK
