"""A check: what must be proved and why, who judges it, and what must have been looked at first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from podstead.proof.finding import Severity, Verdict
from podstead.proof.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a judge says about one subject. The cause of a failure is for the diagnosis to find."""

    verdict: Verdict
    expected: str = ""
    found: str = ""
    cause: str = ""
    """Why something could not be checked, or does not apply."""


def passed(found: str = "", expected: str = "") -> Judgement:
    """It was looked at, and is as it should be."""
    return Judgement(verdict=Verdict.PASS, found=found, expected=expected)


def failed(*, expected: str, found: str) -> Judgement:
    """It was looked at, and is not as it should be."""
    return Judgement(verdict=Verdict.FAIL, expected=expected, found=found)


def could_not_look(why: str) -> Judgement:
    """It could not be checked."""
    return Judgement(verdict=Verdict.COULD_NOT_LOOK, cause=why)


def not_applicable(why: str) -> Judgement:
    """It does not apply to this user or host."""
    return Judgement(verdict=Verdict.NOT_APPLICABLE, cause=why)


Reason = Callable[[Subject], str]
"""Why not; empty where there is no reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must be proved, with a stable id (``V10``) and the sources of the facts behind it.

    ``applies`` is asked first, then each of ``needs``, then ``judge``, which relies on what they say
    (:func:`podstead.proof.verdict.finding_of_check`).
    """

    id: str
    title: str
    """What is true where it passes."""
    fails: str
    """What is true where it does not: the headline of a failure whose cause is not known."""
    severity: Severity
    why: str
    remedy: str
    sources: tuple[str, ...]
    judge: Callable[[Subject], Judgement] | None = None
    """None for a check that is judged for the host and for none of its users."""
    needs: tuple[Reason, ...] = ()
    """Why it could not be checked: the first reason is reported."""
    applies: Reason | None = None
    """Why it does not apply."""
    undone_by_reboot: bool = False
    """What it proves can be lost with a reboot: maps, live kernel settings, the session, storage."""

    @property
    def of_host(self) -> bool:
        return self.judge is None
