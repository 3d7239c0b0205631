"""What checks, changes and failure modes mean, for ``podstead explain`` and the generated reference."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from podstead.proof import catalogue
from podstead.proof.checks import CHECKS
from podstead.proof.diagnosis import DIAGNOSES
from podstead.provision.parts import PARTS
from podstead.report.steps import Step, lines
from podstead.visit import obstacles

FIELDS: Final = {
    "A": "Kernel and security modules",
    "B": "newuidmap and newgidmap",
    "C": "Ranges of subordinate IDs",
    "D": "Leftovers of an earlier use",
    "E": "Sessions, homes, environment",
    "F": "Control groups",
    "G": "Network",
    "H": "Storage and configuration files",
    "I": "Runtimes, versions, quotas",
    "J": "Unusual hosts",
}
"""What failure modes are about, by the first letter of their references."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that has an id. In ids of changes, NAME and KEY stand for what differs.

    A failure mode has a reference, too (B03), and says what it breaks, what programs print, what repairs it on which
    family of distributions, what that costs, and which checks show it.
    """

    id: str
    title: str
    severity: str = ""
    why: str
    remedy: str
    sources: tuple[str, ...]
    ref: str = ""
    breaks: str = ""
    symptoms: tuple[str, ...] = ()
    remedies: Mapping[str, str] = field(default_factory=dict)
    costs: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    undetected: str = ""

    @property
    def group(self) -> str:
        """The heading under which a list has it."""
        if self.ref:
            return f"Failure modes: {FIELDS[self.ref[0]]}"
        return (
            "Changes that podstead apply makes or refuses" if ":" in self.id else "Checks of podstead verify"
        )

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Label and text of everything but the title."""
        by_family = tuple((f"On {family}", text) for family, text in self.remedies.items() if family != "any")
        rows = (
            ("Breaks", self.breaks),
            ("Why", self.why),
            ("You may see", " | ".join(self.symptoms)),
            ("Remedy", self.remedy),
            *by_family,
            ("Costs", ", ".join(self.costs)),
            ("Shown by", " ".join(self.checks)),
            ("Not detected", self.undetected),
            ("Sources", "; ".join(self.sources)),
        )
        return tuple((label, text) for label, text in rows if text)

    def text(self, width: int = 80) -> str:
        """The entry as a person reads it."""
        name = " ".join(part for part in (self.ref, self.id) if part)
        rows = [f"{name}  {self.title}" + (f"  ({self.severity})" if self.severity else "")]
        for label, text in self.rows:
            remedy = label.startswith(("Remedy", "On "))
            for row in lines(label, text) if remedy else (Step(f"{label}: {text}"),):
                filled = textwrap.fill(row.text, width, subsequent_indent="  ", break_on_hyphens=False)
                rows.append(row.text if row.command else filled)
        return "\n".join(rows)


def entries() -> Iterator[Entry]:
    """Everything that can be explained: checks, changes, failure modes."""
    for check in CHECKS.values():
        yield Entry(
            id=check.id,
            title=check.title,
            severity=check.severity.value,
            why=check.why,
            remedy=check.remedy,
            sources=check.sources,
        )
    yield from changes()
    yield from failures()


def changes() -> Iterator[Entry]:
    """What plans say, part by part, and what stands in their way."""
    for meaning in (*(each for part in PARTS for each in part.changes), obstacles.MEANING):
        yield Entry(
            id=meaning.id,
            title=meaning.title,
            why=meaning.why,
            remedy=meaning.remedy,
            sources=meaning.sources,
        )


def failures() -> Iterator[Entry]:
    """Every failure mode of the catalogue."""
    checks_by_ref: dict[str, tuple[str, ...]] = {
        ref: ("V03",) for ref, mode in catalogue.load().items() if mode.of_files
    }
    for diagnosis in DIAGNOSES:
        checks_by_ref[diagnosis.ref] = tuple(
            dict.fromkeys((*checks_by_ref.get(diagnosis.ref, ()), *diagnosis.explains))
        )
    for mode in catalogue.load().values():
        yield Entry(
            id=mode.id,
            ref=mode.ref,
            title=mode.title,
            severity=mode.severity.value,
            breaks=mode.breaks,
            why=mode.cause,
            symptoms=mode.symptoms,
            remedy=mode.remedy["any"],
            remedies=dict(mode.remedy),
            costs=mode.costs,
            checks=checks_by_ref.get(mode.ref, ()),
            undetected=mode.undetected,
            sources=mode.sources,
        )


def find(name: str) -> Entry | None:
    """The entry for the id of a check, a change or a failure mode."""
    everything = tuple(entries())
    known = {entry.id: entry for entry in everything} | {
        entry.ref: entry for entry in everything if entry.ref
    }
    for wanted in (name, name.upper(), name.lower()):
        if wanted in known:
            return known[wanted]
    return next((entry for pattern, entry in known.items() if _matches(pattern, name)), None)


def nearest(name: str) -> list[str]:
    """Up to three ids that look like a name that is none."""
    known = [text for entry in entries() for text in (entry.id, entry.ref) if text]
    return difflib.get_close_matches(name, known, n=3, cutoff=0.6)


def _matches(pattern: str, name: str) -> bool:
    pattern_parts, name_parts = pattern.split(":"), name.split(":")
    if pattern_parts[0] == name_parts[0] == "host":
        return len(name_parts) == 3
    if len(pattern_parts) != len(name_parts) or len(pattern_parts) != 3 or pattern_parts[0] != name_parts[0]:
        return False
    middle = (
        pattern_parts[1] in ("NAME", "KEY")
        or pattern_parts[1] == name_parts[1]
        or (pattern_parts[1] == "subuid" and name_parts[1] == "subgid")
    )
    return middle and pattern_parts[2] == name_parts[2]
