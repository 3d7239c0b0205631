"""/etc/subuid and /etc/subgid as a whole: every owner, not only the wanted users. Pure functions.

No tool checks this: usermod(8) adds overlapping ranges without a word, and useradd(8) looks at no account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from podstead.document.spec import HostSpec
from podstead.host.accounts import AccountsState
from podstead.host.family import Family
from podstead.host.subids import SubidsState, sides
from podstead.ids import flaws
from podstead.ids.flaws import ROOTFUL, RangeFlaw
from podstead.ids.ranges import IdRange, total
from podstead.ids.subid_files import Entry, SubidFile
from podstead.plural import counted
from podstead.proof import catalogue, remedy
from podstead.proof.checks import finding_of
from podstead.proof.finding import Finding, Verdict

MANY_LINES = 10_000
"""From here on numeric owners are up to twenty times faster (subuid(5))."""
MAX_SHOWN = 20
SYSTEMD_RANGE = IdRange.between(524288, 1878982655)
"""What systemd leaves to containers (docs/UIDS-GIDS.md), to whole blocks of 65536."""


def host_flaws(state: SubidsState, accounts: AccountsState) -> tuple[RangeFlaw, ...]:
    """Everything wrong in both files, the worst first."""
    if state.source != "files":
        return ()
    found = [flaw for side in sides(state, accounts) for flaw in flaws.all_flaws(side)]
    found += [flaw for file in state.sides for flaw in _file_flaws(file, accounts)]
    found += _on_one_side(state, accounts)
    return tuple(sorted(found, key=lambda flaw: _ORDER.index(flaw.ref)))


_ORDER = (
    "C32", "C10", "C11", "C27", "C09", "C12", "C18", "C06", "C07", "C08", "C15", "C33", "C13", "C02", "C25", "C23", "C29",
)  # fmt: skip


def _owner(entry: Entry, accounts: AccountsState) -> str:
    account = accounts.owner(entry.owner)
    return account.name if account else entry.owner


def _by_owner(entries: Iterable[Entry], accounts: AccountsState) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(_owner(entry, accounts), []).append(entry)
    return found


def _file_flaws(file: SubidFile, accounts: AccountsState) -> Iterator[RangeFlaw]:
    """What is wrong with the file itself, and with owners as such."""
    if not file.regular:
        yield RangeFlaw(ref="C32", owner="", text=f"{file.path} is a {file.kind}")
    if file.unfinished:
        yield RangeFlaw(ref="C33", owner="", text=f"the last line of {file.path} does not end with a newline")
    for bad in file.bad:
        account = accounts.owner(bad.owner)
        owner = account.name if account else bad.owner
        yield RangeFlaw(ref="C15", owner=owner, text=f"{file.path}:{bad.line}: {bad.printable}")
    for name, entries in _by_owner(file.entries, accounts).items():
        size = total(entry.range for entry in entries)
        if size < 65536 and name != ROOTFUL:
            text = f"{file.path}: {name} has {counted(size, 'ID')}, images expect 65536"
            yield RangeFlaw(ref="C13", owner=name, text=text)
        if name not in accounts.by_name and name != ROOTFUL:
            text = f"{file.path}:{entries[0].line}: the host has no account {name}"
            yield RangeFlaw(ref="C23", owner=name, text=text, range=entries[0].range)
    by_number = sum(entry.owner.isdigit() for entry in file.entries)
    if len(file.entries) >= MANY_LINES and by_number * 2 < len(file.entries):
        text = f"{file.path} has {len(file.entries)} lines, most of which name their owner"
        yield RangeFlaw(ref="C29", owner="", text=text)


def _on_one_side(state: SubidsState, accounts: AccountsState) -> Iterator[RangeFlaw]:
    if not all(side.exists and side.readable for side in state.sides):
        return
    owned = [{_owner(entry, accounts) for entry in side.entries} for side in state.sides]
    for name in sorted(owned[0] ^ owned[1]):
        here = state.sides[0 if name in owned[0] else 1].path
        yield RangeFlaw(ref="C02", owner=name, text=f"{name} has ranges in {here} only")


def notes(state: SubidsState, accounts: AccountsState) -> tuple[str, ...]:
    """What is worth knowing and no flaw."""
    lines = []
    high = sorted(
        {grant.owner for side in sides(state, accounts) for grant in side.grants if grant.range.stop > 2**31}
    )
    if high:
        lines.append(
            f"ranges above 2147483647 for {_some(high)}: FreeIPA assigns such ranges, and Podman accepts them; programs "
            "that store IDs in 31 bits may print negative numbers"
        )
    if state.source != "files":
        return tuple(lines)
    outside = sorted(
        {
            _owner(entry, accounts)
            for side in state.sides
            for entry in side.entries
            if not _inside(entry.range) and entry.range.stop <= 2**31
        }
    )
    if outside:
        lines.append(
            f"ranges outside systemd's container range (524288 to 1878982655): {_some(outside)}; this matters only with "
            "systemd-homed"
        )
    grants = [_grants(side, accounts) for side in state.sides]
    differing = sorted(
        name for name in grants[0].keys() & grants[1].keys() if grants[0][name] != grants[1][name]
    )
    if differing:
        lines.append(
            f"UIDs and GIDs differ in number for {_some(differing)}; this does not matter to rootless Podman"
        )
    return tuple(lines)


def _grants(side: SubidFile, accounts: AccountsState) -> dict[str, list[IdRange]]:
    """Every owner's ranges, sorted."""
    return {
        name: sorted(entry.range for entry in entries)
        for name, entries in _by_owner(side.entries, accounts).items()
    }


def _inside(range_: IdRange) -> bool:
    return range_.start in SYSTEMD_RANGE and range_.last in SYSTEMD_RANGE


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def findings(
    spec: HostSpec,
    state: SubidsState,
    accounts: AccountsState,
    family: Family,
    *,
    verified_users: frozenset[str],
) -> tuple[Finding, ...]:
    """V03 of the host: flaws of ranges that nobody in ``judged`` has a share in; theirs are in a V03 of their own."""
    if not all(side.readable for side in state.sides):
        why = "/etc/subuid and /etc/subgid could not be read"
        return (finding_of("V03", Verdict.COULD_NOT_LOOK, cause=why),)
    if state.source != "files":
        why = f"nsswitch.conf takes ranges from {state.source}"
        return (finding_of("V03", Verdict.NOT_APPLICABLE, cause=why),)
    rest = [flaw for flaw in host_flaws(state, accounts) if not flaw.owners & verified_users]
    if not rest:
        owners = {_owner(entry, accounts) for side in state.sides for entry in side.entries}
        return (
            finding_of("V03", Verdict.PASS, found=f"{counted(len(owners), 'owner')} in both files, no flaw"),
        )
    grouped: dict[str, list[RangeFlaw]] = {}
    for flaw in rest:
        grouped.setdefault(flaw.ref, []).append(flaw)
    both = sides(state, accounts)
    results = []
    for place, (ref, group) in enumerate(grouped.items(), start=len(spec.users)):
        text, values = remedy.about(
            group[0], both, group[0].instead or catalogue.load()[ref].remedy_for(family)
        )
        if ref in _OF_USERS:
            text = text.replace(
                "podstead apply", "name OWNER under users in the document, then podstead apply", 1
            )
        if not {"FIRST", "LAST", "COUNT"}.isdisjoint(remedy.words(text)):
            account = accounts.owner(group[0].owner)
            free = remedy.free_range(spec, state, accounts, account.uid if account else None, place=place)
            values = {**remedy.range_values(group[0].range if ref in _OF_THE_LINE else free), **values}
        results.append(_finding(ref, group, remedy.fill(text, values)))
    return tuple(results)


_OF_USERS = ("C02", "C13")
"""Modes that podstead apply repairs for users of the document only."""
_OF_THE_LINE = ("C06", "C23")
"""Modes whose remedy writes FIRST, LAST and COUNT of the line itself."""


def _finding(ref: str, group: Sequence[RangeFlaw], text: str) -> Finding:
    mode = catalogue.load()[ref]
    texts = list(dict.fromkeys(flaw.text for flaw in group))
    more = f"; and {len(texts) - MAX_SHOWN} more" if len(texts) > MAX_SHOWN else ""
    found = "; ".join(texts[:MAX_SHOWN]) + more
    if len({flaw.owner for flaw in group}) > 1:
        text += "; then run podstead verify, which says the same for the next owner"
    base = finding_of("V03", Verdict.WARN, found=found, cause=mode.title, remedy=text)
    return replace(base, severity=mode.severity, mode=mode.id, ref=ref, costs=mode.costs)
