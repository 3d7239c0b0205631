"""Inventories that are programs, saved listings, and pyinfra's own inventories."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from podstead.errors import InputError
from podstead.inventory import programs
from podstead.inventory.load import load


def write(path: Path, text: str, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def script(folder: Path, body: str) -> Path:
    return write(folder / "inventory", f"#!/bin/sh\n{body}\n", 0o755)


def failing(source: Path) -> str:
    with pytest.raises(InputError) as caught:
        load([source])
    (problem,) = caught.value.problems
    assert problem.where.startswith(str(source))
    return problem.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("echo hello", "does not print JSON when run with --list"),
        ("echo '[1]'", "prints JSON that is not a mapping of groups"),
        ("echo oops >&2; exit 3", "ended with exit code 3: oops"),
        ("exit 3", "ended with exit code 3, without printing anything"),
        ('echo \'{"web": {"hosts": "a"}}\'', "expected a list of names, found 'a'"),
        ('echo \'{"web": {"hosts": [1]}}\'', "expected a list of names, found the number 1"),
        ('echo \'{"web": {"hosts": ["a"], "vars": [1]}}\'', "vars of web must be a mapping; found a list"),
        ('echo \'{"web": ["a b"]}\'', "'a b' is not a host name"),
        ("echo '{}'", "names no host"),
        ("kill -9 $$", "ended with exit code -9"),
    ],
)
def test_a_script_that_fails_is_said_with_its_path(tmp_path: Path, body: str, message: str) -> None:
    assert message in failing(script(tmp_path, body))


def test_a_script_whose_interpreter_is_missing_is_said(tmp_path: Path) -> None:
    assert "cannot be run: No such file" in failing(write(tmp_path / "x", "#!/nowhere/sh\n", 0o755))


def test_a_script_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SECONDS", 1)
    assert "did not finish within 1 s" in failing(script(tmp_path, "exec sleep 60"))


def test_a_script_that_nests_without_end_is_refused(tmp_path: Path) -> None:
    deep = '{"a": ' * 100 + "1" + "}" * 100
    assert "nested deeper than" in failing(script(tmp_path, f"echo '{deep}'"))


def test_what_a_script_says_is_used_with_templates_and_group_vars(tmp_path: Path) -> None:
    listing = {
        "web": {"hosts": ["a", "b"], "vars": {"ids": 70000}},
        "_meta": {"hostvars": {"a": {"ansible_host": "192.0.2.1"}, "stranger": {"x": 1}}},
    }
    source = script(tmp_path, f"echo '{json.dumps(listing)}'")
    write(tmp_path / "group_vars/web.yml", 'podstead: {subids: {count: "{{ ids }}"}}')
    hosts = load([source])
    assert [(one.name, one.connection.address, one.spec.subids.count) for one in hosts] == [
        ("a", "192.0.2.1", 70000),
        ("b", "b", 70000),
    ]


def test_what_ansible_inventory_prints_can_be_saved_and_read(tmp_path: Path) -> None:
    """Ansible itself reads a saved listing only through a script; the reading here is the same as that of the inventory."""
    inventory = write(
        tmp_path / "hosts.yml",
        "all: {hosts: {lone: {x: 1}}, children: {web: {hosts: {'w[1:2]': {ansible_port: 22}}, vars: {k: {l: [1]}}}}}",
    )
    words = [sys.executable, "-m", "ansible.cli.inventory", "-i", str(inventory), "--list", "--export"]
    saved = write(tmp_path / "saved/hosts.json", subprocess.check_output(words, text=True))
    for form in ("--list", "--graph"):
        first, second = (
            subprocess.check_output(
                [sys.executable, "-m", "podstead.cli.main", "inventory", "-i", str(source), form, *more],
                text=True,
            )
            for source, more in ((inventory, ()), (saved, ()))
        )
        assert first == second


PYINFRA = """
import os
REGION = "eu-1"
web = ["web1.example.com", ("web2.example.com", {"ssh_user": "deploy", "ssh_port": 2222, "ssh_key": "~/.ssh/k"})]
db = (["db1"], {"_sudo": True, "tier": REGION})
containers = ["@docker/shop", ("@podman/cache", {"podstead": {"users": {"alice": {}}}}), "@local"]
_hidden = "text"
"""


def test_a_pyinfra_inventory_is_read(tmp_path: Path) -> None:
    source = write(tmp_path / "inventory.py", PYINFRA)
    write(
        tmp_path / "group_data/all.py",
        "ssh_user = 'root'\npodstead = {'users': {'bob': {}}}\nusers = ['eve']\n",
    )
    write(tmp_path / "group_data/web.py", "podstead = {'subids': {'count': 70000}}\n")
    hosts = {one.name: one for one in load([source])}
    reached = {
        name: (one.connection.kind, one.connection.address, one.connection.user, one.connection.port)
        for name, one in hosts.items()
    }
    assert reached == {
        "web1.example.com": ("ssh", "web1.example.com", "root", None),
        "web2.example.com": ("ssh", "web2.example.com", "deploy", 2222),
        "db1": ("ssh", "db1", "root", None),
        "@docker/shop": ("docker", "shop", "root", None),
        "@podman/cache": ("podman", "cache", "root", None),
        "@local": ("local", "@local", "root", None),
    }
    assert hosts["db1"].connection.become
    assert hosts["web1.example.com"].spec.subids.count == 70000
    assert set(hosts["@podman/cache"].spec.users) == {"alice", "bob"}
    assert load([source], pattern="web")[0].groups == ("web",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("web = [", "SyntaxError"),
        ("x = 1\nweb = [nowhere]", "line 2: NameError: name 'nowhere' is not defined"),
        ("raise SystemExit(3)", "ended with exit code 3"),
        ("web = [(1, 2, 3)]", "names no host"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
    ],
)
def test_a_pyinfra_inventory_that_fails_is_said_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    assert message in failing(write(tmp_path / "inventory.py", text))


def test_an_inventory_that_prints_does_not_disturb_the_reading(tmp_path: Path) -> None:
    source = write(tmp_path / "inventory.py", "print('hello')\nweb = ['a']\n")
    assert [one.name for one in load([source])] == ["a"]


def test_a_retry_file_names_hosts(tmp_path: Path) -> None:
    retry = write(tmp_path / "site.retry", "# failed\nb\n\nc\n")
    assert [one.name for one in load(["a,b,c,"], pattern=f"@{retry}")] == ["b", "c"]
    assert [one.name for one in load(["a,b,c,"], limit=f"@{retry}:!c")] == ["b"]
