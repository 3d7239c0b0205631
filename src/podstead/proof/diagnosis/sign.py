"""What evidence says about one failure mode, and the register of those who look for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from podstead.proof.finding import Verdict
from podstead.proof.subject import Subject

# Which checks fail together when something below them fails.
CONTAINERS = ("V17", "V18", "V19", "V20", "V23", "V24", "V25")
PODMAN = ("V10", "V12", "V13", "V14", "V15", "V16", "V27", *CONTAINERS)
HELPERS = ("V05", "V06", "V07", "V08", "V09", "V28", *PODMAN)
NAMESPACES = ("V04", *HELPERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A failure mode that is there. ``proved`` is False where it can only not be ruled out."""

    found: str
    expected: str = ""
    cause: str = ""
    """More exact than the catalogue's, where something is known about this host."""
    remedy: str = ""
    """Another text than the catalogue's. It is filled in as that is."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What :data:`podstead.proof.remedy.KINDS` stand for here, beyond the user's own; an empty one is not known."""
    proved: bool = True
    verdict: Verdict | None = None
    """Another verdict than the diagnosis gives, where nothing fails visibly."""


Look = Callable[[Subject], Sign | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Who looks for a failure mode, and which checks fail because of it.

    ``alone`` is the verdict of its first check when nothing fails visibly: security and drift have no symptom.
    """

    ref: str
    explains: tuple[str, ...]
    look: Look
    alone: Verdict | None = None


class Register:
    """The diagnoses of one field, the most specific first."""

    def __init__(self) -> None:
        self.entries: list[Diagnosis] = []

    def __call__(self, ref: str, *explains: str, alone: Verdict | None = None) -> Callable[[Look], Look]:
        def add(look: Look) -> Look:
            self.entries.append(Diagnosis(ref=ref, explains=explains, look=look, alone=alone))
            return look

        return add


def failure_line(subject: Subject, pattern: str) -> Sign | None:
    """A sign in the words of a program that failed."""
    return line_of(subject.failure_output, pattern)


def line_of(text: str, pattern: str) -> Sign | None:
    """The line in which a pattern is found. A host may say anything: no pattern may begin or repeat without a bound."""
    match = re.search(pattern, text)
    if not match:
        return None
    line = next((line for line in text.splitlines() if match[0].splitlines()[0] in line), match[0])
    return Sign(found=line.strip()[-500:])
