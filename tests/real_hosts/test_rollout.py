"""A change goes over real hosts in batches: the proof of the first decides about the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from podstead.proof.finding import Verdict
from podstead.visit.record import Status
from tests.lab import Host, Lab
from tests.real_hosts.controller import Controller

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(60)]

NAMES = ("one", "two", "three")
BROKEN = "mkdir -p ~/.config/containers && echo 'no = [toml' >~/.config/containers/containers.conf"
"""Podman does not start for alice; no part of a plan looks there."""


@pytest.fixture(scope="module")
def hosts(lab: Lab) -> Iterator[dict[str, Host]]:
    """Three hosts with Podman, and nothing prepared."""
    made = lab.boot_many(dict.fromkeys(NAMES, "debian-13"), podman=True)
    try:
        yield made
    finally:
        for host in made.values():
            host.stop()


@pytest.fixture(scope="module")
def inventory(controller: Controller, hosts: dict[str, Host]) -> Path:
    return controller.inventory({name: controller.reach() for name in hosts})


def granted(host: Host) -> bool:
    return "alice:" in host.sh("cat /etc/subuid 2>/dev/null || :").stdout


def test_a_canary_that_is_not_proved_stops_the_run_and_the_others_stay_as_they_were(
    controller: Controller, hosts: dict[str, Host], inventory: Path
) -> None:
    hosts["one"].ssh("alice", BROKEN)
    ran = controller.json("apply", inventory, "--serial", "1")
    assert ran.code == 1, str(ran)
    first = ran.host("one")
    assert first.status is Status.FAILED
    assert {change.status.value for change in first.changes} == {"changed"}, (
        "apply itself had nothing to complain of"
    )
    assert {one.check for one in first.findings if one.verdict is Verdict.FAIL} >= {"V31"}
    assert (granted(hosts["one"]), granted(hosts["two"]), granted(hosts["three"])) == (True, False, False)
    for name in ("two", "three"):
        trouble = ran.host(name).trouble
        assert trouble
        assert trouble.message == "not started: the only host of a batch has failed"


def test_the_same_run_goes_on_where_the_canary_is_good_and_proves_every_host(
    controller: Controller, hosts: dict[str, Host], inventory: Path
) -> None:
    hosts["one"].ssh("alice", "rm ~/.config/containers/containers.conf")
    ran = controller.podstead("apply", "-i", inventory, "--serial", "1,100%", "--any-errors-fatal")
    assert ran.code == 0, str(ran)
    for name in NAMES:
        assert f"ok: [{name}] => alice ready" in ran.out
    assert "changed: [two, three] => (item=subids:alice:ranges)" in ran.out
    assert "to prove" not in ran.out, "it has been proved"
    assert all(map(granted, hosts.values()))
    kinds = {host.name: host.kind for host in controller.json("check", inventory).report.hosts}
    assert kinds["one"] == kinds["two"]
    assert kinds["one"]["podman"].startswith("5.")
    assert (kinds["one"]["system"], kinds["one"]["storage"] != "") == ("debian 13", True)
    again = controller.json("apply", inventory, "--serial", "2", "--prove", "never")
    assert {host.status for host in again.report.hosts} == {Status.OK}
    assert [host.findings for host in again.report.hosts] == [(), (), ()]


def test_a_canary_of_each_kind_comes_first_and_is_proved(
    controller: Controller, hosts: dict[str, Host], inventory: Path
) -> None:
    """On one host Podman is of another version, as dpkg has it: it is a kind of its own."""
    hosts["three"].sh("sed -i '/^Package: podman$/,/^$/s/^Version: .*/Version: 5.9.9/' /var/lib/dpkg/status")
    hosts["three"].ssh("alice", BROKEN)
    ran = controller.podstead("apply", "-i", inventory, "--canary", "auto")
    assert ran.code == 1, str(ran)
    assert "skipping: [two] => not started: three, a canary, has failed" in ran.out
    assert "note: [one] the canary of 2 hosts with debian 13, " in ran.out
    assert "note: [three] the canary of 1 host with debian 13, " in ran.out
    assert "ok: [one] => alice ready" in ran.out
    assert "failed: three\n  --limit @" in ran.out
    hosts["three"].ssh("alice", "rm ~/.config/containers/containers.conf")
    assert controller.podstead("apply", "-i", inventory, "--canary", "auto", "--max-fail", "0").code == 0


def test_a_host_without_users_has_nothing_to_be_proved(
    controller: Controller, hosts: dict[str, Host]
) -> None:
    inventory = controller.inventory({name: controller.reach() for name in hosts}, users={})
    ran = controller.json("apply", inventory, "--serial", "1")
    assert ran.code == 0, str(ran)
    assert {host.status for host in ran.report.hosts} == {Status.OK}


def test_what_only_several_hosts_show_is_found_though_they_were_proved_in_different_batches(
    controller: Controller, hosts: dict[str, Host]
) -> None:
    """alice has the same numbers everywhere by rule, and other ones on one host."""
    reach = {name: controller.reach() for name in hosts}
    inventory = controller.inventory(reach, subids={"allocation": "by-uid"})
    hosts["two"].sh("cp /etc/subuid /etc/subgid /root")
    hosts["two"].sh("sed -i 's/^alice:.*/alice:700000:65536/' /etc/subuid /etc/subgid")
    try:
        ran = controller.json("apply", inventory, "--serial", "1", "--prove", "each", "--max-fail", "9")
        assert ran.code == 1, str(ran)
        (finding,) = ran.report.fleet
        assert finding.check == "V03"
        assert all(name in finding.found for name in NAMES)
    finally:
        hosts["two"].sh("cp /root/subuid /etc/subuid; cp /root/subgid /etc/subgid")
