"""Each claim of docs/compared.md is held by a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/compared.md").read_text(encoding="utf-8")
TESTS = re.findall(r"\*\((tests/\S+\.py)::(\w+)\)\*", PAGE)


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_the_test_of_a_claim_is_there(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_item_about_podstead_names_its_test() -> None:
    items = re.findall(r"^- (?:.|\n  )*", PAGE.partition("## What podstead does not do")[0], re.MULTILINE)
    assert len(items) > 10
    assert [item for item in items if not re.search(r"\*\(tests/", item)] == []
