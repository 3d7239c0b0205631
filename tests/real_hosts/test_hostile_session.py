"""A user whose session never answers costs a run the time that one step may take, and nobody else anything."""

from __future__ import annotations

import time

import pytest

from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import Controller
from tests.real_hosts.hostile_users import SESSIONS
from tests.real_hosts.snapshot import leftovers

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(110)]


def test_a_session_that_hangs_costs_its_own_step_and_no_more(
    booting: Booting, controller: Controller
) -> None:
    with booting("debian-13", ready=True) as host:
        inventory = controller.inventory(
            {host.name: controller.reach()}, users={"alice": {}, "bob": {}}, session={"linger": True}
        )
        first = controller.json("apply", inventory)
        assert first.code == 0, str(first)
        (stopped,) = (trick for trick in SESSIONS if trick.user == "stopped")
        host.ssh("bob", stopped.script)
        host.sh("loginctl disable-linger alice; systemctl stop user@1001")
        began = time.monotonic()
        try:
            done = controller.json("apply", inventory, timeout=580)
        finally:
            host.sh("pkill -KILL -u bob || :")
        seconds = time.monotonic() - began
        report = done.host(host.name)
        assert report.trouble is None
        changes = {one.id: one for one in report.changes}
        assert changes["session:alice:linger"].status.value == "changed"
        assert changes["session:bob:bus"].status.value == "failed"
        # by itself systemctl(1) gives up after 90 s, else root's limit ends it after 120
        assert seconds < 300
        assert leftovers(host) == []
