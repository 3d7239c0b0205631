"""Connections are really closed; pyinfra's own disconnect leaves every SSH transport open."""

from __future__ import annotations

import json
import sys

import pytest

from podstead.api import hosts
from podstead.fleet.run import job_for
from tests.lab import Host, Lab

pytestmark = pytest.mark.real_hosts

_COUNT = """
from gevent import monkey
monkey.patch_all()
import gc, json, sys, tempfile
from pathlib import Path
import paramiko
from podstead.visit.job import Job
from podstead.remote.connections import JobRunner
with tempfile.TemporaryDirectory() as folder:
    JobRunner(Job.model_validate_json(sys.stdin.read()), lambda message: None).all(Path(folder))
transports = [one for one in gc.get_objects() if issubclass(type(one), paramiko.Transport)]  # no weak proxies
print(json.dumps([len(transports), sum(one.is_active() for one in transports)]))
"""


def _job(lab: Lab, names: list[str], extra: str = "") -> str:
    args = f"ansible_ssh_common_args=-F {lab.ssh_config}{extra}"
    chosen = hosts([",".join(names) + ","], extra_vars=[args, "ansible_user=root"])
    return job_for("check", chosen).model_dump_json()


def _run(lab: Lab, job: str) -> tuple[int, int]:
    made, alive = json.loads(
        lab.run([sys.executable, "-c", _COUNT], input=job, timeout=120).stdout.splitlines()[-1]
    )
    return made, alive


def test_no_transport_is_alive_after_a_run(lab: Lab, fresh: Host) -> None:
    assert _run(lab, _job(lab, [fresh.name])) == (1, 0)


def test_the_jump_host_is_left_as_well(lab: Lab, fresh: Host, ready: tuple[Host, object]) -> None:
    made, alive = _run(lab, _job(lab, [fresh.name], extra=f" -o ProxyJump=root@{ready[0].name}"))
    assert (made, alive) == (2, 0)
