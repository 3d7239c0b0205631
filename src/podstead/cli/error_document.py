"""What is wrong with the input as a JSON document, where a program reads standard output."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from podstead.control.setting_table import SETTINGS
from podstead.control.settings import load
from podstead.errors import InputError, Problem

_OPTION: Final = re.compile(r"--output(?:=(?P<long>.*))?|-[bCDJkKvy]*o(?P<short>.*)", re.DOTALL)
"""The option as click takes it: the value in the same word or in the next, and flags before the letter."""
_REPORTING: Final = ("apply", "check", "verify", "judge")
"""The verbs whose output is a setting."""


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether standard output is for a program. The options may be what is wrong, so click cannot be asked."""
    return (_option(arguments) or _setting(arguments)) == "json"


def _option(arguments: Sequence[str]) -> str:
    """The value of the last output option, or nothing."""
    found = ""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == "--":
            break
        match = _OPTION.fullmatch(word)
        if match:
            found = match["long"] or match["short"] or following
    return found


def _setting(arguments: Sequence[str]) -> str:
    """The output that a variable or a file asks for."""
    if not arguments or arguments[0] not in _REPORTING:
        return ""
    try:
        values = load(Path(), os.environ).values
    except InputError:  # the settings may be what is wrong
        return os.environ.get(SETTINGS["output"].variable, "")
    return next(str(value.value) for value in values if value.setting.name == "output")


def of(error: InputError | click.ClickException) -> str:
    """Return the document; for an option that click does not take with the help that lists what it takes."""
    if isinstance(error, InputError):
        return _document(error.problems, error.hint)
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"{ctx.command_path} --help" if ctx else "podstead --help"
    return _document([Problem(where="", message=error.format_message())], hint)


def _document(problems: Sequence[Problem], hint: str) -> str:
    rows = [{"where": problem.where, "key": problem.key, "message": problem.message} for problem in problems]
    return json.dumps({"schema": "podstead.error/1", "problems": rows, "hint": hint}, indent=2)
