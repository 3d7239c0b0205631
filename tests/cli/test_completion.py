"""Completion as a shell asks for it: the real bash with the real script, and click's protocol for the others."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with an inventory, and a ``podstead`` on the path that is this one."""
    (tmp_path / "hosts.yml").write_text("web:\n  hosts: {web1: {}, web2: {}}\ndb:\n  hosts: {db1: {}}\n")
    program = tmp_path / "bin" / "podstead"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m podstead "$@"\n')
    program.chmod(0o755)
    return tmp_path


def environment(site: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PODSTEAD_")}
    return kept | {"PATH": f"{site / 'bin'}:{os.environ['PATH']}"} | variables


def completed(site: Path, *words: str, **variables: str) -> list[str]:
    """What click answers for the last word, as its scripts for every shell ask it."""
    env = environment(site, _PODSTEAD_COMPLETE="bash_complete", **variables)
    env |= {
        "COMP_WORDS": shlex.join(["podstead", *words])
        if words[-1]
        else f"podstead {shlex.join(words[:-1])} ",
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        ["podstead"], capture_output=True, text=True, env=env, cwd=site, check=False, timeout=60
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("ap",), ["apply"]),
        (("check", "-i", "hosts.yml", "we"), ["web", "web1", "web2"]),
        (("check", "-i", "hosts.yml", "web:!we"), ["web:!web", "web:!web1", "web:!web2"]),
        (("apply", "-i", "hosts.yml", "--limit", "db"), ["db", "db1"]),
        (("check", "@"), ["@local"]),
        (("explain", "V1"), [f"V{number}" for number in range(10, 20)]),
        (("explain", "B03"), ["B03"]),
        (("explain", "subids:files"), ["subids:files:read"]),
        (("verify", "--check", "V02"), ["V02"]),
        (("apply", "--tags", "s"), ["subids", "sysctls", "storage", "session"]),
        (("apply", "--tags", "packages,en"), ["packages,engine"]),
        (("apply", "--become-method", "d"), ["doas"]),
    ],
)
def test_what_can_follow_is_offered(site: Path, words: tuple[str, ...], expected: list[str]) -> None:
    assert completed(site, *words) == expected


def test_hosts_come_from_the_configured_inventory_too(site: Path) -> None:
    assert completed(site, "check", "db") == []
    assert completed(site, "check", "db", PODSTEAD_INVENTORY="hosts.yml") == ["db", "db1"]
    (site / "podstead.toml").write_text("inventory = 'hosts.yml'\n")
    assert completed(site, "check", "db") == ["db", "db1"]


def test_mistakes_are_silent_while_somebody_is_typing(site: Path) -> None:
    assert completed(site, "check", "-i", "nowhere.yml", "we") == []
    (site / "hosts.yml").write_text("web: [\n")
    assert completed(site, "check", "-i", "hosts.yml", "we") == []
    (site / "podstead.toml").write_text("fork = [\n")
    assert completed(site, "check", "we") == []
    assert completed(site, "check", "we", PODSTEAD_FORKS="many") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_every_shell(site: Path, shell: str) -> None:
    done = subprocess.run(
        ["podstead", "completion", shell], capture_output=True, text=True, env=environment(site), check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_PODSTEAD_COMPLETE={shell}_complete" in done.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.stdout, text=True, check=True)


def test_bash_completes_with_the_script(site: Path) -> None:
    script = """
        source <(podstead completion bash)
        COMP_WORDS=(podstead check -i hosts.yml we) COMP_CWORD=4
        _podstead_completion podstead
        printf '%s\\n' "${COMPREPLY[@]}"
        complete -p podstead
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        env=environment(site),
        cwd=site,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert (lines[:-1], done.stderr) == (["web", "web1", "web2"], "")
    assert lines[-1].endswith("_podstead_completion podstead")


def test_a_verb_that_is_none_is_no_error_in_the_middle_of_a_line() -> None:
    env = {
        **os.environ,
        "_PODSTEAD_COMPLETE": "bash_complete",
        "COMP_WORDS": "podstead chekc we",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-m", "podstead"], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""


def test_an_empty_option_is_no_mistake_while_somebody_is_typing() -> None:
    env = {
        **os.environ,
        "_PODSTEAD_COMPLETE": "bash_complete",
        "COMP_WORDS": 'podstead check -i "" --verb',
        "COMP_CWORD": "4",
    }
    done = subprocess.run(
        [sys.executable, "-m", "podstead"], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stderr, done.stdout) == ("", "plain,--verbose\n")
