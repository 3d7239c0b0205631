"""Hosts that cannot be reached, logged in to, or worked on as root: one message, the right exit code, others go on."""

from __future__ import annotations

import shlex
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from podstead.visit.record import HostReport, Status
from tests.lab import Host
from tests.real_hosts.controller import Controller
from tests.real_hosts.snapshot import command_lines

pytestmark = pytest.mark.real_hosts

Ready = tuple[Host, Path]
PASSWORD = "carol-secret"


def check(
    controller: Controller, variables: Mapping[str, object], *words: str, password: str | None = None
) -> HostReport:
    """Check one host that is reached in a certain way. The exit code must fit what the report says."""
    inventory = controller.inventory({"target": variables})
    typed = "" if password is None else f"{password}\n"
    ran = controller.podstead("check", "-i", inventory, "-o", "json", "-T", "5", *words, input=typed)
    assert PASSWORD not in ran.out + ran.err
    report = ran.host("target")
    assert ran.code == {Status.UNREACHABLE: 4, Status.FAILED: 1, Status.OK: 0}[report.status], str(ran)
    return report


def said(report: HostReport) -> tuple[Status, str, str]:
    assert report.trouble is not None, report
    return report.status, report.trouble.message, report.trouble.hint


def direct(host: Host, known_hosts: Path, key: Path | None = None) -> dict[str, object]:
    """Reach a host by its address, with nothing but these files."""
    return {
        "ansible_host": host.address,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(key or host.lab.private_key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={known_hosts}",
    }


def new_key(place: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place)], check=True)
    return place


def test_hosts_that_cannot_be_reached_are_named_and_the_others_are_done(
    ready: Ready, controller: Controller
) -> None:
    host, _ = ready
    closed = {**direct(host, host.lab.known_hosts), "ansible_port": 9}
    nobody = {**direct(host, host.lab.known_hosts), "ansible_host": "no-such-name.invalid"}
    hosts = {"closed": closed, "nobody": nobody, "good": controller.reach(ansible_host=host.name)}
    ran = controller.json("check", controller.inventory(hosts), "-T", "5")
    assert ran.code == 4, str(ran)
    assert {one.name: one.status for one in ran.report.hosts} == {
        "closed": Status.UNREACHABLE,
        "nobody": Status.UNREACHABLE,
        "good": Status.OK,
    }
    assert f"{host.address}:9" in said(ran.host("closed"))[1]
    assert said(ran.host("nobody"))[1:] == (
        "the name no-such-name.invalid cannot be resolved",
        "check ansible_host",
    )


def test_a_key_that_the_host_does_not_know_is_refused(
    ready: Ready, controller: Controller, tmp_path: Path
) -> None:
    host, _ = ready
    status, message, hint = said(
        check(controller, direct(host, host.lab.known_hosts, new_key(tmp_path / "key")))
    )
    assert (status, message) == (
        Status.UNREACHABLE,
        f"{host.address}:22 refused the login as root",
    )
    assert "--private-key" in hint


def test_a_key_file_that_is_no_key_is_refused(ready: Ready, controller: Controller, tmp_path: Path) -> None:
    host, _ = ready
    (tmp_path / "noise").write_text("not a key\n")
    assert (
        said(check(controller, direct(host, host.lab.known_hosts, tmp_path / "noise")))[0]
        is Status.UNREACHABLE
    )


def test_an_unknown_host_key_is_refused_and_not_written_down(
    ready: Ready, controller: Controller, tmp_path: Path
) -> None:
    host, _ = ready
    known = tmp_path / "known_hosts"
    known.touch()
    text = host.lab.ssh_config.read_text().replace(str(host.lab.known_hosts), str(known))
    (tmp_path / "config").write_text(text)
    link = f"-F {tmp_path / 'config'}"
    report = check(controller, controller.reach(ansible_host=host.name, ansible_ssh_common_args=link))
    status, message, hint = said(report)
    assert status is Status.UNREACHABLE
    assert "is not in known_hosts" in message
    assert "StrictHostKeyChecking=accept-new" in hint
    assert known.read_text() == ""


def test_a_changed_host_key_is_refused(ready: Ready, controller: Controller, tmp_path: Path) -> None:
    host, _ = ready
    public = new_key(tmp_path / "other").with_suffix(".pub").read_text().split()[:2]
    known = tmp_path / "known_hosts"
    known.write_text(f"{host.address} {' '.join(public)}\n")
    status, message, hint = said(check(controller, direct(host, known)))
    assert (status, message) == (Status.UNREACHABLE, f"the host key of {host.address}:22 has changed")
    assert known.read_text() == f"{host.address} {' '.join(public)}\n"
    command = hint.partition("if the change is expected: ")[2]
    assert command == f"ssh-keygen -f {known} -R {host.address}"
    subprocess.run(shlex.split(command), check=True, capture_output=True)
    assert known.read_text() == ""


def test_a_user_who_may_not_use_sudo_is_told_so(ready: Ready, controller: Controller) -> None:
    host, _ = ready
    status, message, hint = said(check(controller, controller.reach("bob", ansible_host=host.name)))
    assert status is Status.FAILED
    assert "sudo" in message
    assert "bob" in message
    assert hint


def test_sudo_that_asks_for_a_password_is_said_and_how_to_give_it(
    ready: Ready, controller: Controller
) -> None:
    host, _ = ready
    status, message, hint = said(check(controller, controller.reach("carol", ansible_host=host.name)))
    assert (status, message) == (Status.FAILED, "sudo asks carol for a password")
    assert "-K" in hint


def test_a_wrong_password_is_said_to_be_wrong(ready: Ready, controller: Controller) -> None:
    host, _ = ready
    report = check(controller, controller.reach("carol", ansible_host=host.name), "-K", password="wrong")
    assert said(report)[:2] == (Status.FAILED, "sudo refused the password of carol")


def test_the_right_password_works_and_no_process_list_shows_it(ready: Ready, controller: Controller) -> None:
    host, _ = ready
    inventory = controller.inventory({"target": controller.reach("carol", ansible_host=host.name)})
    done, seen = threading.Event(), set[str]()

    def watch() -> None:
        while not done.is_set():
            seen.update(command_lines())  # the machine's list holds those of its hosts

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        ran = controller.podstead("verify", "-i", inventory, "-o", "json", "-K", input=f"{PASSWORD}\n")
    finally:
        done.set()
        watcher.join()
    assert ran.code == 0, str(ran)
    assert [line for line in seen if "sudo -S" in line], "sudo was seen at work"
    assert [line for line in seen if "podstead.remote.worker" in line], "the worker was seen at work"
    assert [line for line in seen if PASSWORD in line] == []


@pytest.mark.parametrize(("command", "status"), [("true", Status.OK), ("false", Status.UNREACHABLE)])
def test_match_exec_of_ssh_config_decides_as_with_ssh(
    ready: Ready, controller: Controller, tmp_path: Path, command: str, status: Status
) -> None:
    """The host is called ``box`` here: only the block that the command opens says where that is."""
    host, _ = ready
    text = host.lab.ssh_config.read_text().replace(
        f"Host {host.name}\n", f'Match host box exec "{command}"\n'
    )
    (tmp_path / "config").write_text(text)
    link = f"-F {tmp_path / 'config'}"
    report = check(controller, controller.reach(ansible_host="box", ansible_ssh_common_args=link))
    assert report.status is status, report
