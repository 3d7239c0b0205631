"""What is wrong with text that is not YAML, in podstead's own words.

libyaml and PyYAML word their errors differently from release to release, so none of their text reaches a message: the table
below turns what is known of it into words of podstead's own, and what is not known gets a general message with the line.
"""

from __future__ import annotations

import re
from typing import Final

import yaml

from podstead.document.values import Origin
from podstead.errors import Problem

MAX_DEPTH: Final = 64
"""Levels of nesting that a document may have."""
TOO_DEEP: Final = f"is nested deeper than {MAX_DEPTH} levels"

_CHARACTER = "contains a character that does not belong in a text file"
#: Pattern of what the parser says (its context, a blank, the problem) -> what podstead says. The first match counts.
_WORDS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        ("while scanning a quoted scalar", "a quotation mark is not closed"),
        ("escape", "a backslash inside double quotes must be doubled; or use single quotes"),
        ("while parsing a flow", "a bracket is not closed, or a comma is missing"),
        ("expected key", "wrong indentation, or a ':' is missing"),
        (
            "mapping values are not allowed",
            "a second ': ' in one line, or wrong indentation; quote a string that contains ': '",
        ),
        ("could not find expected ':'", "a ':' is missing, or a line of text is not indented"),
        ("tab character|'\\\\t'", "a tab is used for indentation; YAML allows only spaces"),
        ("cannot start any token", "a value starts with a character that needs quotes around the value"),
        ("not allowed (in this context|here)", "wrong indentation, or '-' or '?' inside a line"),
        ("'-' indicator|block collection", "wrong indentation, or a '-' is missing"),
        ("(anchor|alias)", "a name after & or * may contain only letters, digits, '-' and '_'"),
        ("tag", "a tag (!name) is malformed; quote a string that starts with '!'"),
        ("directive", "a line that starts with '%' is malformed; quote a string that starts with '%'"),
        ("block scalar", "the line with | or > is malformed: only a comment may follow"),
        ("expected node content", "a bracket or comma is where a value should be; quote the value"),
        ("document start|<document start>", "text follows the end of the document"),
        ("UTF-8|Unicode|control characters|special characters|unacceptable character", _CHARACTER),
    )
)
_UNKNOWN: Final = "the text cannot be parsed from this point; check quotes, brackets and indentation"


def fault(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Say what the parser could not read, without repeating text of the file: it may hold a password.

    ``error`` is what PyYAML raised for ``text``, ``file`` the name to report. The result names the line.
    """
    context, problem = (str(getattr(error, name, None) or "") for name in ("context", "problem"))
    if "nesting depth" in problem:  # libyaml has a limit of its own, and looks ahead
        return Problem(where=Origin(file, 1).where, message=TOO_DEEP)
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Problem(where=file, message=f"is not YAML: {_CHARACTER}")
    # libyaml counts past the end when a file ends early
    lines = text.splitlines() or [""]
    if context == "while scanning a quoted scalar":
        mark = getattr(error, "context_mark", None) or mark
    number = min(mark.line, len(lines) - 1)
    if "\t" in lines[number][: max(mark.column, 0) + 1]:
        reason = "a tab is used for indentation; YAML allows only spaces"
    else:
        known = f"{context} {problem}"
        reason = next((words for pattern, words in _WORDS if pattern.search(known)), _UNKNOWN)
    return Problem(where=Origin(file, number + 1).where, message=f"is not YAML: {reason}")
