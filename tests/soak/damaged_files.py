"""Random damage to subid files, and whether podstead reads each as the real programs do."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, islice

from podstead.document.spec import HostSpec
from podstead.ids import subid_files
from podstead.ids.ranges import IdMap, IdRange
from podstead.ids.subid_files import SubidFile
from podstead.provision import subids
from podstead.provision.change import GrantSubids
from tests.lab import Host
from tests.model_host import ModelAccount, ModelHost

UIDS: Mapping[str, int] = {"alice": 1001, "zed": 2001, "eve": 2002}
ASKED = ("alice", "zed")
_BLOCK = 65536
_FOLDER = "/var/tmp/subid-cases"


def _number(draw: random.Random, value: int) -> str:
    """One of the ways to write a number, some of which are none."""
    return draw.choice(
        (
            *(str(value),) * 8,
            f"0x{value:x}",
            f"0X{value:X}",
            f"0{value:o}",
            f"0b{value:b}",
            f"+{value}",
            f"-{value}",
            f" {value}",
            f"{value} ",
            f"\t{value}",
            f"0{value}",
            f"{value}x",
            f"{value:_}",
            f"{value:,}",
            f"{value}.0",
            "",
            "many",
            str(2**32 - value),
            str(2**64 - value),
            str(value + 2**32),
            "0",
        )
    )


def _line(draw: random.Random) -> str:
    owner = draw.choice(
        (
            "alice",
            "zed",
            "alice",
            "zed",
            "1001",
            "2001",
            "ALICE",
            "zed ",
            " zed",
            "",
            "#zed",
            "+zed",
            "-zed",
            "01001",
            "0002001",
            " 1001",
            "2001 ",
            "0x3e9",
        )
    )
    start = _number(draw, 524288 + draw.randrange(6) * _BLOCK + draw.choice((0, 0, 0, 100)))
    count = _number(draw, draw.choice((_BLOCK, _BLOCK, _BLOCK, 1000, 1)))
    separator = draw.choice((":",) * 12 + ("::", " : ", ";"))
    rest = draw.choice(
        ("",) * 12 + (":", ":note", " # note", "#x", ":1:2", "\r", " ", "zed:655360:65536", "x" * 1100)
    )
    return separator.join((owner, start, count)) + rest


def texts(seed: int) -> Iterator[str]:
    """Damaged files without end, the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - to be repeatable is the point
    while True:
        lines = [_line(draw) for _ in range(draw.choice((1, 1, 2, 3, 5)))]
        lines += draw.choice(([], [], ["# a comment"], [""], ["   "], ["zed"]))
        draw.shuffle(lines)
        yield "\n".join(lines) + draw.choice(("\n",) * 9 + ("",))


@dataclass(frozen=True)
class Case:
    """A file, what podstead makes of it, and what the real programs are to be asked."""

    text: str
    file: SubidFile
    offered: IdRange | None
    """What podstead would allocate to eve."""

    @classmethod
    def of(cls, text: str) -> Case:
        host = ModelHost(
            accounts={name: ModelAccount(uid, uid) for name, uid in UIDS.items()},
            files={"/etc/subuid": text, "/etc/subgid": text},
        )
        state = host.state(("eve",))
        spec = HostSpec.model_validate({"users": {"eve": {}}})
        outcome = subids.plan(spec, state.subids, state.accounts, frozenset())
        steps = [step for change in outcome.changes for step in change.steps]
        given = [one for step in steps if isinstance(step, GrantSubids) for one in step.subuids]
        return cls(text, subid_files.parse("/etc/subuid", text, exists=True), given[0] if given else None)

    def taken(self, user: str) -> list[IdRange]:
        names = {user, str(UIDS[user])}
        return [one.range for one in self.file.taken() if one.owner in names]

    def plain(self, user: str) -> list[IdRange]:
        return [one.range for one in self.file.of(frozenset({user, str(UIDS[user])}))]

    @property
    def questions(self) -> list[int]:
        """Host IDs to ask newuidmap for: the ends of every range that anybody may have, and one beyond."""
        ranges = [one.range for one in self.file.taken()] + ([self.offered] if self.offered else [])
        ids = {number for one in ranges for number in (one.start, one.last, one.last + 1)}
        return sorted(number for number in ids if 0 < number < 2**32 - 1)[:12]


_ASK = f"""
cd {_FOLDER}
ask() {{ # user id...: those that the real newuidmap grants
    u=$1
    shift
    setpriv --reuid "$u" --regid "$u" --clear-groups sh -c 'c=
    for i; do
        if [ -z "$c" ]; then
            unshare -U sleep 30 >/dev/null 2>&1 & c=$!
            while [ "$(readlink /proc/$c/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do :; done
        fi
        if newuidmap $c 0 "$i" 1 2>/dev/null; then echo "$i"; kill -9 $c; wait $c 2>/dev/null; c=; fi
    done
    [ -z "$c" ] || kill -9 $c' sh "$@"
}}
map_of() {{ # user home: the ID map that the user's Podman makes, with a state of its own that is gone afterwards
    install -d -m 700 -o "$1" -g "$1" /run/case "$2/case"
    setpriv --reuid "$1" --regid "$1" --clear-groups env -i HOME="$2" USER="$1" XDG_RUNTIME_DIR=/run/case \
        PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin timeout -k 2 30 podman --root "$2/case/s" --runroot /run/case/r \
        --tmpdir /run/case/t --storage-driver vfs unshare cat /proc/self/uid_map 2>/dev/null
    for p in /run/case/t/pause.pid /run/case/libpod/tmp/pause.pid; do [ ! -s $p ] || kill -9 "$(cat $p)"; done
    rm -rf /run/case "$2/case" "/dev/shm/libpod_rootless_lock_$(id -u "$1")"
}}
for f in *.text; do
    n=${{f%.text}}
    cp "$f" /etc/subuid
    cp "$f" /etc/subgid
    for u in {" ".join(ASKED)}; do
        ask $u $(cat "$n.ids") >"$n.$u.granted"
        if command -v getsubids >/dev/null; then getsubids $u >"$n.$u.listed" 2>/dev/null; fi
    done
    if [ -e "$n.podman" ]; then map_of alice /home/alice >"$n.map" || :; fi
done
true
"""


@dataclass
class Compared:
    """What came of a comparison: the disagreements, and how much was compared."""

    found: list[str] = field(default_factory=list)
    granted: int = 0
    """IDs that newuidmap granted."""
    odd: int = 0
    """Those among them that stand in a line which is not plain."""
    maps: int = 0
    """ID maps that Podman made."""


def compare(host: Host, cases: Iterable[Case], *, whole_file: bool, podman: int = 0) -> Compared:
    """Ask the real newuidmap and getsubids of a host, and say where podstead reads a file otherwise.

    ``whole_file``: this host's shadow refuses a file whose last line has no newline (4.20). ``podman``: ask the real
    Podman as well, for one file in so many.
    """
    numbered = list(enumerate(cases))
    folder = host.path(_FOLDER)
    host.sh(f"rm -rf {_FOLDER}; mkdir {_FOLDER}; "
            + "".join(f"id {name} >/dev/null 2>&1 || useradd -u {uid} {name}; " for name, uid in UIDS.items()))  # fmt: skip
    for number, case in numbered:
        (folder / f"{number:06}.text").write_bytes(case.text.encode("utf-8", "surrogateescape"))
        if podman and number % podman == 0:
            (folder / f"{number:06}.podman").touch()
        (folder / f"{number:06}.ids").write_text(" ".join(map(str, case.questions)))
    host.sh("cp -p /etc/subuid /root/subuid.kept; cp -p /etc/subgid /root/subgid.kept")
    try:
        host.root(["sh", "-s"], input=_ASK, timeout=3600)
    finally:
        host.sh("mv /root/subuid.kept /etc/subuid; mv /root/subgid.kept /etc/subgid")
    result = Compared()
    for number, case in numbered:
        for user in ASKED:
            granted = [int(word) for word in (folder / f"{number:06}.{user}.granted").read_text().split()]
            listed_at = folder / f"{number:06}.{user}.listed"
            listed = _listed(listed_at.read_text()) if listed_at.exists() else None
            result.granted += len(granted)
            result.odd += sum(not any(one in plain for plain in case.plain(user)) for one in granted)
            result.found += [
                f"{one}: {user}, granted {granted}, listed {listed}, file {case.text!r}"
                for one in _wrong(case, user, granted, listed, whole_file=whole_file)
            ]
        shown = folder / f"{number:06}.map"
        if shown.exists():
            text = shown.read_text()
            result.maps += bool(text.strip())
            result.found += [
                f"{one}: map {text.split()}, file {case.text!r}" for one in _wrong_map(case, text)
            ]
    host.sh(f"rm -rf {_FOLDER}")
    return result


def _wrong_map(case: Case, text: str) -> Iterator[str]:
    """Where Podman's own reading of a file is another than podstead's."""
    found = IdMap.parse(text)
    taken, plain = case.taken("alice"), case.plain("alice")
    for extent in found.extents[1:]:
        last = extent.outside + extent.count - 1
        if (
            not any(one.start <= extent.outside and last <= one.last for one in taken)
            and not case.file.unreadable_lines
        ):
            yield f"Podman maps {extent}, which podstead does not see"
    clash = any(one.overlaps(other) for one, other in combinations(plain, 2))
    if plain and not case.file.bad and not clash and not case.file.unfinished and found.extents:
        expected = IdMap.expected(UIDS["alice"], plain)
        if not found.same_ids(expected):
            yield f"Podman maps {found}, podstead expects {expected}"


def _listed(text: str) -> list[IdRange]:
    rows = (line.rsplit(None, 2) for line in text.splitlines())
    numbers = (
        (int(row[1]), int(row[2])) for row in rows if len(row) == 3 and row[1].isdigit() and row[2].isdigit()
    )
    return [IdRange(start, min(count, 2**32 - start)) for start, count in numbers if count and start < 2**32]


def _wrong(
    case: Case, user: str, granted: list[int], listed: list[IdRange] | None, *, whole_file: bool
) -> Iterator[str]:
    taken, plain = case.taken(user), case.plain(user)
    open_question = bool(case.file.unreadable_lines)
    for number in granted:
        if not any(number in one for one in taken) and not open_question:
            yield f"newuidmap grants {number}, which podstead takes for free"
        if case.offered and number in case.offered:
            yield f"newuidmap grants {number}, which podstead would allocate to eve"
    for one in listed or ():
        if (
            not any(other.start <= one.start and one.last <= other.last for other in taken)
            and not open_question
        ):
            yield f"getsubids lists {one}, which podstead does not see"
        if case.offered and one.overlaps(case.offered):
            yield f"getsubids lists {one}, and podstead would allocate {case.offered} to eve"
    if whole_file and case.file.unfinished:
        return
    for one in plain:
        if not all(number in granted for number in (one.start, one.last) if number in case.questions):
            yield f"newuidmap refuses a part of {one}, which podstead takes for granted"


def cases(seed: int, count: int) -> list[Case]:
    return [Case.of(text) for text in islice(texts(seed), count)]
