"""What is wrong with text that is not YAML, in words."""

from __future__ import annotations

import re

import yaml

from podstead.errors import Problem
from podstead.nodes import Origin

_QUOTED_TEXT = re.compile(r"'[^']{2,}'|\"[^\"]{2,}\"")


def fault(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Say what the parser could not read, without repeating text of the file: it may hold a password."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Problem(where=file, message="is not YAML: holds a character that no text file should")
    # libyaml counts past the end when a file ends early
    lines = text.splitlines() or [""]
    context = str(getattr(error, "context", ""))
    if context == "while scanning a quoted scalar":
        mark = getattr(error, "context_mark", None) or mark
    number = min(mark.line, len(lines) - 1)
    said = _QUOTED_TEXT.sub("...", str(getattr(error, "problem", None) or "syntax error"))
    if "\t" in lines[number][: max(mark.column, 0) + 1]:
        said = "a tab is used for indentation; YAML takes spaces only"
    elif context == "while scanning a quoted scalar":
        said = "a quotation mark is not closed"
    elif context.startswith("while parsing a flow"):
        said = "a bracket is not closed, or a comma is missing"
    elif "did not find expected key" in said:
        said = "wrong indentation, or a ':' is missing"
    elif "mapping values are not allowed" in said:
        said = "a second ': ' in one line, or wrong indentation; quote text that holds ': '"
    return Problem(where=Origin(file, number + 1).where, message=f"is not YAML: {said}")
