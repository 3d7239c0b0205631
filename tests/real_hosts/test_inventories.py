"""The example inventories do on real hosts what their READMEs say; only how hosts are reached is given anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from podstead.visit.record import Status
from tests.lab import Host, Lab
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import NO_PIDS_CONTROLLER, PROJECT, Controller, Ran
from tests.real_hosts.test_local_inside import PYTHON, WHERE, Machine, site_packages

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(110)]

FLEET = {
    "web1.example.com": "debian-13",
    "web2.example.com": "debian-12",
    "web3.example.com": "debian-13",
    "web4.example.com": "debian-12",
}
POOL = {"runner01.example.com": "debian-12", "runner02.example.com": "debian-13"}


@dataclass
class Folder:
    """A copy of an example inventory whose hosts are hosts of the lab."""

    place: Path
    controller: Controller
    extra: str

    def run(self, verb: str, *words: str) -> Ran:
        """A command in this folder, as its README gives it; its settings name the inventory."""
        return self.controller.podstead(verb, *words, "-e", self.extra, cwd=self.place)

    def statuses(self, verb: str, *words: str) -> tuple[int, dict[str, Status]]:
        ran = self.run(verb, *words, "-o", "json")
        assert ran.out.startswith("{"), str(ran)
        return ran.code, {host.name: host.status for host in ran.report.hosts}


def copied(name: str, tmp: Path, lab: Lab, controller: Controller, hosts: Mapping[str, Host]) -> Folder:
    """host_vars give each address; ``-e`` gives what the machine of the tests lacks or has otherwise."""
    place = tmp / name
    shutil.copytree(PROJECT / "inventories" / name, place)
    (place / "host_vars").mkdir(exist_ok=True)
    for host, real in hosts.items():
        with (place / "host_vars" / f"{host}.yml").open("a", encoding="utf-8") as file:
            file.write(f"\nansible_host: {real.name}\n")
    link = {"ansible_user": "admin", "ansible_ssh_common_args": f"-F {lab.ssh_config}"}
    return Folder(place, controller, json.dumps({**link, "podstead": {"engine": NO_PIDS_CONTROLLER}}))


@pytest.fixture(scope="module")
def booted(lab: Lab) -> Iterator[dict[str, Host]]:
    """Both inventories' hosts at once."""
    names = {host: host.partition(".")[0] for host in (*FLEET, *POOL)}
    releases = {names[host]: release for host, release in {**FLEET, **POOL}.items()}
    made = lab.boot_many(releases, podman=True)
    yield {host: made[name] for host, name in names.items()}
    for one in made.values():
        one.stop()


def test_the_fleet_is_rolled_out_canary_first(
    booted: dict[str, Host], lab: Lab, controller: Controller, tmp_path: Path
) -> None:
    fleet = copied("fleet", tmp_path, lab, controller, {host: booted[host] for host in FLEET})
    assert fleet.run("check", "canary", "--diff").code == 3
    assert fleet.statuses("apply", "canary") == (0, {"web1.example.com": Status.CHANGED})
    assert fleet.statuses("verify", "canary") == (0, {"web1.example.com": Status.OK})
    rest = dict.fromkeys(FLEET, Status.CHANGED)
    assert fleet.statuses("apply") == (0, rest | {"web1.example.com": Status.OK})
    assert fleet.statuses("apply") == (0, dict.fromkeys(FLEET, Status.OK))
    proved = fleet.run("verify", "-o", "json")
    assert proved.code == 0, str(proved)
    grants = {host.name: host.grants for host in proved.report.hosts}
    first = 524288 + (2001 - 1000) * 65536
    assert {tuple(one["app"].uids) for one in grants.values()} == {(f"{first}:65536",)}
    assert [name for name, one in grants.items() if "batch" in one] == ["web4.example.com"]


def test_a_pool_of_runners_is_made_and_then_watched_for_drift(
    booted: dict[str, Host], lab: Lab, controller: Controller, tmp_path: Path
) -> None:
    pool = copied("ci", tmp_path, lab, controller, {host: booted[host] for host in POOL})
    only = ("pool", "-l", "!runner03.example.com")  # two hosts are enough
    assert pool.statuses("apply", *only) == (0, dict.fromkeys(POOL, Status.CHANGED))
    assert pool.statuses("check", *only) == (0, dict.fromkeys(POOL, Status.OK))
    junit = pool.run("verify", *only, "-o", "junit")
    assert (junit.code, junit.out.count("<failure")) == (0, 0), str(junit)
    booted["runner01.example.com"].sh("rm /etc/containers/containers.conf.d/50-podstead.conf")
    drifted = pool.run("check", *only, "--diff")
    assert drifted.code == 3
    assert "+image_parallel_copies = 12\n" in drifted.out


@pytest.fixture(scope="module")
def inside(booting: Booting, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A host that runs podstead itself, on which nothing was done yet."""
    python = PYTHON["debian-13"]
    target = site_packages(tmp_path_factory.mktemp("wheel"), python)
    with booting("debian-13") as host:
        shutil.copytree(target, host.path(WHERE))
        shutil.copytree(PROJECT / "inventories", host.path("/srv") / "inventories")
        host.sh(f"apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -qy install python{python}")
        yield Machine(host, python)


@pytest.mark.parametrize(
    ("inventory", "pattern", "user"),
    [("local", "all", '"podman-user": {"create": true}'), ("ci", "runner", '"ci-runner": {"create": true}')],
)
def test_a_machine_makes_itself_ready(inside: Machine, inventory: str, pattern: str, user: str) -> None:
    extra = f'podstead={{"users": {{{user}}}, "engine": {json.dumps(NO_PIDS_CONTROLLER)}}}'
    words = (pattern, "-i", f"/srv/inventories/{inventory}", "-e", extra)
    assert inside.report("check", *words)[0] == 3
    code, report = inside.report("apply", *words)
    assert (code, report["status"]) == (0, "changed"), report
    code, report = inside.report("apply", *words)
    assert (code, report["changes"]) == (0, []), report
    code, report = inside.report("verify", *words)
    assert (code, report["status"]) == (0, "ok"), report


def test_the_wheel_carries_the_starter_project_and_the_roles(inside: Machine) -> None:
    code, said = inside.podstead("init", "/srv/project", "--local", "--role", "ci-runner")
    assert code == 0, said
    code, said = inside.podstead("show", "-i", "/srv/project/inventory", "--roles-path", "/srv/project/roles")
    assert code == 0, said
    assert "count: 131072" in said
