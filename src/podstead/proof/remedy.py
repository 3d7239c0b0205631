"""Remedies with the names and numbers of one host in them. Pure functions.

The catalogue's remedies have words in capitals where a value stands. Each word has a kind, so that a command about the
owner of a range is never given the name of whoever is in it. What is not known is never printed as a word in capitals: the
sentence that needs it gives way to one that says how to find it out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from podstead.document.spec import HostSpec
from podstead.host.accounts import AccountsState
from podstead.host.subids import SubidsState, policy_of
from podstead.ids.allocate import BY_UID_BASE, RESERVED, Refused, SideRanges, allocate
from podstead.ids.flaws import RangeFlaw, Side
from podstead.ids.ranges import IdRange

_USER = "podstead verify names the user concerned"
_OWNER = "the owner of the range is not an account on this host: podstead explain C23 says when such a line can be deleted"
_OLD = "getsubids and getsubids -g, each with the name of the owner, show the existing ranges"
_FREE = (
    "no free range can be named here: podstead check says which range apply would grant, or what prevents it"
)
_INTRUDER = "getent passwd and getent group show which accounts and groups have a number inside the range"

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "USER": _USER,
        "UID": _USER,
        "GROUP": _USER,
        "HOME": _USER,
        "OWNER": _OWNER,
        "OWNERUID": _OWNER,
        "INTRUDER": _INTRUDER,
        "NEWID": _INTRUDER,
        "OLDFIRST": _OLD,
        "OLDLAST": _OLD,
        "FIRST": _FREE,
        "LAST": _FREE,
        "COUNT": _FREE,
        "OLDNAME": "grep -n : /etc/subuid /etc/subgid shows the names that have ranges",
        "FOLDER": "as the user, podman info --format '{{.Store.GraphRoot}}' shows the folder",
        "PORT": "choose the lowest port that you need, and set it in the document: "
        "sysctls: net.ipv4.ip_unprivileged_port_start",
    }
)
"""Every word that stands for a value, and how to find the value out where it is not known.

USER, UID, GROUP, HOME: the user whom a finding is about. OWNER: whose range it is. INTRUDER: the account or group inside
somebody's range, and NEWID a free number for it. OLDFIRST to OLDLAST: the range that is there. FIRST to LAST, COUNT: a free one.
"""

_PLACES = 64
"""For more people than these no range is named by hand: apply does that at once."""

# $USER, USER= and SUB_UID_COUNT are variables and no placeholders; lock_UID is a file with one
_WORD = re.compile(
    rf"(?<![$A-Za-z0-9])(?<![A-Z0-9]_)(?:{'|'.join(sorted(KINDS, key=len, reverse=True))})\b(?!=)"
)


def fill(text: str, values: Mapping[str, str]) -> str:
    """``text`` with each placeholder as its value. A sentence that needs an unknown one says how to find it out instead."""
    sentences: list[str] = []
    for sentence in text.split("; "):
        missing = [word for word in words(sentence) if not values.get(word)]
        if not missing:
            sentences.append(_WORD.sub(lambda match: values[match[0]], sentence))
        elif KINDS[missing[0]] not in sentences:
            sentences.append(KINDS[missing[0]])
    return "; ".join(sentences)


def words(text: str) -> list[str]:
    """The placeholders in a text."""
    return list(dict.fromkeys(_WORD.findall(text)))


def range_values(range_: IdRange | None, *, old: bool = False) -> dict[str, str]:
    """The values of a range: OLDFIRST and OLDLAST of one that is there, or FIRST, LAST and COUNT of one to be given."""
    names = ("OLDFIRST", "OLDLAST") if old else ("FIRST", "LAST", "COUNT")
    numbers = (range_.start, range_.last, range_.count) if range_ else ("", "", "")
    return {name: str(number) for name, number in zip(names, numbers, strict=False)}


def free_range(
    spec: HostSpec, state: SubidsState, accounts: AccountsState, uid: int | None, *, place: int = 0
) -> IdRange | None:
    """A range that is nobody's, in UIDs and in GIDs. None where it cannot be known: what cannot be read is not free.

    Remedies of one report may all be followed: ``place`` is the number of ranges that others are told to take before.
    """
    policy = policy_of(spec, state.login_defs)
    files = state.sides
    if isinstance(policy, Refused) or state.source != "files":
        return None
    if not all(file.readable and file.regular and not file.unreadable_lines for file in files):
        return None
    both = [
        SideRanges(own=(), others=tuple(entry.range for entry in file.taken()), real=real)
        for file, real in zip(files, (accounts.uids, accounts.gids), strict=True)
    ]
    if place > _PLACES:
        return None
    promised: tuple[IdRange, ...] = ()
    for _ in range(1 if policy.by_uid else place + 1):
        found = allocate(
            policy,
            uid,
            [SideRanges(own=promised, others=side.others, real=side.real) for side in both],
        )
        if not isinstance(found, IdRange):
            return None
        promised += (found,)
    return promised[-1]


def about(flaw: RangeFlaw, sides: Sequence[Side], text: str) -> tuple[str, dict[str, str]]:
    """The remedy of one flaw: the text with what concerns it only, and the values of its owner, range and intruder."""
    owned = [side for side in sides if flaw.owner in side.own]
    values = {"OWNER": shlex.quote(flaw.owner) if owned else "", "OWNERUID": ""}
    if owned and owned[0].kind == "UID":
        values["OWNERUID"] = str(owned[0].own[flaw.owner])
    if flaw.range is None:
        return text, values
    if flaw.ref == "C23" and "'" not in flaw.owner:
        values["OWNER"] = re.sub(
            r"([].[*^$\\/])", r"\\\1", flaw.owner
        )  # between single quotes, in a pattern of sed(1)
    values |= range_values(flaw.range, old=True)
    sides_with_range = [
        side for side in sides if any(grant.range == flaw.range for grant in side.of(flaw.owner))
    ]
    if flaw.ref == "C27":
        text = _intruder_remedy(flaw, sides_with_range, text, values, sides)
    if len(sides_with_range) == 1:
        text = _one_side(text, sides_with_range[0].kind)
    return text, values


def _one_side(text: str, kind: str) -> str:
    """The other file has another range of this owner, which is to stay."""
    if kind == "UID":
        return re.sub(r" -[Ww] (?:OLD)?(?:FIRST|LAST)-(?:OLD)?LAST", "", text)
    return re.sub(r" -[Vv] (?:OLD)?(?:FIRST|LAST)-(?:OLD)?LAST", "", text)


def _intruder_remedy(
    flaw: RangeFlaw,
    sides_with_range: Sequence[Side],
    text: str,
    values: dict[str, str],
    sides: Sequence[Side],
) -> str:
    """An account or group of people can get another number; one of the system keeps it, and the range has to go."""
    number, side = next(
        (
            (number, side)
            for side in sides_with_range
            for number in side.numbers
            if flaw.range and number in flaw.range and side.real[number] == flaw.other
        ),
        (None, None),
    )
    first, _, rest = text.partition("; or move the range")
    new = _free_number(sides)
    name = flaw.other.removeprefix("group ")
    known = side is not None and (side.kind == "UID" or flaw.other.startswith("group "))
    if number is None or new is None or not known or any(number in block for block in RESERVED[:-1]):
        return f"Move the range{rest}"
    values |= {"INTRUDER": shlex.quote(name), "NEWID": str(new)}
    group = side is not None and side.kind == "GID"
    first = first.replace(" (chgrp)", "").replace(" (a group: groupmod -g NEWID INTRUDER)", "")
    if group:
        first = first.replace("usermod -u", "groupmod -g").replace("then chown", "then chgrp")
        first = first.replace("while it runs nothing", "while nobody in it runs anything")
    return f"{first}; or move the range{rest}"


def _free_number(sides: Sequence[Side]) -> int | None:
    """The lowest number of a login account that is nobody's, in UIDs and GIDs, and in nobody's range."""
    last = min(side.account_max for side in sides)
    ranges = sorted({grant.range for side in sides for grant in side.everything if grant.range.start <= last})
    number, real = BY_UID_BASE, {account_id for side in sides for account_id in side.real}
    while number <= last:
        block = next((range_ for range_ in ranges if number in range_), None)
        if block is None and number not in real:
            return number
        number = block.stop if block else number + 1
    return None
