"""/etc/subuid and /etc/subgid as a whole: every owner, not only the wanted users. Pure functions.

No tool checks this: usermod(8) adds overlapping ranges without a word, and useradd(8) looks at no account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from podstead import catalogue
from podstead.checks import finding_of
from podstead.finding import Finding, Verdict
from podstead.parts.accounts import Account, AccountsState
from podstead.parts.subids import SubidsState
from podstead.platforms import Family
from podstead.ranges import IdRange
from podstead.subidfile import Entry, SubidFile

ROOTFUL = "containers"
"""The pseudo-user of rootful --userns=auto (containers-storage.conf(5)): it needs no account."""
MANY_LINES = 10_000
"""From here on numeric owners are up to twenty times faster (subuid(5))."""
SHOWN = 20
ONLY = ("C23", "C29")
"""Failure modes that only a look at all owners shows."""
SYSTEMD_RANGE = IdRange.between(524288, 1878982655)
"""What systemd leaves to containers (docs/UIDS-GIDS.md), to whole blocks of 65536."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something wrong with the ranges of a host. ``ref`` is a row of the catalogue; ``owners`` are whose ranges it is."""

    ref: str
    owners: frozenset[str]
    text: str


def flaws(state: SubidsState, accounts: AccountsState) -> tuple[Flaw, ...]:
    """Everything wrong in both files, the worst first."""
    if state.source != "files":
        return ()
    found = [flaw for side in state.sides for flaw in _of_file(side, accounts)]
    found += _one_sided(state, accounts)
    return tuple(sorted(found, key=lambda flaw: _ORDER.index(flaw.ref)))


_ORDER = ("C10", "C11", "C27", "C09", "C12", "C06", "C07", "C08", "C15", "C13", "C02", "C25", "C23", "C29")


def _owner(entry: Entry, accounts: AccountsState) -> str:
    account = accounts.owner(entry.owner)
    return account.name if account else entry.owner


def _by_owner(entries: Iterable[Entry], accounts: AccountsState) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(_owner(entry, accounts), []).append(entry)
    return found


def _of_file(file: SubidFile, accounts: AccountsState) -> Iterator[Flaw]:
    yield from _neighbours(file, accounts)
    owned = _by_owner(file.entries, accounts)
    real = sorted(accounts.by_name.values(), key=lambda one: one.uid)
    for name, entries in owned.items():
        account = accounts.by_name.get(name)
        yield from _of_owner(file, name, account, entries)
    yield from _real_inside(file, owned, real, accounts)
    for bad in file.bad:
        owner = bad.meant.owner if bad.meant else ""
        yield Flaw(ref="C15", owners=frozenset({owner}), text=f"{file.path}:{bad.line}: {bad.text[:80]!r}")
    if len(file.entries) >= MANY_LINES and sum(one.owner.isdigit() for one in file.entries) * 2 < len(
        file.entries
    ):
        yield Flaw(
            ref="C29", owners=frozenset(), text=f"{file.path} has {len(file.entries)} lines, most by name"
        )


def _neighbours(file: SubidFile, accounts: AccountsState) -> Iterator[Flaw]:
    """Overlaps of different owners: sorted by start, a range can only overlap one that reaches past its start."""
    ordered = sorted(file.entries, key=lambda entry: (entry.range, entry.line))
    reaching: Entry | None = None
    for entry in ordered:
        if reaching and reaching.range.overlaps(entry.range):
            one, other = _owner(reaching, accounts), _owner(entry, accounts)
            if one != other:
                yield Flaw(
                    ref="C10",
                    owners=frozenset({one, other}),
                    text=f"{file.path}: {one}'s {reaching.range} (line {reaching.line}) overlaps {other}'s {entry.range} "
                    f"(line {entry.line})",
                )
        if reaching is None or entry.range.stop > reaching.range.stop:
            reaching = entry


def _of_owner(
    file: SubidFile, name: str, account: Account | None, entries: Sequence[Entry]
) -> Iterator[Flaw]:
    about = frozenset({name})
    own = None if account is None else account.uid if file.path.endswith("subuid") else account.gid
    for entry in entries:
        where = f"{file.path}:{entry.line}: {name}'s {entry.range}"
        if own is not None and own in entry.range:
            yield Flaw(ref="C09", owners=about, text=f"{where} includes the owner's own ID {own}")
        if entry.range.stop > 2**31:
            yield Flaw(ref="C12", owners=about, text=f"{where} reaches beyond 2147483647")
        if entry.range.count == 65537:
            yield Flaw(ref="C25", owners=about, text=f"{where} has 65537 IDs")
    for one, other in pairwise(sorted(entries, key=lambda entry: entry.range)):
        if one.range == other.range:
            ref = "C07" if one.owner == other.owner else "C06"
            yield Flaw(
                ref=ref,
                owners=about,
                text=f"{file.path}: lines {one.line} and {other.line} grant {one.range} twice",
            )
        elif one.range.overlaps(other.range):
            yield Flaw(
                ref="C08",
                owners=about,
                text=f"{file.path}: lines {one.line} and {other.line} of {name} overlap",
            )
    size = sum(entry.range.count for entry in entries)
    if size < 65536 and name != ROOTFUL:
        yield Flaw(ref="C13", owners=about, text=f"{file.path}: {name} has {size} IDs, images expect 65536")
    if account is None and name != ROOTFUL:
        yield Flaw(
            ref="C23", owners=about, text=f"{file.path}:{entries[0].line}: the host has no account {name}"
        )


def _real_inside(
    file: SubidFile, owned: dict[str, list[Entry]], real: Sequence[Account], accounts: AccountsState
) -> Iterator[Flaw]:
    users = file.path.endswith("subuid")
    numbers = {one.uid: one.name for one in real} if users else dict.fromkeys(accounts.gids, "a group")
    for name, entries in owned.items():
        account = accounts.by_name.get(name)
        own = None if account is None else account.uid if users else account.gid
        for entry in entries:
            inside = min(
                (number for number in numbers if number in entry.range and number != own), default=None
            )
            if inside is not None:
                who = numbers[inside]
                yield Flaw(
                    ref="C27" if users and inside > 60000 else "C11",
                    owners=frozenset({name}),
                    text=f"{file.path}:{entry.line}: {name}'s {entry.range} includes {inside}, the ID of {who}",
                )


def _one_sided(state: SubidsState, accounts: AccountsState) -> Iterator[Flaw]:
    if not all(side.exists and side.readable for side in state.sides):
        return
    sides = [{_owner(entry, accounts) for entry in side.entries} for side in state.sides]
    for name in sorted(sides[0] ^ sides[1]):
        here = state.sides[0 if name in sides[0] else 1].path
        yield Flaw(ref="C02", owners=frozenset({name}), text=f"{name} has ranges in {here} only")


def notes(state: SubidsState, accounts: AccountsState) -> tuple[str, ...]:
    """What is worth knowing and no flaw."""
    if state.source != "files":
        return ()
    said = []
    outside = sorted(
        {_owner(one, accounts) for side in state.sides for one in side.entries if not _inside(one.range)}
    )
    if outside:
        said.append(
            f"ranges outside systemd's container range (524288 to 1878982655): {_some(outside)}; it matters only with "
            "systemd-homed"
        )
    grants = [_grants(side, accounts) for side in state.sides]
    differing = sorted(
        name for name in grants[0].keys() & grants[1].keys() if grants[0][name] != grants[1][name]
    )
    if differing:
        said.append(f"UIDs and GIDs differ in number for {_some(differing)}; rootless Podman does not mind")
    return tuple(said)


def _grants(side: SubidFile, accounts: AccountsState) -> dict[str, list[IdRange]]:
    """Every owner's ranges, sorted."""
    return {
        name: sorted(entry.range for entry in entries)
        for name, entries in _by_owner(side.entries, accounts).items()
    }


def _inside(one: IdRange) -> bool:
    return one.start in SYSTEMD_RANGE and one.last in SYSTEMD_RANGE


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def findings(
    state: SubidsState, accounts: AccountsState, family: Family, *, judged: frozenset[str]
) -> tuple[Finding, ...]:
    """V03 of the host: flaws of ranges that nobody in ``judged`` has a share in; theirs are in a V03 of their own."""
    if not all(side.readable for side in state.sides):
        why = "/etc/subuid and /etc/subgid could not be read"
        return (finding_of("V03", Verdict.COULD_NOT_LOOK, cause=why),)
    if state.source != "files":
        why = f"nsswitch.conf takes ranges from {state.source}"
        return (finding_of("V03", Verdict.NOT_APPLICABLE, cause=why),)
    rest = [flaw for flaw in flaws(state, accounts) if not flaw.owners & judged]
    if not rest:
        owners = {_owner(one, accounts) for side in state.sides for one in side.entries}
        return (finding_of("V03", Verdict.PASS, found=f"{len(owners)} owner(s) in both files, no flaw"),)
    grouped: dict[str, list[Flaw]] = {}
    for flaw in rest:
        grouped.setdefault(flaw.ref, []).append(flaw)
    return tuple(_finding(ref, group, family) for ref, group in grouped.items())


def _finding(ref: str, group: Sequence[Flaw], family: Family) -> Finding:
    mode = catalogue.load()[ref]
    texts = [flaw.text for flaw in group]
    more = f"; and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    found = "; ".join(texts[:SHOWN]) + more
    base = finding_of("V03", Verdict.WARN, found=found, cause=mode.title, remedy=mode.remedy_for(family))
    return replace(base, severity=mode.severity, mode=mode.id, ref=ref, costs=mode.costs)
