"""What differs between distributions: families, package managers, package names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from podstead.host.frames import Records


class Family(StrEnum):
    """Distributions that share a package manager and package names."""

    DEBIAN = "debian"
    REDHAT = "redhat"
    SUSE = "suse"
    ARCH = "arch"
    ALPINE = "alpine"
    OTHER = "other"


_BY_ID: Mapping[str, Family] = MappingProxyType(
    {
        "debian": Family.DEBIAN,
        "ubuntu": Family.DEBIAN,
        "fedora": Family.REDHAT,
        "rhel": Family.REDHAT,
        "centos": Family.REDHAT,
        "suse": Family.SUSE,
        "opensuse": Family.SUSE,
        "sles": Family.SUSE,
        "arch": Family.ARCH,
        "alpine": Family.ALPINE,
    }
)

#: Role of a package -> its name in a family. Roles, not names, are what the plan reasons about.
PACKAGES: Mapping[Family, Mapping[str, str]] = MappingProxyType(
    {
        Family.DEBIAN: MappingProxyType(
            {
                "podman": "podman",
                "uidmap": "uidmap",
                "crun": "crun",
                "pasta": "passt",
                "slirp4netns": "slirp4netns",
                "netavark": "netavark",
                "aardvark-dns": "aardvark-dns",
                "nftables": "nftables",
                "iptables": "iptables",
                "catatonit": "catatonit",
                "fuse-overlayfs": "fuse-overlayfs",
                "session-bus": "dbus-user-session",
                "pam-systemd": "libpam-systemd",
            }
        ),
        Family.REDHAT: MappingProxyType(
            {
                "podman": "podman",
                "uidmap": "shadow-utils",
                "crun": "crun",
                "pasta": "passt",
                "slirp4netns": "slirp4netns",
                "fuse-overlayfs": "fuse-overlayfs",
            }
        ),
        Family.SUSE: MappingProxyType(
            {
                "podman": "podman",
                "uidmap": "shadow",
                "crun": "crun",
                "pasta": "passt",
                "slirp4netns": "slirp4netns",
            }
        ),
        Family.ARCH: MappingProxyType(
            {
                "podman": "podman",
                "uidmap": "shadow",
                "crun": "crun",
                "pasta": "passt",
                "slirp4netns": "slirp4netns",
            }
        ),
        Family.ALPINE: MappingProxyType(
            {
                "podman": "podman",
                "uidmap": "shadow-subids",
                "usermod": "shadow",
                "crun": "crun",
                "pasta": "passt",
                "slirp4netns": "slirp4netns",
                "fuse-overlayfs": "fuse-overlayfs",
            }
        ),
        Family.OTHER: MappingProxyType({}),
    }
)

#: What podstead does not install, and must know of to explain a failure.
EXPLAINING = ("container-selinux",)

ALL_PACKAGE_NAMES: tuple[str, ...] = tuple(
    sorted({*EXPLAINING, *(name for table in PACKAGES.values() for name in table.values())})
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What kind of machine a host is."""

    os_id: str = ""
    version_id: str = ""
    pretty_name: str = ""
    family: Family = Family.OTHER
    kernel: str = ""
    init: str = ""
    systemd: bool = False
    euid: int = -1
    user: str = ""
    container: bool = False
    uid_map: str = ""
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


def family_of(ids: Iterable[str]) -> Family:
    """The first family that one of ``ID`` and ``ID_LIKE`` belongs to (os-release(5))."""
    for one in ids:
        family = _BY_ID.get(one) or _BY_ID.get(one.split("-")[0])
        if family:
            return family
    return Family.OTHER


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
    who = (records.text("id") or "").split()
    stats = "\n".join(record.text for record in records.all("stat"))
    like = release.get("ID_LIKE", "").split()
    return Platform(
        os_id=release.get("ID", ""),
        version_id=release.get("VERSION_ID", ""),
        pretty_name=release.get("PRETTY_NAME", ""),
        family=family_of([release.get("ID", ""), *like]),
        kernel=_first(files, "/proc/sys/kernel/osrelease"),
        init=_first(files, "/proc/1/comm"),
        systemd=":/run/systemd/system" in stats,
        euid=int(who[0]) if who and re.fullmatch("[0-9]{1,10}", who[0]) else -1,
        user=who[1] if len(who) > 1 else "",
        container=":/run/.containerenv" in stats or ":/.dockerenv" in stats,
        uid_map="\n".join(files.get("/proc/self/uid_map", [])),
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
