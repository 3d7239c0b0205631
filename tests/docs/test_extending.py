"""``docs/extending.md`` is done to copies of the tree: each example passes, and a test names what was not registered."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
NEEDED = ("src", "tests", "docs", "roles", "pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")
"""What of the tree the commands read."""
_FENCE = re.compile(r"^```(\w*)(.*)\n(?s:(.*?))^```$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A new file, a change of one, or (without a path) the command of a section."""

    kind: str
    path: str
    registers: str
    """What is forgotten without it: a module, or a failure mode."""
    text: str

    def apply(self, tree: Path) -> None:
        """Do it to a tree. Raises AssertionError where the lines that a change is about are not there once."""
        file = tree / self.path
        if self.kind != "diff":
            assert not file.exists(), f"{self.path} is there already"
            file.write_text(self.text, encoding="utf-8")
            return
        before, after = self._side("-"), self._side("+")
        text = file.read_text(encoding="utf-8")
        if before:
            assert text.count(before) == 1, f"{text.count(before)} times in {self.path}:\n{before}"
        file.write_text(text.replace(before, after) if before else text + after, encoding="utf-8")

    def _side(self, sign: str) -> str:
        lines = self.text.splitlines(keepends=True)
        assert [line for line in lines if line[0] not in " +-"] == []
        return "".join(line[1:] for line in lines if line[0] in (" ", sign))


def blocks(text: str) -> list[Block]:
    found = []
    for kind, attributes, body in _FENCE.findall(text):
        said = dict(re.findall(r' (\w+)="([^"]+)"', attributes))
        assert said.keys() <= {"title", "register"}
        assert "".join(f' {name}="{value}"' for name, value in said.items()) == attributes
        path, registers = said.get("title", ""), said.get("register", "")
        found.append(Block(kind=kind, path=path, registers=registers, text=body))
    return found


SECTIONS: Mapping[str, list[Block]] = {
    title: found
    for title, text in re.findall(r"^## (.+)\n(?s:(.*?))(?=^## |\Z)", PAGE, re.MULTILINE)
    if (found := blocks(text))
}
each_section = pytest.mark.parametrize("title", SECTIONS)


def copied(folder: Path) -> Path:
    """The tree, with what Python has compiled of it: a changed file has a newer date."""
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".*"))
        else:
            shutil.copy2(ROOT / name, folder)
    return folder


def changed(folder: Path, of: Iterable[Block]) -> Path:
    tree = copied(folder)
    for block in of:
        if block.path:
            block.apply(tree)
    return tree


def run(tree: Path, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def command(title: str) -> list[str]:
    """What the section says is to be run, without ``python -m``."""
    (block,) = (one for one in SECTIONS[title] if not one.path)
    python, module, *words = shlex.split(block.text)
    assert (python, module, words[0]) == ("python", "-m", "pytest")
    return words


def test_the_page_has_the_six_examples_and_every_block_belongs_to_one() -> None:
    assert list(SECTIONS) == [
        "A format of reports",
        "A verb",
        "A check",
        "A failure mode",
        "A part",
        "A distribution family",
    ]
    assert sum(map(len, SECTIONS.values())) == PAGE.count("\n```") / 2
    for found in SECTIONS.values():
        assert [one.kind for one in found if not one.path] == ["sh"]
        assert len([one for one in found if one.registers]) == 1


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (" b\n+new\n", "a\nb\nnew\nc\nc\n"),
        ("-a\n-b\n+new\n c\n", "new\nc\nc\n"),
        ("+new\n", "a\nb\nc\nc\nnew\n"),
        (" c\n+new\n", None),
        (" a\n-c\n", None),
        ("@@ -1 +1 @@\n", None),
    ],
)
def test_a_change_is_made_where_its_lines_are_there_once(
    lines: str, expected: str | None, tmp_path: Path
) -> None:
    (tmp_path / "x").write_text("a\nb\nc\nc\n")
    change = Block(kind="diff", path="x", registers="", text=lines)
    if expected is None:
        with pytest.raises(AssertionError):
            change.apply(tmp_path)
        return
    change.apply(tmp_path)
    assert (tmp_path / "x").read_text() == expected


@each_section
def test_an_example_does_what_its_tests_say(title: str, tmp_path: Path) -> None:
    done = run(changed(tmp_path, SECTIONS[title]), command(title))
    assert done.returncode == 0, done.stdout + done.stderr


@each_section
def test_a_test_that_is_there_already_names_what_was_not_registered(title: str, tmp_path: Path) -> None:
    (forgotten,) = (one for one in SECTIONS[title] if one.registers)
    tree = changed(tmp_path, (one for one in SECTIONS[title] if one is not forgotten))
    done = run(tree, [word for word in command(title) if "/" not in word or (ROOT / word).exists()])
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"^(?:E  |FAILED) .*\b{forgotten.registers}\b", done.stdout, re.MULTILINE), done.stdout


def test_all_examples_together_are_clean_code(tmp_path: Path) -> None:
    every = [block for found in SECTIONS.values() for block in found if block.path]
    tree = changed(tmp_path, every)
    python = sorted({block.path for block in every if block.path.endswith(".py")})
    shell = sorted(block.path for block in every if block.path.endswith(".sh"))
    for words in (["ruff", "check", "-q"], ["ruff", "format", "-q", "--check"], ["mypy"]):
        done = run(tree, [*words, *python])
        assert done.returncode == 0, done.stdout + done.stderr
    checked = [str(Path(sys.executable).parent / "shellcheck"), "-s", "sh", *shell]
    assert subprocess.run(checked, cwd=tree, check=False).returncode == 0
