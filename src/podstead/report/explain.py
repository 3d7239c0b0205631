"""What checks, changes and failure modes mean, for ``podstead explain`` and the generated reference."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from podstead.errors import InputError
from podstead.proof import catalogue
from podstead.proof.checks import CHECKS
from podstead.proof.diagnosis import DIAGNOSES
from podstead.provision.explained import CHANGES, Entry


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
    yield from CHANGES
    yield from failures()


def failures() -> Iterator[Entry]:
    """Every failure mode of the catalogue."""
    shown: dict[str, tuple[str, ...]] = {
        ref: ("V03",) for ref, mode in catalogue.load().items() if mode.of_files
    }
    for one in DIAGNOSES:
        shown[one.ref] = tuple(dict.fromkeys((*shown.get(one.ref, ()), *one.explains)))
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
            checks=shown.get(mode.ref, ()),
            undetected=mode.undetected,
            sources=mode.sources,
        )


def find(name: str) -> Entry:
    """The entry for the id of a check, a change or a failure mode. Raises InputError with the nearest ids."""
    everything = tuple(entries())
    known = {entry.id: entry for entry in everything} | {
        entry.ref: entry for entry in everything if entry.ref
    }
    for wanted in (name, name.upper(), name.lower()):
        if wanted in known:
            return known[wanted]
    for pattern, entry in known.items():
        if _matches(pattern, name):
            return entry
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else "'podstead explain' lists all"
    raise InputError.one(f"nothing has the id {name!r}", hint=hint)


def _matches(pattern: str, name: str) -> bool:
    want, have = pattern.split(":"), name.split(":")
    if want[0] == have[0] == "host":
        return len(have) == 3
    if len(want) != len(have) or len(want) != 3 or want[0] != have[0]:
        return False
    middle = want[1] in ("NAME", "KEY") or want[1] == have[1] or (want[1] == "subuid" and have[1] == "subgid")
    return middle and want[2] == have[2]
