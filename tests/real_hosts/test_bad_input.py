"""Input with mistakes: exit code 2, each mistake with its place, and not one connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.lab import Host
from tests.real_hosts.controller import Controller, SshLog

pytestmark = pytest.mark.real_hosts

MISTAKES: Mapping[str, tuple[object, tuple[str, ...]]] = {
    "unknown key": ({"usres": {"alice": {}}}, ("usres", "users")),
    "unknown key inside": ({"users": {"alice": {"lingr": True}}}, ("users.alice.lingr", "linger")),
    "wrong type": ({"users": {"alice": {"linger": "perhaps"}}}, ("users.alice.linger",)),
    "list for a mapping": ({"users": ["alice"]}, ("users",)),
    "missing role": ({"roles": ["no-such-role"]}, ("no-such-role",)),
    "hostile user name": ({"users": {"al ice; touch /pwned": {}}}, ("users",)),
    "hostile package name": ({"packages": {"-o=Dir::Etc=/tmp": {}}}, ("packages",)),
    "hostile sysctl key": ({"sysctls": {"kernel.$(touch /pwned)": 1}}, ("sysctls",)),
    "hostile sysctl value": ({"sysctls": {"kernel.domainname": "a\n[x]"}}, ("sysctls",)),
    "window without room": ({"subids": {"window": [10, 20]}}, ("subids",)),
    "two needs at once": ({"sysctls": {"vm.swappiness": {"at_least": 1, "at_most": 2}}}, ("vm.swappiness",)),
    "root": ({"users": {"root": {}}}, ("root",)),
}


@pytest.fixture(scope="module")
def log(ready: tuple[Host, Path]) -> SshLog:
    return SshLog(ready[0])


def expect(controller: Controller, log: SshLog, words: list[str], parts: tuple[str, ...]) -> None:
    log.mark()
    ran = controller.podstead("apply", *words)
    assert (ran.code, ran.out) == (2, ""), str(ran)
    for part in parts:
        assert part in ran.err, str(ran)
    assert log.counted() == (0, 0)


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_a_mistake_is_named_with_its_place_and_nothing_is_connected(
    name: str, controller: Controller, log: SshLog, tmp_path: Path
) -> None:
    layer, parts = MISTAKES[name]
    assert isinstance(layer, dict)
    place = tmp_path / "hosts.yml"
    hosts = {log.host.name: controller.reach()}
    place.write_text(json.dumps({"all": {"hosts": hosts, "vars": {"podstead": layer}}}, indent=1))
    expect(controller, log, ["-i", str(place)], ("hosts.yml", *parts))


def test_all_mistakes_are_reported_at_once(controller: Controller, log: SshLog, tmp_path: Path) -> None:
    place = tmp_path / "hosts.yml"
    document = {"usres": {}, "users": {"alice": {"linger": 3}}, "session": {"delegate": ["gpu"]}}
    hosts = {log.host.name: controller.reach()}
    place.write_text(json.dumps({"all": {"hosts": hosts, "vars": {"podstead": document}}}, indent=1))
    expect(controller, log, ["-i", str(place)], ("usres", "users.alice.linger", "session.delegate"))


def test_bad_yaml_is_named_with_line_and_column(controller: Controller, log: SshLog, tmp_path: Path) -> None:
    place = tmp_path / "hosts.yml"
    place.write_text(f"all:\n  hosts:\n    {log.host.name}: {{\n  vars: [\n")
    expect(controller, log, ["-i", str(place)], ("hosts.yml:",))


def test_a_pattern_that_matches_nothing_is_an_error(
    ready: tuple[Host, Path], controller: Controller, log: SshLog
) -> None:
    expect(controller, log, ["no-such-host", "-i", str(ready[1])], ("no-such-host",))


def test_an_inventory_that_does_not_exist_is_an_error(controller: Controller, log: SshLog) -> None:
    expect(controller, log, ["-i", "/nonexistent/hosts.yml"], ("/nonexistent/hosts.yml",))


def test_no_inventory_at_all_says_what_to_give(controller: Controller, log: SshLog) -> None:
    expect(controller, log, [], ("-i", "@local"))


def test_an_unknown_option_is_an_error(controller: Controller, log: SshLog) -> None:
    expect(controller, log, ["--no-such-option"], ("--no-such-option",))


def test_extra_vars_with_a_mistake_are_an_error(
    ready: tuple[Host, Path], controller: Controller, log: SshLog
) -> None:
    expect(controller, log, ["-i", str(ready[1]), "-e", "podstead={users: nobody}"], ("users",))
