"""Becoming root: the real wrapper command, run by a real shell."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Literal

import pytest
from pydantic import SecretStr

from podstead.inventory.connection import Connection
from podstead.remote.become import exit_code, explain_failure, wrap
from podstead.visit.job import Target
from tests.model_host import spec_of

PASSWORDS = ["secret", "pä'\"$(id) `id`\\", "-n", " x ", "%s\\n", "@@podstead rc 0", ""]
Method = Literal["sudo", "doas", "su"]

#: Stands for sudo -S: reads one line as the password and runs the rest.
SUDO = """#!/bin/sh
asked=no
while :; do
    case $1 in
        -S) asked=yes ;;
        -n | -k | -H) ;;
        -p) shift ;;
        *) break ;;
    esac
    shift
done
if [ $asked = yes ]; then
    # byte by byte, as sudo does: what follows belongs to the command
    IFS= read -r password
    [ "$password" = "$EXPECTED" ] || { echo 'sudo: 1 incorrect password attempt' >&2; exit 1; }
fi
BECAME=root exec "$@"
"""


def target(method: Method = "sudo", *, become: bool = True, password: str | None = None) -> Target:
    sealed = None if password is None else SecretStr(password)
    link = Connection(kind="ssh", address="h", become=become, become_method=method, become_password=sealed)
    return Target(name="h", connection=link, spec=spec_of())


def run(
    one: Target, script: str, *, tools: Path | None = None, seconds: int = 20, expected: str = ""
) -> tuple[list[str], str]:
    """Run the wrapper as a connection would: its exit code is always 0, its input is always taken."""
    command, stdin = wrap(one, script, seconds)
    path = os.environ["PATH"]
    env = {"PATH": f"{tools}:{path}" if tools else path, "EXPECTED": expected, "HOME": "/"}
    process = subprocess.Popen(
        ["sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(stdin)  # more than a pipe holds: a wrapper that stopped reading would break it
    process.stdin.close()
    lines, complaints = process.stdout.read().splitlines(), process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    assert process.wait() == 0
    return lines, complaints


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    for name in ("sudo", "doas"):
        (tmp_path / name).write_text(SUDO)
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("password", PASSWORDS[:-1])
@pytest.mark.parametrize("method", ["sudo", "doas", "su"])
def test_no_password_is_ever_on_the_command_line(method: Method, password: str) -> None:
    with_it, stdin = wrap(target(method, password=password), "true\n", 5)
    other, _ = wrap(target(method, password="something else"), "true\n", 5)
    assert other == with_it
    # doas and su ask on a terminal only, so they are never sent one
    assert (method == "sudo") is stdin.startswith(f"{password}\n")


def test_a_target_does_not_show_its_password() -> None:
    assert "hunter2" not in repr(target(password="hunter2"))


def test_the_script_is_not_on_the_command_line_either() -> None:
    command, stdin = wrap(target(become=False), "echo content\n", 5)
    assert "content" not in command
    assert stdin == "echo content\n"


@pytest.mark.parametrize("code", [0, 1, 75, 97, 255])
def test_the_exit_code_of_the_script_is_the_last_line(code: int) -> None:
    lines, _ = run(target(become=False), f"echo hello\nexit {code}\n")
    assert lines[0] == "hello"
    assert f"@@podstead rc {code}" == lines[-1]
    assert code == exit_code(lines)


def test_what_the_script_did_not_read_is_taken_in() -> None:
    lines, _ = run(target(become=False), "exit 3\n" + "# more\n" * 200_000)
    assert exit_code(lines) == 3


def test_output_without_a_newline_does_not_hide_the_exit_code() -> None:
    lines, _ = run(target(become=False), "printf half")
    assert (lines[0], exit_code(lines)) == ("half", 0)


def test_a_script_that_takes_too_long_is_ended_with_all_it_started() -> None:
    began = time.monotonic()
    lines, _ = run(target(become=False), "sleep 60 & sleep 60\n", seconds=1)
    assert exit_code(lines) == 124
    assert time.monotonic() - began < 10


def test_sudo_without_a_password_runs_the_script(tools: Path) -> None:
    lines, complaints = run(target("sudo"), "echo $BECAME\n", tools=tools)
    assert (lines, complaints) == (["root", "", "@@podstead rc 0"], "")


@pytest.mark.parametrize("password", PASSWORDS)
def test_sudo_gets_the_password_and_the_script_the_rest(tools: Path, password: str) -> None:
    lines, complaints = run(
        target("sudo", password=password), "echo $BECAME\nexit 5\n", tools=tools, expected=password
    )
    assert (lines, complaints) == (["root", "", "@@podstead rc 5"], "")


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_that_nobody_asked_for_is_not_run(tools: Path, password: str) -> None:
    (tools / "sudo").write_text(SUDO.replace("asked=yes ;;", "asked=no ;;"))
    lines, complaints = run(target("sudo", password=password), "echo $BECAME\n", tools=tools)
    assert (lines, complaints) == (["root", "", "@@podstead rc 0"], "")


def test_a_wrong_password_is_said_and_nothing_of_the_script_runs(tools: Path) -> None:
    one = target("sudo", password="wrong")
    lines, complaints = run(one, "echo ran\n" * 50_000, tools=tools, expected="right")
    assert "ran" not in lines
    assert exit_code(lines) == 1
    assert explain_failure(one, complaints.splitlines(), 1) == (
        "sudo refused the password of the login user",
        "check the become password (-K, ansible_become_password)",
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="su asks nobody for a password only where root calls it")
@pytest.mark.parametrize("password", [None, "not asked for"])
def test_the_real_su_runs_the_script(password: str | None) -> None:
    lines, _ = run(target("su", password=password), "id -u\nexit 4\n")
    assert (lines[0], exit_code(lines)) == ("0", 4)


def test_a_method_that_is_not_installed_is_named() -> None:
    one = target("doas")
    lines, complaints = run(one, "echo ran\n")
    assert exit_code(lines) == 127
    assert explain_failure(one, complaints.splitlines(), 127) == (
        "doas is not installed on this host",
        "connect as root (-u root), or choose --become-method",
    )


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        ("sudo: a password is required", "sudo asks the login user for a password"),
        ("alice is not in the sudoers file.", "the login user is not allowed to use sudo on this host"),
        ("Sorry, try again.", "sudo refused the password of the login user"),
        ("bash: warning: setlocale", None),
    ],
)
def test_what_sudo_says_becomes_a_sentence(stderr: str, expected: str | None) -> None:
    found = explain_failure(target("sudo"), [stderr], 1)
    assert expected == (found[0] if found else None)


def test_without_the_last_line_there_is_no_exit_code() -> None:
    assert None is exit_code([])
    assert None is exit_code(["hello", "@@podstead end 0123"])


def test_a_wrong_password_is_tried_once(tools: Path, tmp_path: Path) -> None:
    attempts = tmp_path / "attempts"
    # as the real one: three tries, each a line of standard input
    loop = f"""n=0
    while IFS= read -r password; do
        echo try >>{attempts}
        [ "$password" = "$EXPECTED" ] && break
        n=$((n + 1)); [ $n -lt 3 ] || break
    done
"""
    (tools / "sudo").write_text(SUDO.replace("    IFS= read -r password\n", loop))
    lines, complaints = run(target("sudo", password="wrong"), "echo never\n", tools=tools, expected="right")
    assert (exit_code(lines), "never" in lines, attempts.read_text()) == (1, False, "try\n")
    assert explain_failure(target("sudo", password="wrong"), complaints.splitlines(), 1) == (
        "sudo refused the password of the login user",
        "check the become password (-K, ansible_become_password)",
    )


def test_a_refused_password_is_not_taken_for_a_missing_one() -> None:
    said = ["sudo: no password was provided", "sudo: 1 incorrect password attempt"]
    assert (explain_failure(target("sudo", password="x"), said, 1) or ("",))[
        0
    ] == "sudo refused the password of the login user"
