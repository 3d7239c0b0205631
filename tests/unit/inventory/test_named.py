"""Hosts that a command line names without an inventory."""

from __future__ import annotations

import pytest

from podstead.errors import InputError
from podstead.inventory.named import login, without_inventory
from podstead.inventory.patterns import PSEUDO


@pytest.mark.parametrize(
    ("pattern", "hosts"),
    [
        ("localhost", "@local"),
        ("127.0.0.1", "@local"),
        ("@local", "@local"),
        ("web1", "@ssh/web1"),
        ("admin@web1.example.com", "@ssh/admin@web1.example.com"),
        ("admin@web1:2222", "@ssh/admin@web1:2222"),
        ("192.0.2.7", "@ssh/192.0.2.7"),
        ("web1,root@web2, @podman/box", "@ssh/web1,@ssh/root@web2,@podman/box"),
        ("web1,", "@ssh/web1"),
    ],
)
def test_a_host_by_name_is_reached_by_ssh_and_nothing_is_this_machine(pattern: str, hosts: str) -> None:
    assert without_inventory(pattern) == hosts
    assert all(PSEUDO.fullmatch(name) for name in hosts.split(","))


@pytest.mark.parametrize(
    "pattern",
    [
        "web*",
        "all:!web1",
        "~web",
        "web[0]",
        "&web",
        "!web1",
        "web1,all:&x",
        "a b",
        "@site.retry",
        "-x",
        "a@b@c",
        "all",
        "all,web1",
    ],
)
def test_what_only_an_inventory_can_answer_is_refused_with_what_to_give(pattern: str) -> None:
    with pytest.raises(InputError, match="needs an inventory, and none was given") as caught:
        without_inventory(pattern)
    assert "-i PATH" in caught.value.hint


@pytest.mark.parametrize("pattern", ["", " ", ",", " , "])
def test_an_empty_variable_of_a_script_is_not_this_machine(pattern: str) -> None:
    with pytest.raises(InputError, match="names no host"):
        without_inventory(pattern)


@pytest.mark.parametrize(
    ("host", "user"),
    [
        ("@ssh/admin@web1", "admin"),
        ("@ssh/root@web1", None),
        ("@ssh/web1", None),
        ("@local", None),
        ("@podman/box", None),
        ("web1", None),
    ],
)
def test_who_logs_in_is_meant_unless_it_is_root(host: str, user: str | None) -> None:
    assert login(host) == user
