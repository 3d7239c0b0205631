"""The detection matrix: what became of every failure mode of the catalogue, by release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from podstead.proof import catalogue
from podstead.proof.catalogue import FailureMode
from podstead.report.explain import FIELDS
from tests.real_hosts.damage.absent import ABSENT
from tests.real_hosts.damage.case import RELEASES, Damage, Outcome, tried
from tests.real_hosts.damage.site import Site

PATH = Path(__file__).parents[3] / "docs/reference/detection-matrix.md"

_HEAD = """\
<!-- Written by `make matrix`; changes made here are overwritten. -->

# Detection matrix

Each [failure mode](failure-modes.md) that can be made on a host of the lab is made on a healthy one. `podstead verify`
must then name it, and nothing that has nothing to do with it; `podstead apply` must repair it, or refuse it and say what
to do, or leave alone what is not its own. The hosts are real Debian with systemd, reached over SSH (tests/lab); the
cases are in tests/real_hosts/damage. `make real-hosts` does those of the failure modes to look for first, each on Debian 12
or 13; `make matrix` does all of them, on every release from 11 to testing (forky).

- **Producible failure modes detected: {detected} of {producible}** ({cells} of {expected} on single releases, in {cases} ways)
- **False alarms: {alarms}** (healthy hosts, hosts that are unusual and right, and causes that are not there)

"""
_WORDS = """\
| | |
|---|---|
| repaired | verify names it, apply mends it, and verify is green again |
| refused | verify names it; apply changes nothing and says what to do |
| left alone | verify names it and says what to do; apply has nothing to do with it and changes nothing |
| no finding | it breaks nothing here, and nothing is said about it |
| - | not made on this release, or not at all |
"""
_MISSED = "**not detected**"
_NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How much of what can be made was detected: failure modes, and failure modes on single releases."""

    detected: int
    producible: int
    cells: int
    expected: int
    cases: int
    alarms: int


def count(site: Site) -> Count:
    real = [damage for damage in site.damages if damage.outcome is not Outcome.HARMLESS]
    wanted = [(damage, release) for damage in real for release in tried(damage, everything=site.everything)]
    seen = site.seen
    missed = {damage.ref for damage, release in wanted if (damage, release) not in seen}
    refs = {damage.ref for damage in real}
    return Count(
        detected=len(refs - missed),
        producible=len(refs),
        cells=sum(one in seen for one in wanted),
        expected=len(wanted),
        cases=len(real),
        alarms=len(site.false_alarms),
    )


def summary(site: Site) -> list[str]:
    """Two lines for the end of a run, whatever part of the damages it did."""
    found = count(site)
    cells = f"{found.cells} of {found.expected} on single releases"
    return [
        f"failure modes made and detected: {found.detected} of {found.producible} ({cells})",
        f"false alarms: {found.alarms}",
        *site.false_alarms,
    ]


def markdown(site: Site, damages: Sequence[Damage]) -> str:
    """The whole document, with a row for each of ``damages``, whether this run has done it or not."""
    found = count(site)
    text = _HEAD.format(
        detected=found.detected,
        producible=found.producible,
        cells=found.cells,
        expected=found.expected,
        cases=found.cases,
        alarms=found.alarms,
    )
    parts = [text + _WORDS]
    for letter, title in FIELDS.items():
        rows = [_row(mode, site, damages) for ref, mode in catalogue.load().items() if ref.startswith(letter)]
        parts.append(_table(f"{letter}: {title}", rows))
    harmless = [one for one in damages if one.outcome is Outcome.HARMLESS]
    rows = [
        f"| {one.name} ({one.ref}) | {' | '.join(_cell([one], release, site) for release in RELEASES)} |  |"
        for one in harmless
    ]
    return "\n".join((*parts, _table("Unusual, and right", rows)))


def differences(text: str, written: str) -> list[str]:
    """Where what a run has seen is not what is written. A run that does not do everything is held to what it has done."""
    if text == written:
        return []
    rows = {line.split(" | ")[0]: line.split(" | ") for line in written.splitlines() if line.startswith("| ")}
    wrong = []
    for line in text.splitlines():
        cells = line.split(" | ")
        if not line.startswith("| "):
            continue
        there = rows.get(cells[0], [])
        if len(there) != len(cells) or any(
            one != other and _NOT_TRIED not in one for one, other in zip(cells, there, strict=True)
        ):
            wrong.append(f"seen: {line}; written: {' | '.join(there) or 'nothing'}")
    if not wrong and _NOT_TRIED not in text:
        wrong.append("the text around the tables")
    return wrong


def _table(title: str, rows: Sequence[str]) -> str:
    head = f"| failure mode | {' | '.join(one.removeprefix('debian-') for one in RELEASES)} | |"
    return "\n".join((f"## {title}", "", head, "|---|" + "---|" * (len(RELEASES) + 1), *rows, ""))


def _row(mode: FailureMode, site: Site, damages: Sequence[Damage]) -> str:
    ways = [one for one in damages if one.ref == mode.ref and one.outcome is not Outcome.HARMLESS]
    ways = ways or [one for one in damages if one.ref == mode.ref]
    cells = [_cell(ways, release, site) for release in RELEASES]
    note = "; ".join(dict.fromkeys(one.elsewhere for one in ways if one.elsewhere and "-" in cells))
    if not ways:
        note = ABSENT.get(mode.ref) or f"not detected: {mode.undetected}"
    return f"| {mode.ref} {_plain(mode.title)} | {' | '.join(cells)} | {_plain(note)} |"


def _cell(damages: Sequence[Damage], release: str, site: Site) -> str:
    made = [one for one in damages if release in one.releases]
    seen = site.seen
    words = [
        seen.get((one, release), _MISSED) if release in tried(one, everything=site.everything) else _NOT_TRIED
        for one in made
    ]
    return ", ".join(dict.fromkeys(words)) or "-"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
