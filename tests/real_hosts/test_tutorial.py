"""The tutorial, run command by command on a fresh machine: what it shows is what a newcomer sees."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from tests.lab import Host
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import PROJECT
from tests.real_hosts.test_local_inside import PYTHON, WHERE, site_packages

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(60)]

PAGE = (PROJECT / "docs/tutorial.md").read_text(encoding="utf-8")
SECONDS = 180
"""From the first command to the proved user, without the download of packages: the promise of the page."""
_LIMITS = " -e 'podstead={engine: {containers: {pids_limit: 0}}}'"
"""The hosts of the lab have no pids controller to lend (tests/lab/README.md): containers get no limit here."""
_WRAPPER = f"""\
#!/bin/sh
case $1 in check | apply | verify | up) set -- "$@"{_LIMITS} ;; esac
PYTHONPATH={WHERE} exec python{PYTHON["debian-13"]} -m podstead "$@"
"""


@dataclass(frozen=True)
class Step:
    """A command, as whom it is run, and the lines that the page shows of its output."""

    user: str
    command: str
    shown: tuple[str, ...]


def steps(page: str) -> list[Step]:
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        lines = block.splitlines()
        starts = [number for number, line in enumerate(lines) if re.match(r"(alice)?\$ ", line)]
        for start, end in pairwise([*starts, len(lines)]):
            prompt, _, command = lines[start].partition("$ ")
            found.append(Step(prompt or "admin", command, tuple(lines[start + 1 : end])))
    return found


def unlike(shown: tuple[str, ...], output: str) -> str | None:
    """The first line that the page shows and the output does not have there; ``...`` stands for lines, or a part of one."""
    rows = [row.rstrip() for row in output.splitlines()]
    place, may_skip = 0, False
    for line in shown:
        if line.strip() == "...":
            may_skip = True
            continue
        pattern = re.compile(".*".join(map(re.escape, line.rstrip().split("..."))))
        candidates = range(place, len(rows)) if may_skip else range(place, min(place + 1, len(rows)))
        match = next((number for number in candidates if pattern.fullmatch(rows[number])), None)
        if match is None:
            return line
        place, may_skip = match + 1, False
    return None


@pytest.fixture(scope="module")
def machine(booting: Booting, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    python = PYTHON["debian-13"]
    target = site_packages(tmp_path_factory.mktemp("wheel"), python)
    with booting("debian-13") as host:
        shutil.copytree(target, host.path(WHERE))
        host.sh(f"apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -qy install python{python}")
        host.path("/usr/local/bin/podstead").write_text(_WRAPPER)
        host.sh("chmod 755 /usr/local/bin/podstead")
        yield host


def test_every_command_of_the_tutorial_does_what_the_page_shows(machine: Host) -> None:
    commands = steps(PAGE)
    assert len(commands) >= 8
    began, proved = time.monotonic(), 0.0
    for step in commands:
        output = machine.ssh(step.user, f"{step.command} 2>&1", check=False).stdout.replace(_LIMITS, "")
        assert "Traceback" not in output
        line = unlike(step.shown, output)
        assert line is None, f"{step.command}\n{line}\n---\n{output}"
        if not proved and "alice ready" in output:
            proved = time.monotonic() - began
    assert 0 < proved < SECONDS


def test_a_page_that_shows_something_else_is_noticed() -> None:
    assert unlike(("a", "...", "c d... f"), "a\nb\nc d e f\n") is None
    assert unlike(("a", "c"), "a\nb\nc\n") == "c"
    assert unlike(("...", "x"), "a\nb\n") == "x"
    assert unlike(("b", "...", "a"), "b\n") == "a"
    assert [step.user for step in steps("```console\n$ x\nout\nalice$ y\n```\n")] == ["admin", "alice"]
