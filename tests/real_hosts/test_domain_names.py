r"""Accounts as directory services name them (``DOMAIN\user``, ``user@domain``): prepared, proved, and judged elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from podstead.proof.finding import Verdict
from podstead.visit.record import HostReport
from tests.lab import Host
from tests.real_hosts.controller import Controller
from tests.real_hosts.snapshot import leftovers

pytestmark = pytest.mark.real_hosts

NAMES = ("ACME\\jdoe", "asmith@corp.example.com")
USERS: dict[str, object] = {**{name: {} for name in NAMES}, "bob": {}}


def proved(report: HostReport) -> dict[str, set[Verdict]]:
    found: dict[str, set[Verdict]] = {}
    for one in report.findings:
        if one.user and one.check != "V28":
            found.setdefault(one.user, set()).add(one.verdict)
    return found


def test_accounts_with_a_domain_in_their_name_are_made_ready_and_proved(
    installed: Host, controller: Controller, tmp_path: Path
) -> None:
    for number, name in enumerate(NAMES):
        installed.root(
            ["useradd", "--badname", "-m", "-d", f"/home/domain{number}", "-s", "/bin/bash", "--", name]
        )
    # what a pattern would find in place of a name
    installed.sh("touch /ACMEjdoe /root/ACMEjdoe")
    inventory = controller.inventory(
        {installed.name: controller.reach()}, users=USERS, session={"linger": True}
    )
    done = controller.json("apply", inventory)
    assert done.code == 0, str(done)
    subuid = installed.path("/etc/subuid").read_text()
    assert [name for name in USERS if f"\n{name}:" not in f"\n{subuid}"] == []
    linger = sorted(one.name for one in installed.path("/var/lib/systemd/linger").iterdir())
    assert linger == ["ACME\\\\jdoe", "asmith@corp.example.com", "bob"]

    again = controller.json("apply", inventory)
    assert (again.code, again.report.changes) == (0, 0), str(again)

    ready = controller.json("verify", inventory)
    good = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert {user: seen <= good for user, seen in proved(ready.host(installed.name)).items()} == dict.fromkeys(
        USERS, True
    ), str(ready)

    script = controller.podstead("verify", "--print-script").out
    carried = installed.root(["sh", "-s", "--", *NAMES], input=script).stdout
    answer = tmp_path / "answer"
    answer.write_text(carried)
    judged = controller.podstead("judge", answer, "-o", "json")
    assert {user: seen <= good for user, seen in proved(judged.report.hosts[0]).items()} == dict.fromkeys(
        NAMES, True
    ), str(judged)
    assert leftovers(installed) == []
