"""A change goes over hosts in batches and stops where too many fail; nobody can be reached here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import preloaded

HOSTS = [f"web{number}" for number in range(1, 7)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Six hosts at whose port nobody listens."""
    hosts = {name: {"ansible_host": f"127.0.0.{number}"} for number, name in enumerate(HOSTS, 1)}
    users: dict[str, Any] = {"users": {"alice": {}}}
    document = {"all": {"hosts": hosts, "vars": {"ansible_port": 1, "podstead": users}}}
    (tmp_path / "hosts.yml").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "podstead.toml").write_text('inventory = ["hosts.yml"]\n', encoding="utf-8")
    return tmp_path


def podstead(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"XDG_STATE_HOME": str(cwd / "state")}
    done = preloaded.run(words, cwd=cwd, env=env, timeout=120)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def outcome(cwd: Path, *words: str) -> dict[str, tuple[str, str]]:
    """Status and message of each host."""
    done = podstead(cwd, "apply", "-T", "2", "-o", "json", *words)
    assert done.returncode in (1, 4), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return {host["name"]: (host["status"], host["trouble"]["message"]) for host in report["hosts"]}


def skipped(found: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: message for name, (status, message) in found.items() if status == "skipped"}


@pytest.mark.parametrize(
    ("words", "started", "why"),
    [
        (("--serial", "2", "--any-errors-fatal"), ["web1", "web2"], "--any-errors-fatal allows none"),
        (("--serial", "1,3"), ["web1"], "the only host of a batch has failed"),
        (("--serial", "2", "--max-fail", "2"), ["web1", "web2"], "no host of a batch could be done"),
        (("-f", "1", "--max-fail", "2"), ["web1", "web2", "web3"], "--max-fail allows 2"),
        (("--serial", "50%", "--max-fail-percentage", "50"), ["web1", "web2", "web3"], "allows 50%"),
        (("--serial", "2", "--order", "reverse_sorted", "--max-fail", "0"), ["web5", "web6"], "allows 0"),
        # in one batch as well: who is at work comes to an end, nobody else begins
        (
            ("-f", "1", "--any-errors-fatal"),
            ["web1"],
            "1 host has failed, and --any-errors-fatal allows none",
        ),
    ],
)
def test_where_too_many_fail_nobody_else_is_started_and_the_reason_is_said(
    project: Path, words: tuple[str, ...], started: list[str], why: str
) -> None:
    found = outcome(project, *words)
    not_started = skipped(found)
    assert sorted(set(HOSTS) - set(not_started)) == started
    assert all(message.startswith("not started: ") and why in message for message in not_started.values())


def test_the_lists_are_named_and_the_next_run_takes_them(project: Path) -> None:
    done = podstead(project, "apply", "-T", "2", "--serial", "2", "--max-fail", "1")
    assert done.returncode == 4
    assert "\nunreachable: web1, web2\n  --limit @" in done.stdout
    assert "\nnever started: web3, web4, web5, web6\n" in done.stdout
    (line,) = (line for line in done.stdout.splitlines() if line.endswith("/never-started"))
    listed = podstead(project, "apply", "--list-hosts", *line.split())
    assert listed.stdout.split()[-4:] == HOSTS[2:]
    assert (
        "skipping: [web3, web4, web5, web6] => not started: 2 hosts have failed, and --max-fail allows 1"
        in done.stdout
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--serial", "0"), "--serial: '0': expected a number of hosts, or a percentage such as 10%"),
        (
            ("--prove", "canery"),
            "--prove: 'canery': expected each, canary, end, never (did you mean 'canary'?)",
        ),
        (("--prove", "never,end"), "--prove: never, and something else"),
        (("--max-fail-percentage", "101"), "--max-fail-percentage"),
        (("--max-fail-percentage", "nan"), "--max-fail-percentage: not a number"),
        (("--check", "--serial", "0"), "--serial: '0': expected"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_connected_to(
    project: Path, words: tuple[str, ...], said: str
) -> None:
    done = podstead(project, "apply", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_an_apply_to_many_hosts_that_nobody_has_chosen_is_asked_for_first(project: Path) -> None:
    few = ("apply", "-T", "2", "--ask-above", "5")
    done = podstead(project, *few)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "this would apply to all 6 hosts of the inventory, and there is no terminal to ask on" in done.stderr
    )
    assert "add --yes, or choose hosts with a pattern or --limit" in done.stderr
    for words in (("--yes",), ("web*",), ("--limit", "all"), ("--ask-above", "0"), ("--check",)):
        assert podstead(project, *few, *words).returncode == 4, words
    (project / "podstead.toml").write_text('inventory = ["hosts.yml"]\nask_above = 0\n', encoding="utf-8")
    assert podstead(project, "apply", "-T", "2").returncode == 4


def test_a_worker_that_ends_in_a_later_batch_does_not_take_along_what_was_reported_before(
    project: Path,
) -> None:
    """A name that no connector of pyinfra takes ends the worker of the second batch."""
    document = json.loads((project / "hosts.yml").read_text(encoding="utf-8"))
    document["all"]["hosts"] = {
        "web1": {"ansible_host": "127.0.0.1"},
        "web2": {"ansible_host": "127.0.0.2"},
        "@a": {},
    }
    (project / "hosts.yml").write_text(json.dumps(document), encoding="utf-8")
    found = outcome(project, "--serial", "2,1", "--max-fail", "9", "--prove", "never")
    assert found["web1"][0] == "unreachable"
    assert found["@a"][0] in ("failed", "skipped")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user that there is not")
def test_a_user_without_an_account_and_a_home_gets_the_report_all_the_same(project: Path) -> None:
    program = [sys.executable, "-m", "podstead", "apply", "-T", "2"]
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LOGNAME": "nobody"}
    env |= {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    done = subprocess.run(
        ["unshare", "-U", "--map-user=12345", "--map-group=12345", *program],
        cwd=project, env=env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    assert (
        "the lists of unfinished hosts could not be kept: there is no account with UID 12345" in done.stderr
    )
    assert "unreachable: web1, web2, web3" in done.stdout
