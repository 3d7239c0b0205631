"""What kind of machine a host is: its distribution, its kernel, who podstead is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from podstead.host.families import OTHER, family_of
from podstead.host.family import Family
from podstead.host.frames import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What kind of machine a host is."""

    os_id: str = ""
    version_id: str = ""
    pretty_name: str = ""
    family: Family = OTHER
    kernel: str = ""
    init: str = ""
    systemd: bool = False
    euid: int = -1
    user: str = ""
    container: bool = False
    tools: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_root(self) -> bool:
        return self.euid == 0

    @property
    def kernel_version(self) -> tuple[int, int]:
        match = re.match(r"(\d+)\.(\d+)", self.kernel)
        return (int(match[1]), int(match[2])) if match else (0, 0)

    @property
    def name(self) -> str:
        return (
            self.pretty_name
            or " ".join(part for part in (self.os_id, self.version_id) if part)
            or "unknown system"
        )


def by_path(lines: Iterable[str]) -> dict[str, list[str]]:
    """Group ``path:line`` output of grep by path. Paths are podstead's own and hold no colon."""
    grouped: dict[str, list[str]] = {}
    for line in lines:
        path, colon, rest = line.partition(":")
        if colon:
            grouped.setdefault(path, []).append(rest)
    return grouped


def parse(records: Records) -> Platform:
    """Read the platform out of an observation."""
    files = by_path(records.lines("files"))
    release = _os_release(files.get("/etc/os-release") or files.get("/usr/lib/os-release") or [])
    identity = (records.text("id") or "").split()
    stats = "\n".join(record.text for record in records.all("stat"))
    id_like = release.get("ID_LIKE", "").split()
    return Platform(
        os_id=release.get("ID", ""),
        version_id=release.get("VERSION_ID", ""),
        pretty_name=release.get("PRETTY_NAME", ""),
        family=family_of([release.get("ID", ""), *id_like]),
        kernel=_first(files, "/proc/sys/kernel/osrelease"),
        init=_first(files, "/proc/1/comm"),
        systemd=":/run/systemd/system" in stats,
        euid=int(identity[0]) if identity and re.fullmatch("[0-9]{1,10}", identity[0]) else -1,
        user=identity[1] if len(identity) > 1 else "",
        container=":/run/.containerenv" in stats or ":/.dockerenv" in stats,
        tools=records.pairs("tools"),
    )


def _first(files: Mapping[str, list[str]], path: str) -> str:
    return next(iter(files.get(path, [])), "").strip()


def _os_release(lines: Iterable[str]) -> dict[str, str]:
    values = {}
    for line in lines:
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            values[key] = value.strip().strip("\"'")
    return values
