"""What the probe of one user brought back, parsed. Nothing that a host says can raise here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from podstead.host import frames
from podstead.host.frames import Record, Records
from podstead.ids.ranges import IdMap
from podstead.proof.engine_evidence import Attempt, Graph, Info, graph_of, info_of


@dataclass(frozen=True, slots=True)
class Bind:
    """One attempt to bind a port: ``result`` is "ok" or an errno."""

    family: int
    port: int
    result: str


#: Commands that have fields of their own.
_STARTS = frozenset({"info", "start", "list", "policy"})

#: Counter-proofs: these attempts must fail.
REFUSALS = frozenset({"uid-over", "gid-over", "other", "host-root", "raw"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything about one user. What is None or missing was not looked at."""

    context: str = ""
    complete: bool = False
    seconds: int | None = None
    """How long a probe ran that did not come to its end."""
    who: tuple[str, ...] = ()
    passwd: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, str] = field(default_factory=dict)
    own_map: IdMap | None = None
    access: frozenset[str] = frozenset()
    limits: Mapping[str, str] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    helper_stat: str = ""
    apparmor_label: str = ""
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    maps: Mapping[str, str] = field(default_factory=dict)
    podman: str | None = None
    fresh_info: Info | None = None
    """What Podman chooses for a new user: ``podman info`` of a storage of the probe's own, or of the user's where that is new."""
    user_info: Info | None = None
    """``podman info`` as the user would run it, with the user's own files and storage."""
    listed: Attempt | None = None
    """``podman ps``, likewise: it opens the storage, the database and the locks."""
    policy: Attempt | None = None
    """A pull that must fail, after the signature policy has been read."""
    has_database: bool = False
    """The user has used Podman before."""
    large: tuple[str, ...] = ()
    """Files of the storage of which there was no copy to write to: "bound PATH", to read alone, or "left PATH", empty."""
    graph: Graph | None = None
    configs: Mapping[str, str] = field(default_factory=dict)
    """The texts of the user's and the host's files for Podman by path, the user's first; only where Podman complained."""
    owner_of_5_5: str = ""
    credentials: str = ""
    container_output: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    keep_id_file_owner: str = ""
    controllers: frozenset[str] | None = None
    in_pod: bool = False
    """The container that has everything ran in a pod."""
    process: str = ""
    binds: tuple[Bind, ...] | None = None
    icmp: Mapping[int, str] = field(default_factory=dict)
    denied: str | None = None
    peer: str = ""
    """The user whose container's file and process this user tried to reach."""
    peer_changed: bool = False
    """Root saw other things there than that container's file and process, or saw them change while that was tried."""
    reached: Mapping[str, bool] | None = None
    """What of it could be reached: "user read", "user signal", "root read", "root signal"."""

    @property
    def info_with_database(self) -> Info | None:
        """``podman info`` of a user who has used Podman before."""
        return self.user_info if self.has_database else None

    @property
    def starts(self) -> bool | None:
        """Whether the user's own Podman starts: None where that was not tried."""
        tried = self.listed or (self.user_info.ran if self.user_info else None)
        return None if tried is None else tried.ok

    @property
    def failure_output(self) -> str:
        """All that was said by what failed and should not have, for causes that are known by their words."""
        return "\n".join(
            attempt.output
            for name, attempt in self.attempts.items()
            if not attempt.ok and name not in REFUSALS
        )


def parse(output: Sequence[str] | str, *, nonce: str | None = None) -> dict[str, Evidence]:
    """Read what was seen of each user who was proved. Root's part of the script drew the nonce of each.

    Raises :class:`~podstead.errors.LookError` where there is no such answer, or not of the run with this ``nonce``.
    """
    outer = frames.decode(output, kind="probe", nonce=nonce)
    return {
        name: _evidence_of(outer, name, own)
        for name, own, _ in _by_user(outer, "nonce")
        if name and re.fullmatch("[0-9a-f]{32}", own)
    }


def _by_user(outer: Records, key: str) -> Iterator[tuple[str, str, Record]]:
    """The records of a key whose argument is ``USER VALUE``: user, value, record."""
    for record in outer.all(key):
        user, _, value = record.argument.rpartition(" ")
        yield user, value, record


def _evidence_of(outer: Records, name: str, nonce: str) -> Evidence:
    context = next((word for user, word, _ in _by_user(outer, "context") if user == name), "")
    peer, reached = _peer(outer, name)
    inner = frames.split(frames.unpack(outer.text("probe", name) or ""), nonce)
    if inner.text("probed") is None:
        # the last record was being written when the output ended: half of it would look like all of it
        inner = Records(inner.items[:-1])
    return from_records(
        inner,
        context=context,
        denied=outer.text("denied", name),
        peer=peer,
        peer_changed=any(user == name for user, _, _ in _by_user(outer, "peer-changed")),
        reached=reached,
        seconds=_cut(outer, name),
    )


def _cut(outer: Records, name: str) -> int | None:
    for user, seconds, _ in _by_user(outer, "cut"):
        if user == name and re.fullmatch("[0-9]{1,6}", seconds):
            return int(seconds)
    return None


def _peer(outer: Records, name: str) -> tuple[str, Mapping[str, bool] | None]:
    for user, peer, record in _by_user(outer, "peer"):
        if user == name:
            text = frames.unpack(record.text).decode("utf-8", "backslashreplace")
            found = {
                f"{who} {what}": not refused
                for who, refused, what in re.findall(r"^(user|root) (no-)?(read|signal)$", text, re.MULTILINE)
            }
            return peer, found or None
    return "", None


def from_records(
    records: Records,
    *,
    context: str = "",
    denied: str | None = None,
    peer: str = "",
    peer_changed: bool = False,
    reached: Mapping[str, bool] | None = None,
    seconds: int | None = None,
) -> Evidence:
    binds, icmp = _sockets(records)
    outputs = {record.argument: record.text for record in records.all("said")}
    complete = records.text("probed") is not None
    database = records.lines("database")[:1]
    attempts = {
        record.argument: Attempt(int(record.text), outputs.get(record.argument, ""))
        for record in records.all("rc")
        if re.fullmatch(r"[0-9]{1,3}\s*", record.text) and (complete or record.argument in outputs)
    }
    user_info = info_of(records, attempts, "start")
    return Evidence(
        context=context,
        complete=complete,
        seconds=seconds,
        who=tuple(records.lines("who")),
        passwd=(records.text("passwd") or "").strip(),
        environment=_pairs(records.lines("environment"), "="),
        status=_pairs(records.lines("status"), ":"),
        own_map=id_map(records.text("own-map")),
        access=frozenset(records.lines("access")),
        limits=_limits(records.lines("limits")),
        helpers=records.pairs("helpers"),
        helper_stat=(records.text("helper-stat") or "").strip(),
        apparmor_label=(records.text("label") or "").strip("\0\n "),
        attempts={name: attempt for name, attempt in attempts.items() if name not in _STARTS},
        maps={record.argument: record.text for record in records.all("map")},
        podman=records.text("podman"),
        fresh_info=info_of(records, attempts, "info") or (user_info if database == ["no"] else None),
        user_info=user_info,
        listed=attempts.get("list"),
        policy=attempts.get("policy"),
        has_database=database == ["yes"],
        large=tuple(line for line in records.lines("large") if line),
        graph=graph_of(records.lines("graph")),
        configs={record.argument: record.text for record in records.all("config")},
        owner_of_5_5=(records.text("owned") or "").strip(),
        credentials=(records.text("credentials") or "").strip(),
        container_output={record.argument: record.text for record in records.all("told")},
        volumes={record.argument: record.text.strip() for record in records.all("volume")},
        keep_id_file_owner=(records.text("kept") or "").strip(),
        controllers=None
        if records.text("controllers") is None
        else frozenset((records.text("controllers") or "").split()),
        in_pod=records.text("pod") is not None,
        process=(records.text("process") or "").strip(),
        binds=binds,
        icmp=icmp,
        denied=denied,
        peer=peer,
        peer_changed=peer_changed,
        reached=None if peer_changed else reached,
    )


def _limits(lines: Sequence[str]) -> dict[str, str]:
    """Hard limits out of /proc/self/limits by their names (proc(5)): columns stand at least two blanks apart."""
    found = {}
    for line in lines:
        fields = re.split(r" {2,}", line[:200].strip())
        if len(fields) >= 3 and fields[0].startswith("Max "):
            found[fields[0].removeprefix("Max ")] = fields[2]
    return found


def sections(output: str) -> dict[str, str]:
    """Split what a script printed under ``--NAME`` lines; warnings that Podman prints before are passed over."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in output.splitlines():
        if re.fullmatch("--[a-z]+", line):
            lines = found.setdefault(line[2:], [])
        else:
            lines.append(line)
    return {name: "\n".join(body) for name, body in found.items()}


def id_map(text: str | None) -> IdMap | None:
    """An ID map, or None for text that is none."""
    try:
        return None if text is None else IdMap.parse(text)
    except ValueError:
        return None


def _pairs(lines: Sequence[str], separator: str) -> dict[str, str]:
    split = (line.partition(separator) for line in lines)
    return {name: value.strip() for name, _, value in split if name}


def _sockets(records: Records) -> tuple[tuple[Bind, ...] | None, dict[int, str]]:
    if records.text("sockets") is None:
        return None, {}
    binds, icmp = [], {}
    for line in records.lines("sockets"):
        match = re.fullmatch(r"(bind|icmp) ([46]) (\d{1,5}) (ok|\d{1,3})", line)
        if match and match[1] == "bind":
            binds.append(Bind(int(match[2]), int(match[3]), match[4]))
        elif match:
            icmp[int(match[2])] = match[4]
    return tuple(binds), icmp
