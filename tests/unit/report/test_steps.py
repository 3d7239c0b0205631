"""A remedy is shown as prose that is wrapped and commands that can be pasted as they are."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podstead.proof import catalogue
from podstead.report.steps import Step, lines, steps

REMEDIES = sorted({text for mode in catalogue.load().values() for text in mode.remedy.values()})
COMMANDS = sorted({step.text for text in REMEDIES for step in steps(text) if step.command})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("podstead apply", [("podstead apply", True)]),
        ("Reboot the host", [("Reboot the host", False)]),
        (
            "podstead apply (it computes a range); by hand: usermod -v 1-2 bob; then, as bob: podman system migrate",
            [
                ("podstead apply", True),
                ("(it computes a range)", False),
                ("by hand:", False),
                ("usermod -v 1-2 bob", True),
                ("then, as bob:", False),
                ("podman system migrate", True),
            ],
        ),
        ("printf 'a; b' > f; reboot", [("printf 'a; b' > f", True), ("reboot", True)]),
        (
            "correct it; then run podstead apply",
            [("correct it", False), ("then:", False), ("podstead apply", True)],
        ),
        ("the user's file; then bob's: rm f", [("the user's file", False), ("then bob's:", False), ("rm f", True)]),
        ("install the package passt", [("install the package passt", False)]),
        ("install -d f", [("install -d f", True)]),
        ("echo $(id -u) (as bob)", [("echo $(id -u)", True), ("(as bob)", False)]),
        ("ls f shows it, and rm f removes it", [("ls f shows it, and rm f removes it", False)]),
        ("", [("", False)]),
    ],
)  # fmt: skip
def test_a_remedy_is_taken_apart(text: str, expected: list[tuple[str, bool]]) -> None:
    assert [(step.text, step.command) for step in steps(text)] == expected


@given(st.text("ab '\";/\\$") | st.just("x'; rm -rf /; '"))
def test_what_a_host_has_named_never_becomes_a_command_of_its_own(name: str) -> None:
    text = f"stop the users' containers; rm -- {shlex.quote(name)}; reboot"
    assert [step.text for step in steps(text)] == [
        "stop the users' containers",
        f"rm -- {shlex.quote(name)}",
        "reboot",
    ]


def test_each_command_stands_alone_below_who_runs_it() -> None:
    text = "Free the range: as bob: podman stop --all; loginctl kill bob; usermod -v 1-2 bob (or -w); then, as bob: podman ps; reboot"
    assert [line.text for line in lines("do", text)] == [
        "do: Free the range: as bob:",
        "  podman stop --all",
        "as root:",
        "  loginctl kill bob",
        "  usermod -v 1-2 bob",
        "(or -w)",
        "then, as bob:",
        "  podman ps",
        "as root:",
        "  reboot",
    ]
    assert [line.text for line in lines("do", "podstead apply")] == ["do:", "  podstead apply"]
    assert [line.text for line in lines("do", "Log in again")] == ["do: Log in again"]
    assert list(lines("do", "")) == []


@given(
    st.text("ab:;()'\" ") | st.lists(st.sampled_from([*REMEDIES, "rm", ": ", "; ", "'", "("])).map("".join)
)
def test_nothing_of_a_remedy_is_lost(text: str) -> None:
    assert re.sub(r"[; ]", "", "".join(step.text for step in steps(text))) == re.sub(r"[; ]", "", text)
    assert all(isinstance(step, Step) for step in steps(text))


@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_sentence_of_the_catalogue_that_begins_with_a_program_is_a_command(remedy: str) -> None:
    programs = "apt-get|chmod|chown|dnf|getent|grep|loginctl|modprobe|mount|podman|podstead|systemctl|usermod"
    for step in steps(remedy):
        if not step.command:
            assert not re.match(rf"({programs})\b|.*: ({programs})\b", step.text), step.text
        else:
            assert not step.text.endswith((",", ";", ":", "."))


@pytest.mark.process
def test_every_command_of_the_catalogue_is_one() -> None:
    assert len(COMMANDS) > 100
    for command in COMMANDS:
        done = subprocess.run(["sh", "-n"], input=command, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), command
