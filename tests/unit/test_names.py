"""Identifiers are nouns and plain English: a short list of names that are not, and what to write for each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/podstead"

#: A name that a reader must decode, without leading underscores -> what to write.
RULES: Final[dict[str, str]] = {
    "one": "the noun of what it is: change, user, line, finding, range_",
    "ones": "the noun of what they are",
    "said": "output, message or stderr",
    "says": "message or explanation",
    "told": "output, finding or report",
    "blind": "could_not_look, or unreadable",
    "absent": "not_applicable, or missing",
    "gone": "missing or removed",
    "kept": "what it is: lines, owner, driver",
    "held": "what it is: maps, ranges",
    "holdings": "ranges",
    "twin": "other_side",
    "shelf": "role_library",
    "link": "connection_options, or connection",
    "links": "connections",
    "noise": "stderr",
    "complaint": "problem or error",
    "complaints": "stderr",
    "begun": "started, or incomplete for a word",
    "given": "what it is: options, values, ranges",
    "asked": "requested, or what it is",
    "spoken": "what it is: version, results",
    "unheard": "unanswered",
    "unseen": "uninspected",
    "unsettled": "unreadable",
    "settled": "readable, or converged",
    "surprise": "ambiguous scalar",
    "surprises": "ambiguities",
    "sealed": "encrypted, or ciphertext",
    "opened": "plaintext, or a verb such as reveal",
    "shown": "what it is, or a verb such as describe",
    "mine": "what it is: grants, findings",
    "ours": "is_ours, or what it is",
    "theirs": "what it is",
    "odd": "irregular, or what is odd about it",
    "meant": "intended, or suggestion",
    "lacking": "missing",
    "alike": "what is grouped by what",
    "whose": "what is grouped by what",
    "whole": "complete",
    "standing": "remaining",
    "foreign": "unmanaged, or of another user",
    "everybodys": "all_grants",
    "nobody": "what it does or is",
    "honest": "what it does",
    "judged": "what it returns",
    "mend": "repair",
    "mended": "repaired",
    "mendable": "repairable",
    "anew": "again",
    "serve": "grant_for",
    "compared": "a verb and what it adds",
}


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that a module gives to something of its own, with its line."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.arg(arg=name, lineno=line)
                | ast.Name(id=name, ctx=ast.Store(), lineno=line)
                | ast.Attribute(attr=name, ctx=ast.Store(), lineno=line)
                | ast.FunctionDef(name=name, lineno=line)
                | ast.AsyncFunctionDef(name=name, lineno=line)
                | ast.ClassDef(name=name, lineno=line)
                | ast.alias(asname=str(name), lineno=line)
                | ast.ExceptHandler(name=str(name), lineno=line)
                | ast.MatchAs(name=str(name), lineno=line)
                | ast.MatchStar(name=str(name), lineno=line)
                | ast.MatchMapping(rest=str(name), lineno=line)
            ):
                yield line, name


def faults(path: Path) -> Iterator[str]:
    """The banned names of a module, each with its line and what to write."""
    for line, name in identifiers(ast.parse(path.read_text(encoding="utf-8"))):
        better = RULES.get(name.strip("_").lower())
        if better:
            yield f"{path}:{line}: {name}: write {better}".removeprefix(f"{ROOT}/")


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in SOURCE.rglob("*.py")}), ids=lambda path: path.name
)
def test_names_are_plain_english(folder: Path) -> None:
    assert [fault for path in sorted(folder.glob("*.py")) for fault in faults(path)] == []


@pytest.mark.parametrize(
    "text",
    [
        "one = 1",
        "for one in (): pass",
        "[one for one in ()]",
        "f = lambda one: 0",
        "def f(one): pass",
        "def f(*one): pass",
        "def f(*, one: int = 1): pass",
        "def _one(): pass",
        "async def one(): pass",
        "class One: pass",
        "class A:\n    one: int",
        "self.one = 1",
        "import os as one",
        "with f() as one: pass",
        "if (one := 1): pass",
        "try: pass\nexcept OSError as one: pass",
        "match f():\n    case [*one]: pass",
        "match f():\n    case {**one}: pass",
        "match f():\n    case int() as one: pass",
        "_ONE = 1",
    ],
)
def test_a_banned_name_is_found_wherever_it_is_given(tmp_path: Path, text: str) -> None:
    path = tmp_path / "planted.py"
    path.write_text(f"{text}\n", encoding="utf-8")
    assert [fault.partition(": write ")[2] for fault in faults(path)] == [RULES["one"]]


@pytest.mark.parametrize("name", RULES)
def test_every_banned_name_is_found(tmp_path: Path, name: str) -> None:
    path = tmp_path / "planted.py"
    path.write_text(f"\n{name} = 1\n", encoding="utf-8")
    assert list(faults(path)) == [f"{path}:2: {name}: write {RULES[name]}"]


def test_names_of_others_are_let_be(tmp_path: Path) -> None:
    path = tmp_path / "planted.py"
    path.write_text("one_line = record.one(one=other.one, text='one')\n", encoding="utf-8")
    assert list(faults(path)) == []
