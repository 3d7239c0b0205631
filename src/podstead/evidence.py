"""What the probe of one user brought back, parsed. Nothing that a host says can raise here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from podstead import frames
from podstead.frames import Records
from podstead.ranges import IdMap


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a command ended and what it said (its last 40000 bytes)."""

    code: int
    said: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def last(self) -> str:
        """The line that most likely says why."""
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self.code}, without a word"


@dataclass(frozen=True, slots=True)
class Bind:
    """One attempt to bind a port: ``result`` is "ok" or an errno."""

    family: int
    port: int
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything about one user. What is None or missing was not looked at."""

    context: str = ""
    complete: bool = False
    who: tuple[str, ...] = ()
    passwd: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, str] = field(default_factory=dict)
    own_map: IdMap | None = None
    access: frozenset[str] = frozenset()
    label: str = ""
    helper_stat: str = ""
    helper_mount: str = ""
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    maps: Mapping[str, str] = field(default_factory=dict)
    podman: str | None = None
    owned: str = ""
    volume: str = ""
    detached: str | None = None
    process: str = ""
    binds: tuple[Bind, ...] | None = None
    icmp: Mapping[int, str] = field(default_factory=dict)
    denied: str | None = None


def parse(output: Sequence[str] | str, *, nonce: str | None = None) -> Evidence:
    """Read the output of a probe. Raises :class:`~podstead.errors.LookError` for anything that is none."""
    return from_records(frames.decode(output, kind="probe", nonce=nonce))


def from_records(records: Records) -> Evidence:
    binds, icmp = _sockets(records)
    said = {record.argument: record.text for record in records.all("said")}
    return Evidence(
        context=next((record.argument for record in records.all("context")), ""),
        complete=records.text("probed") is not None,
        who=tuple(records.lines("who")),
        passwd=(records.text("passwd") or "").strip(),
        environment=_pairs(records.lines("environment"), "="),
        status=_pairs(records.lines("status"), ":"),
        own_map=id_map(records.text("own-map")),
        access=frozenset(records.lines("access")),
        label=(records.text("label") or "").strip("\0\n "),
        helper_stat=(records.text("helper-stat") or "").strip(),
        helper_mount=(records.text("helper-mount") or "").strip(),
        attempts={
            record.argument: Attempt(int(record.text), said.get(record.argument, ""))
            for record in records.all("rc")
            if re.fullmatch(r"\d{1,3}\s*", record.text)
        },
        maps={record.argument: record.text for record in records.all("map")},
        podman=records.text("podman"),
        owned=(records.text("owned") or "").strip(),
        volume=(records.text("volume") or "").strip(),
        detached=records.text("detached"),
        process=(records.text("process") or "").strip(),
        binds=binds,
        icmp=icmp,
        denied=records.text("denied"),
    )


def sections(said: str) -> dict[str, str]:
    """Split what a script printed under ``--NAME`` lines; warnings that Podman prints before are passed over."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in said.splitlines():
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
