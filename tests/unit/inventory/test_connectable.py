"""Hosts that podstead cannot connect to are passed over and counted, unless they were asked for by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from podstead.errors import InputError, Problem
from podstead.inventory.load import load

SWITCHES = """
all:
  hosts: {web1: , odd: {ansible_connection: winrm}}
  children:
    switches:
      hosts: {sw1: , sw2: , linux: {ansible_connection: ssh}}
      vars:
        ansible_connection: ansible.netcommon.network_cli
        ansible_ssh_args: -v
        podstead: [not, a, document]
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    (tmp_path / "hosts.yml").write_text(SWITCHES.replace("linux: {ansible_connection: ssh}", ""))
    return tmp_path / "hosts.yml"


def names(inventory: Path, pattern: str, warnings: list[Problem]) -> list[str]:
    return [host.name for host in load([inventory], pattern=pattern, warnings=warnings)]


def test_they_are_passed_over_with_one_warning_for_each_kind_and_not_judged(inventory: Path) -> None:
    warnings: list[Problem] = []
    assert names(inventory, "all", warnings) == ["web1"]
    assert [(one.where, one.key, one.message) for one in warnings] == [
        (str(inventory), "ansible_connection", text)
        for text in (
            "1 host is passed over, because podstead has no connection like winrm: odd",
            "2 hosts are passed over, because podstead has no connection like ansible.netcommon.network_cli: sw1, sw2",
        )
    ]


@pytest.mark.parametrize("pattern", ["sw1", "web1:sw1", "web1,sw1"])
def test_one_that_was_asked_for_by_name_is_an_error(inventory: Path, pattern: str) -> None:
    with pytest.raises(InputError, match="expected one of ssh, local, podman, docker, chroot; found"):
        names(inventory, pattern, [])


def test_where_nothing_is_left_that_is_an_error(inventory: Path) -> None:
    with pytest.raises(InputError, match="2 hosts are passed over"):
        names(inventory, "switches", [])


def test_a_word_that_is_no_plugin_of_ansibles_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {hosts: {web1: {ansible_connection: sssh}, web2: }}")
    with pytest.raises(InputError, match="did you mean 'ssh'"):
        load([tmp_path / "hosts.yml"])


def test_the_nearest_place_decides(tmp_path: Path) -> None:
    text = SWITCHES.replace("ansible_ssh_args: -v", "").replace("podstead: [not, a, document]", "")
    (tmp_path / "hosts.yml").write_text(text)
    assert names(tmp_path / "hosts.yml", "all", []) == ["web1", "linux"]
    found = load([tmp_path / "hosts.yml"], extra_vars=["ansible_connection=local"])
    assert {host.connection.kind for host in found} == {"local"}
    assert len(found) == 5
