"""The script that proves reads the files of ranges as podstead does, and tries maps that fit them."""

from __future__ import annotations

import os
import subprocess
from itertools import islice
from pathlib import Path

import pytest

from podstead.ids import subid_files
from podstead.visit import script
from tests.shells import SHELLS, needs, run
from tests.soak.damaged_files import texts

_ASKED = {"alice": "1001", "zed": "2001", "01abc": "3001"}


def functions() -> str:
    """ps_lines and ps_ranges by themselves."""
    text = script.source("probe_values.sh")
    return text[text.index("ps_lines()") : text.index("ps_map()")]


def asked(shell: str, files: list[Path]) -> list[str]:
    """What the script reads of each file, for each user."""
    commands = "".join(
        f"echo @{number}.{name}; ps_ranges '' '{file}' {name} {uid}\n"
        for number, file in enumerate(files)
        for name, uid in _ASKED.items()
    )
    done = run(shell, functions() + commands)
    assert (done.stderr, done.returncode) == (b"", 0)
    return done.stdout.decode().split("@")[1:]


def by_podstead(files: list[Path]) -> list[str]:
    told = []
    for number, file in enumerate(files):
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        read = subid_files.parse(str(file), text, exists=True)
        for name, uid in _ASKED.items():
            ranges = sorted((one.range.start, one.range.count) for one in read.of(frozenset({name, uid})))
            told.append(f"{number}.{name}\n" + "".join(f"{first} {count}\n" for first, count in ranges))
    return told


@pytest.mark.parametrize("shell", SHELLS)
def test_damaged_files_are_read_as_podstead_reads_them(shell: str, tmp_path: Path) -> None:
    own = [
        "1001:7:8\n",
        "1e3:5:6\n",
        "01001:5:6\n",
        "01abc:5:6\n",
        "alice:0:1\n",
        "alice:4294967295:1\nalice:4294967295:2\n",
        "alice:5:6",
    ]
    files = []
    for number, text in enumerate([*own, *islice(texts(20261128), 120)]):
        file = tmp_path / f"subid{number}"
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        files.append(file)
    assert asked(shell, files) == by_podstead(files)


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_no_file_grants_nothing_and_is_not_waited_for(shell: str, tmp_path: Path) -> None:
    real, link, pipe = (tmp_path / name for name in ("real", "link", "pipe"))
    real.write_text("alice:524288:65536\n")
    link.symlink_to(real)
    os.mkfifo(pipe)
    seen = asked(shell, [real, link, pipe, tmp_path / "absent"])
    assert [one for one in seen if len(one.splitlines()) > 1] == ["0.alice\n524288 65536\n"]


@pytest.mark.parametrize("first", [1, 11, 98, 99, 65536])
def test_a_first_range_of_few_ids_is_no_failure_of_the_nested_map(first: int) -> None:
    """In a real namespace of such ranges, as podman unshare makes it (V16)."""
    if needs(root=True):
        pytest.skip(f"needs {needs(root=True)}")
    text = script.own("inner/namespace.sh")
    inner = text[text.index("echo --extents") : text.index("echo --process")]
    child = subprocess.Popen(
        ["unshare", "-U", "sh", "-c", 'echo up; read -r go; exec sh -c "$1"', "sh", inner],  # root there only once mapped
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdin
    assert child.stdout
    assert child.stdout.readline() == "up\n"
    for file in ("uid_map", "gid_map"):
        ranges = f"0 0 1\n1 500000 {first}\n{first + 1} 700000 70000\n"
        Path(f"/proc/{child.pid}/{file}").write_text(ranges)
    out, _ = child.communicate("go\n", timeout=60)
    assert out == "--extents\nok\nrefused\n"
