"""Every command line of podstead's own that a message, a remedy or a page shows is one that podstead takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import click
import pytest

from podstead.cli.main import VERBS

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src/podstead"
_COMMAND = re.compile(r"\bpodstead ([a-z]+)\b((?: +(?!and\b|or\b|then\b)[^\s`;|&()]+)*)")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[A-Za-z])(?![\w])")
_END = re.compile(r"[.:] |\b(?:systemctl|systemd-run) ")
"""Where a command line has ended and a sentence goes on."""
#: What is said of an earlier podstead, or that there is no such thing.
HISTORY = ("CHANGELOG.md", "docs/decisions/0008-for-chooses-whom.md")


@cache
def options(verb: str) -> frozenset[str]:
    command: click.Command = import_module(f"podstead.cli.verbs.{verb}").command
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    return frozenset(("--help", "-h", *(name for one in shown for name in (*one.opts, *one.secondary_opts))))


def texts() -> Iterator[tuple[str, str]]:
    """Every string of the source, and every line of scripts, data and pages."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value
    pages = [*SOURCES.rglob("*.toml"), *SOURCES.rglob("*.sh"), *SOURCES.rglob("starter_files/*"), *ROOT.glob("*.md"),
             *ROOT.glob("docs/**/*.md"), *ROOT.glob("roles/*/README.md"), *ROOT.glob("inventories/*/README.md"), ROOT / "Makefile"]  # fmt: skip
    for path in sorted(pages):
        name = str(path.relative_to(ROOT))
        if name not in HISTORY:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                yield f"{name}:{number}", line


def wrong(text: str) -> list[str]:
    """Options in the command lines of a text that their verbs do not have."""
    return [
        f"podstead {verb} {option}"
        for verb, rest in _COMMAND.findall(text)
        if verb in VERBS
        for option in _OPTION.findall(_END.split(rest)[0])
        if option not in options(verb)
    ]


def test_every_option_that_is_shown_exists() -> None:
    everything = list(texts())
    assert (
        sum(bool(_OPTION.search(rest)) for _, text in everything for _, rest in _COMMAND.findall(text)) > 40
    )
    assert [(place, found) for place, text in everything if (found := wrong(text))] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("podstead verify --user alice prints each step", ["podstead verify --user"]),
        ("run podstead check --diff; then systemctl --user start x", []),
        ("podstead apply -i hosts.yml web --allow session:alice:migrate", []),
        ("podstead verify -X", ["podstead verify -X"]),
        ("podstead init --user runner", ["podstead init --user"]),
    ],
)
def test_what_does_not_exist_is_found(text: str, found: list[str]) -> None:
    assert wrong(text) == found
