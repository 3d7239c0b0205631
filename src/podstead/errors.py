"""Errors, sorted by who must act. Only the command line catches :class:`PodsteadError`; a bug keeps its traceback."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes of the command line; the meaning of 2, 4 and 130 is Ansible's and the shell's."""

    GOOD = 0
    FAILED = 1
    USAGE = 2
    PENDING = 3
    UNREACHABLE = 4
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One mistake in the input: where it is, which key, what is wrong."""

    where: str
    key: str = ""
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)


class PodsteadError(Exception):
    """Base of every error that a person can cause and correct."""

    exit_code: ClassVar[Exit] = Exit.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(PodsteadError):
    """The user's files or options are wrong. Carries all problems that were found, sorted."""

    exit_code = Exit.USAGE

    def __init__(self, problems: Iterable[Problem], *, hint: str = "") -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems), hint=hint)

    @classmethod
    def single(cls, message: str, *, where: str = "", key: str = "", hint: str = "") -> InputError:
        return cls([Problem(where=where, key=key, message=message)], hint=hint)


class InputWarning(UserWarning):
    """Something in the user's files that is no mistake and probably not what was meant."""


class RunError(PodsteadError):
    """The run as a whole could not be carried out (for example the worker process died)."""


class LookError(PodsteadError):
    """A host's answer could not be read: truncated, garbled, or not from our script. Never an empty host."""


class NoAnswerError(LookError):
    """What was to be an answer of the script is something else; the message repeats how it begins."""
