"""What was seen of each user with that user's own rights: taken apart here, so that it speaks about that user only.

A user may have written every byte of it. Root's script packs it (``visit/scripts/observe.sh``) and adds how the look ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from podstead.errors import LookError
from podstead.host import frames
from podstead.host.frames import Record, Records

_OF_USERS = frozenset({"user", "look", "pause", "pause-uid", "pause-gid", "running", "user-facts"})
_DRIVERS = ("aufs", "btrfs", "devicemapper", "overlay", "overlay2", "vfs", "zfs")
_ENDED = re.compile(rb"\n@@ended ([0-9]{1,3})\n\Z")
_LATE = 124


@dataclass(frozen=True, slots=True)
class Looks:
    """``records`` are as if root had seen all of it; ``uninspected`` says of users why they could not be inspected."""

    records: Records
    uninspected: Mapping[str, str]


def parse(records: Records) -> Looks:
    """Put what users' own looks found beside what root found. Of an unseen user nothing is left."""
    items = [record for record in records.items if record.key not in _OF_USERS]
    uninspected: dict[str, str] = {}
    for record in records.all("user"):
        uid, _, home = record.text.rstrip("\n").partition(":")
        if not re.fullmatch("[0-9]{1,10}", uid):
            continue
        try:
            inner = _inner(frames.unpack(records.text("look", record.argument) or ""))
        except LookError as error:
            uninspected[record.argument] = error.message
            continue
        items += [record, *_user_records(record.argument, uid, home, inner)]
    return Looks(Records(tuple(items)), uninspected)


def _inner(data: bytes) -> Records:
    """The records of one user's look. Raises LookError with the reason where it is not whole."""
    ended = _ENDED.search(data)
    code = int(ended[1]) if ended else -1
    first = re.match(rb"\n@@([0-9a-f]{32}) ", data)
    inner = frames.split(data[: ended.start()] if ended else b"", first[1].decode() if first else "-")
    if inner.text("looked") is not None:
        # of what time ran out for, only whole lines are kept
        return inner if inner.text("end") is not None else _whole_lines(inner)
    if code == _LATE:
        raise LookError(
            "the look timed out: something that belongs to this user hangs (a file system, a pipe, a process)"
        )
    if code == 0:
        raise LookError("the output is incomplete")
    raise LookError(
        f"no program can be run as this user (exit code {code})" if ended else "nothing was printed"
    )


def _whole_lines(inner: Records) -> Records:
    *before, last = inner.items
    return Records((*before, Record(last.key, last.argument, last.body.rpartition(b"\n")[0] + b"\n")))


def _user_records(name: str, uid: str, home: str, inner: Records) -> Iterator[Record]:
    """Records about this user; whatever else is in there is passed over."""
    paths = _paths(uid, home)
    lines = [line for line in inner.lines("paths") if line.split(":", 4)[-1] in paths]
    yield Record("stat", "", "".join(f"{line}\n" for line in lines).encode())
    for key in ("pause", "pause-uid", "pause-gid", "running"):
        yield from (Record(key, name, record.body) for record in _first(inner, key))
    for record in _first(inner, "config"):
        yield Record("file", f"{home}/.config/containers/storage.conf", record.body)
    facts = b"".join(record.body for key in ("facts", "owners") for record in _first(inner, key))
    yield Record("user-facts", name, facts)


def _first(inner: Records, key: str) -> tuple[Record, ...]:
    return tuple(inner.all(key))[:1]


def _paths(uid: str, home: str) -> frozenset[str]:
    """The paths that ``visit/scripts/observe_user.sh`` asks for."""
    graph = f"{home}/.local/share/containers/storage"
    return frozenset(
        {
            f"/run/user/{uid}",
            f"/run/user/{uid}/bus",
            home,
            graph,
            f"{graph}/db.sql",
            f"{graph}/libpod/bolt_state.db",
            *(f"{graph}/{driver}-images" for driver in _DRIVERS),
        }
    )
