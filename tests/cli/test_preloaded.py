"""What the tests start from a process that is loaded already does what ``python -m podstead`` does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from podstead.cli.main import VERBS
from tests.support import preloaded

HOSTS = "web1 ansible_host=127.0.0.1 ansible_port=1\nweb2 ansible_host=${nothing\n"


@pytest.mark.parametrize(
    "words",
    [
        *((verb, "--help") for verb in VERBS),
        ("explain", "V10"),
        ("schema",),
        ("inventory", "-i", "hosts", "--list"),
        ("check", "-i", "hosts", "--syntax-check"),
        ("check", "-i", "hosts", "web1", "-T", "1"),
        ("judge", "-"),
        ("nothing",),
    ],
    ids=" ".join,
)
def test_a_run_ends_and_says_the_same_as_one_that_python_starts(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "hosts").write_text(HOSTS, encoding="utf-8")
    ours = preloaded.run(words, cwd=tmp_path, input="größe")
    theirs = subprocess.run(
        [sys.executable, "-m", "podstead", *words],
        cwd=tmp_path,
        input="größe",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)


def test_each_run_has_an_environment_of_its_own(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "PODSTEAD_FORKS": "many"}
    assert preloaded.run(["check", "-i", "web1,"], cwd=tmp_path, env=env).returncode == 2
    assert preloaded.run(["inventory", "-i", "web1,", "--list-hosts"], cwd=tmp_path).stdout.split() == [
        "web1"
    ]


def test_what_lasts_too_long_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        preloaded.run(["check", "-i", "198.18.255.254,", "-T", "60"], timeout=1)
    assert time.monotonic() - began < 20
