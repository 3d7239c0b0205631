"""``podstead doctor``: pure judgements, and the gathering over real files, agents and processes."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podstead.control import machine
from podstead.control.doctor import Diagnosis, Health, diagnose
from podstead.control.machine import Agent, Control, KeyFile, Library, SshFile
from tests.support import preloaded

HEALTHY = Control(
    python="3.11.7",
    needs_python=">=3.11,<3.15",
    libraries=(Library(name="paramiko", needs=">=3.5,<5", version="4.0.0"),),
    ssh="9.2p1",
    agent=Agent(socket="/run/agent", keys=1),
    keys=(KeyFile(path="/home/me/.ssh/id_ed25519", mode=0o600),),
    known_hosts=SshFile(path="/home/me/.ssh/known_hosts", exists=True, entries=3),
    ssh_config=SshFile(path="/home/me/.ssh/config", exists=False),
    settings_files=("podstead.toml",),
    settings_problems=(),
    settings_warnings=(),
    temporary="/tmp",
    temporary_problem="",
    worker_seconds=0.6,
    worker_problem="",
    encoding="UTF-8",
    terminal="xterm-256color",
    now=1_800_000_000.0,
    installed=1_700_000_000.0,
)


def judged(**changes: Any) -> list[Diagnosis]:
    """What is not well when this is otherwise."""
    return [one for one in diagnose(dataclasses.replace(HEALTHY, **changes)) if one.health is not Health.OK]


def test_a_healthy_machine_is_well() -> None:
    assert judged() == []
    assert len(diagnose(HEALTHY)) > 10


def test_what_is_well_is_said_with_what_was_compared() -> None:
    found = {one.what: one.why for one in diagnose(HEALTHY)}
    assert found["clock"] == (
        "2027-01-15 is not earlier than the day on which podstead was installed (2023-11-14)"
    )
    assert found["ssh agent"] == "is running and holds 1 key"
    assert found["known_hosts"] == "/home/me/.ssh/known_hosts has 3 entries"


LOCKED = KeyFile(path="/k", mode=0o600, encrypted=True)


@pytest.mark.parametrize(
    ("changes", "health", "what", "why"),
    [
        ({"python": "3.10.2"}, "fail", "python", "3.10.2 is not"),
        (
            {"libraries": (Library(name="pyinfra", needs="<4", version="4.1"),)},
            "fail",
            "pyinfra",
            "4.1 is not <4",
        ),
        ({"libraries": (Library(name="rich", needs="", version=None),)}, "fail", "rich", "not installed"),
        ({"worker_problem": "exit code 1: x"}, "fail", "worker", "exit code 1: x"),
        ({"worker_seconds": 30.0}, "warn", "worker", "30.0 s"),
        ({"temporary_problem": "No space left on device"}, "fail", "temporary folder", "No space"),
        ({"settings_problems": ("podstead.toml:1: fork",)}, "fail", "settings", "podstead.toml:1"),
        ({"settings_warnings": ("is ignored",)}, "warn", "settings", "is ignored"),
        ({"ssh": None}, "warn", "ssh client", "not installed"),
        ({"agent": Agent(socket="/s", problem="refused")}, "warn", "ssh agent", "/s does not answer"),
        ({"agent": Agent(), "keys": ()}, "warn", "keys", "no key"),
        ({"keys": (KeyFile(path="/k", mode=0o644),)}, "warn", "key /k", "mode 0644"),
        ({"keys": (KeyFile(path="/k", mode=0o600, problem="odd"),)}, "warn", "key /k", "odd"),
        ({"keys": (LOCKED,), "agent": Agent()}, "warn", "key /k", "no agent holds a key"),
        (
            {"known_hosts": SshFile(path="/h", exists=True, problem="damaged")},
            "fail",
            "known_hosts",
            "damaged",
        ),
        ({"ssh_config": SshFile(path="/c", exists=True, problem="odd")}, "fail", "ssh config", "odd"),
        ({"encoding": "ANSI_X3.4-1968"}, "warn", "locale", "not UTF-8"),
        ({"terminal": "dumb"}, "warn", "terminal", "TERM=dumb"),
        (
            {"now": 1_600_000_000.0},
            "warn",
            "clock",
            "2020-09-13 is earlier than the day on which podstead was installed (2023-11-14)",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    changes: dict[str, Any], health: str, what: str, why: str
) -> None:
    (one,) = [one for one in judged(**changes) if one.what == what]
    assert (one.health.value, why in one.why, bool(one.do)) == (health, True, True), one


def test_an_agent_without_keys_matters_only_to_who_has_locked_ones() -> None:
    empty = Agent(socket="/s", keys=0)
    assert [one.do for one in judged(agent=empty, keys=(LOCKED,)) if one.what == "ssh agent"] == [
        "ssh-add /k"
    ]
    assert judged(agent=empty) == []


def ssh_keygen(path: Path, passphrase: str, kind: str = "ed25519") -> None:
    argv = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def test_keys_are_read_as_the_worker_will_read_them(tmp_path: Path) -> None:
    ssh_keygen(tmp_path / "id_ed25519", "")
    ssh_keygen(tmp_path / "id_ecdsa", "secret", "ecdsa")
    ssh_keygen(tmp_path / "id_rsa", "secret", "rsa")
    (tmp_path / "id_none").write_text("no key\n")
    (tmp_path / "id_none").chmod(0o644)
    found = {Path(key.path).name: key for key in machine.key_files(tmp_path)}
    assert sorted(found) == ["id_ecdsa", "id_ed25519", "id_none", "id_rsa"]
    assert (found["id_ed25519"].encrypted, found["id_ed25519"].problem) == (False, "")
    assert found["id_ecdsa"].encrypted
    assert found["id_rsa"].encrypted
    assert (found["id_none"].mode, bool(found["id_none"].problem)) == (0o644, True)


@pytest.fixture
def agent_socket(tmp_path: Path) -> Iterator[str]:
    place = str(tmp_path / "agent")
    with subprocess.Popen(["ssh-agent", "-D", "-a", place], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert place in process.stdout.readline(), "what it prints once it listens"
        yield place
        process.terminate()


def test_an_agent_is_asked_for_its_keys(
    agent_socket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", agent_socket)
    assert machine.agent(agent_socket) == Agent(socket=agent_socket, keys=0)
    ssh_keygen(tmp_path / "id", "")
    subprocess.run(["ssh-add", "-q", tmp_path / "id"], check=True)
    assert machine.agent(agent_socket).keys == 1


def test_an_agent_that_is_gone_is_no_agent(tmp_path: Path) -> None:
    place = tmp_path / "gone"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(place))
    assert machine.agent(str(place)).problem == "Connection refused"
    assert machine.agent("") == Agent()


def test_known_hosts_and_config_are_read_as_paramiko_reads_them(tmp_path: Path) -> None:
    hosts, config = tmp_path / "known_hosts", tmp_path / "config"
    assert not machine.known_hosts(hosts).exists
    ssh_keygen(tmp_path / "id", "")
    key = " ".join((tmp_path / "id.pub").read_text().split()[:2])
    hosts.write_text(f"web1 {key}\n|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= {key}\n")
    assert (machine.known_hosts(hosts).entries, machine.known_hosts(hosts).problem) == (2, "")
    hosts.write_text("web1 ssh-ed25519 AAAAnonsense\n")
    assert machine.known_hosts(hosts).problem
    config.write_text("Host web1\n  User me\n")
    assert machine.ssh_config(config).problem == ""
    config.write_text("Host web1\n  User\n")
    assert machine.ssh_config(config).problem


def podstead(cwd: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return preloaded.run(words, cwd=cwd, env=os.environ | variables, timeout=120)


def test_the_doctor_says_what_is_well_and_fails_for_what_is_not(tmp_path: Path) -> None:
    done = podstead(tmp_path, "doctor", HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok    worker: starts in" in done.stdout
    assert all(line.split()[0] in ("ok", "warn") for line in done.stdout.splitlines())
    (tmp_path / "podstead.toml").write_text("fork = 1\n")
    broken = podstead(tmp_path, "doctor", "-o", "json", HOME=str(tmp_path))
    assert broken.returncode == 1
    document = json.loads(broken.stdout)
    assert document["schema"] == "podstead.doctor/1"
    (bad,) = [one for one in document["diagnoses"] if one["health"] == "fail"]
    assert (bad["what"], bad["why"].startswith("podstead.toml:1: fork")) == ("settings", True)


def test_a_worker_that_does_not_start_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "gevent.py").write_text("raise SystemExit('no gevent here')\n")
    done = podstead(tmp_path, "doctor", PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    assert done.returncode == 1
    assert "fail  worker: the worker process does not start: exit code 1: no gevent here" in done.stdout


def test_versions_start_with_podsteads_one_a_line() -> None:
    lines = podstead(Path("/"), "--version").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "podstead",
        "pyinfra",
        "paramiko",
        "gevent",
        "pydantic",
        "Python",
        "OS",
        "OpenSSH",
    ]
