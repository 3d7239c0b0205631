"""The same host through every door: command line, Python API, plain pyinfra. The report is the same data."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Host
from tests.real_hosts.controller import ALICE, NO_PIDS_CONTROLLER, PROJECT, Controller

pytestmark = pytest.mark.real_hosts

Data = dict[str, Any]
Door = Callable[[Controller, Host, str, Path], Data]

_API = """\
import sys
from podstead import api
report = getattr(api, sys.argv[1])(api.hosts(sys.argv[2]))
assert "gevent" not in sys.modules and "pyinfra" not in sys.modules
print(report.to_json())
"""
# What depends on the clock, and what only podstead's own connections can count.
_VARYING = ("seconds", "connections", "commands")
_UNDO = """\
rm /etc/containers/containers.conf.d/50-podstead.conf /etc/sysctl.d/99-podstead.conf
echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start
loginctl disable-linger alice
printf 'alice:524288:65536\\r\\n' >/etc/subuid
"""


def run(argv: list[str], controller: Controller) -> str:
    done = subprocess.run(
        controller.lab.controller_argv(argv),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=controller.env,
        cwd=PROJECT,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def by_command_line(controller: Controller, host: Host, verb: str, _folder: Path) -> Data:
    inventory = controller.inventory({host.name: controller.reach()})
    (report,) = json.loads(controller.json(verb, inventory).out)["hosts"]
    return dict(report)


def by_api(controller: Controller, host: Host, verb: str, _folder: Path) -> Data:
    inventory = controller.inventory({host.name: controller.reach()})
    (report,) = json.loads(run([sys.executable, "-c", _API, verb, str(inventory)], controller))["hosts"]
    return dict(report)


def _by_pyinfra(controller: Controller, host: Host, deploy: str, folder: Path) -> Data:
    # the same host document beside pyinfra's own variables
    data = {
        "ssh_user": "root",
        "ssh_config_file": str(host.lab.ssh_config),
        "ssh_strict_host_key_checking": "yes",
        "ssh_known_hosts_file": str(host.lab.known_hosts),
        "podstead": {"users": dict(ALICE), "engine": dict(NO_PIDS_CONTROLLER)},
        "podstead_report": str(folder),
    }
    (folder / "inventory.py").write_text(f"hosts = [({host.name!r}, {data!r})]\n")
    (controller.home / ".ssh").mkdir(exist_ok=True)
    run([sys.executable, "-m", "pyinfra", "-y", str(folder / "inventory.py"), deploy], controller)
    return dict(json.loads((folder / f"{host.name}.json").read_text()))


_DEPLOYS = {"apply": "provision", "verify": "verify"}


def by_deploy_file(controller: Controller, host: Host, verb: str, folder: Path) -> Data:
    return _by_pyinfra(controller, host, f"deploys/{_DEPLOYS[verb]}.py", folder)


def by_deploy_module(controller: Controller, host: Host, verb: str, folder: Path) -> Data:
    return _by_pyinfra(controller, host, f"podstead.deploys.{_DEPLOYS[verb]}", folder)


DOORS: tuple[Door, ...] = (by_command_line, by_api, by_deploy_file, by_deploy_module)


def common(report: Data) -> Data:
    return {key: value for key, value in report.items() if key not in _VARYING}


def test_apply_is_the_same_through_every_door(
    ready: tuple[Host, Path], controller: Controller, tmp_path: Path
) -> None:
    host, _ = ready
    reports = []
    for door in DOORS:
        host.sh(_UNDO)
        folder = tmp_path / door.__name__
        folder.mkdir()
        reports.append(common(door(controller, host, "apply", folder)))
        again = common(door(controller, host, "apply", folder))
        assert (again["status"], again["changes"]) == ("ok", []), door.__name__
    first = reports[0]
    assert first["status"] == "changed"
    assert {change["id"] for change in first["changes"]} == {
        "subids:subuid:lines",
        "sysctls:drop-in:content",
        "sysctls:net.ipv4.ip_unprivileged_port_start:live",
        "session:alice:linger",
        "engine:drop-in:content",
    }
    for door, report in zip(DOORS, reports, strict=True):
        assert report == first, door.__name__


def test_verify_is_the_same_through_every_door(
    ready: tuple[Host, Path], controller: Controller, tmp_path: Path
) -> None:
    host, _ = ready
    proofs = []
    for door in DOORS:
        folder = tmp_path / door.__name__
        folder.mkdir()
        report = door(controller, host, "verify", folder)
        assert report["status"] == "ok", door.__name__
        proofs.append([(one["check"], one["user"], one["verdict"]) for one in report["findings"]])
    for door, proof in zip(DOORS, proofs, strict=True):
        assert proof == proofs[0], door.__name__
