"""The two ways in which the probe opens sockets: both run, and say the same."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from podstead.visit import script

PORTS = "65535 1"


def rows(program: str, text: str) -> list[list[str]]:
    flag = "-e" if program == "perl" else "-c"
    argv = [program, flag, text, PORTS]
    said = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20)
    return [line.split() for line in said.stdout.splitlines()]


@pytest.mark.parametrize(("program", "name"), [("perl", "inner/sockets.pl"), ("python3", "inner/sockets.py")])
def test_each_program_tries_both_families_and_icmp(program: str, name: str) -> None:
    assert shutil.which(program), f"{program} belongs to the machine that runs the tests"
    found = rows(program, script.own(name))
    assert [row[:3] for row in found] == [
        ["bind", "4", "65535"],
        ["bind", "6", "65535"],
        ["bind", "4", "1"],
        ["bind", "6", "1"],
        ["icmp", "4", "0"],
        ["icmp", "6", "0"],
    ]
    assert [row for row in found if not re.fullmatch(r"ok|\d+", row[3])] == []


def test_both_programs_find_the_same() -> None:
    assert rows("perl", script.own("inner/sockets.pl")) == rows("python3", script.own("inner/sockets.py"))
