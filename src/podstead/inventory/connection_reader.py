"""Typed values read out of merged connection variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

from podstead.document.values import (
    AmbiguousScalar,
    Node,
    Scalar,
    VaultCiphertext,
    describe,
    is_hidden,
    reveal,
)
from podstead.errors import Problem
from podstead.suggest import did_you_mean

_BOOLS: Final = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class Reader:
    """Reads typed values out of merged connection variables; what is wrong goes to ``problems``."""

    def __init__(self, variables: Mapping[str, Node], problems: list[Problem]) -> None:
        self.variables = variables
        self.problems = problems

    def report_problem(self, name: str, message: str) -> None:
        self.problems.append(Problem(where=self.variables[name].origin.where, key=name, message=message))

    def where(self, name: str) -> str:
        """The place that says a value, or nothing."""
        return self.variables[name].origin.where if name in self.variables else ""

    def value(self, name: str) -> Scalar:
        node = self.variables.get(name)
        if node is None or node.value is None:
            return None
        if isinstance(node.value, tuple | Mapping):
            self.report_problem(name, f"expected one value, found {describe(node)}")
            return None
        if isinstance(node.value, AmbiguousScalar):
            self.report_problem(name, node.value.explanation)
            return None
        return None if isinstance(node.value, VaultCiphertext) else reveal(node.value)

    def describe(self, name: str) -> str:
        """What a message may say of a value: nothing of one that was encrypted."""
        return describe(self.variables[name])

    def hidden(self, name: str) -> bool:
        return is_hidden(self.variables[name].value)

    def text(self, name: str, pattern: re.Pattern[str] | None = None) -> str | None:
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            self.report_problem(name, f"expected a string, found {self.describe(name)}: quote it")
            return None
        if not value.isprintable() or (pattern and not pattern.fullmatch(value)):
            why = ": it has a blank or a character that a shell obeys, or begins with '-'" if pattern else ""
            self.report_problem(name, f"{self.describe(name)} cannot be used here{why}")
            return None
        return value

    def secret(self, name: str) -> SecretStr | None:
        value = self.value(name)
        if isinstance(value, bool):
            self.report_problem(name, "expected a string: quote it")
            return None
        # a template may make a number of a password; it is text all the same
        return None if value is None else SecretStr(str(value))

    def flag(self, name: str) -> bool | None:
        value = self.value(name)
        found = _BOOLS.get(str(value).lower())
        if value is not None and found is None:
            self.report_problem(name, f"expected true or false, found {self.describe(name)}")
        return found

    def port(self, name: str) -> int | None:
        value = self.value(name)
        if value is None:
            return None
        text = str(value)
        if isinstance(value, str | int) and text.isascii() and text.isdecimal() and 0 < int(text[:9]) < 65536:
            return int(text)
        self.report_problem(name, f"expected a port number from 1 to 65535, found {self.describe(name)}")
        return None

    def choice(self, name: str, choices: Mapping[str, str], otherwise: str) -> str:
        value = self.text(name)
        if value is None:
            return otherwise
        if value not in choices:
            words = ", ".join(dict.fromkeys(choices.values()))
            hint = "" if self.hidden(name) else did_you_mean(value, choices)
            self.report_problem(name, f"expected one of {words}; found {self.describe(name)}{hint}")
        return choices.get(value, otherwise)
