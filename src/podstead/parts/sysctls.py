"""Kernel settings as they are found: live values, and every line that is read at boot.

sysctl.d(5): files are sorted by name whatever their folder, a name in /etc hides the same name in /run and /usr/lib, and
the last assignment wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from podstead.change import OwnFile
from podstead.frames import Records

DROP_IN = "/etc/sysctl.d/99-podstead.conf"

#: Keys that only some kernels have; elsewhere there is nothing to set.
OPTIONAL = frozenset({"kernel.unprivileged_userns_clone", "kernel.apparmor_restrict_unprivileged_userns"})

#: What the kernel starts with (ip-sysctl documentation); other keys have no default that can be known.
KERNEL_DEFAULTS: Mapping[str, str] = {
    "net.ipv4.ip_unprivileged_port_start": "1024",
    "net.ipv4.ping_group_range": "1 0",
}

_FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")


@dataclass(frozen=True, slots=True)
class Assignment:
    """One ``key = value`` in a file that is read at boot."""

    path: str
    line: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SysctlsState:
    """Live values, and every assignment of interest in the order of boot (the last one wins)."""

    live: Mapping[str, str]
    read_only: frozenset[str]
    boot: Mapping[str, tuple[Assignment, ...]]
    drop_in: OwnFile
    defaults: Mapping[str, str]


def path_of(key: str) -> str:
    """The file below ``/proc/sys`` (sysctl(8): dots and slashes change places)."""
    return key.replace(".", "/")


def parse(records: Records) -> SysctlsState:
    live, read_only = {}, set()
    for line in records.lines("sysctl"):
        name, _, value = line.partition(":")
        if name.startswith("!"):
            read_only.add(name[1:].replace("/", "."))
        elif name:
            live[name.replace("/", ".")] = " ".join(value.split())
    defaults = dict(KERNEL_DEFAULTS)
    threads = re.search(
        r"^/proc/sys/kernel/threads-max:([0-9]{1,12})$", records.text("files") or "", re.MULTILINE
    )
    if threads:
        # ucounts_init() in kernel/ucount.c: every user.max_*_namespaces starts at threads-max / 2
        defaults["user.max_user_namespaces"] = str(int(threads[1]) // 2)
    names = records.lines("sysctl-names")
    systemd = any(":/run/systemd/system" in record.text for record in records.all("stat"))
    return SysctlsState(
        live=live,
        read_only=frozenset(read_only),
        boot=_boot(_read_at_boot(names, systemd=systemd), records.lines("sysctl-lines")),
        drop_in=OwnFile.seen(records, DROP_IN),
        defaults=defaults,
    )


def _read_at_boot(names: list[str], *, systemd: bool) -> list[str]:
    """Without systemd, /etc/sysctl.conf is read last; systemd-sysctl reads it only where a link stands for it."""
    passed_over = {"/etc/sysctl.conf"} if systemd or "!linked" in names else set()
    return [name for name in names if name.startswith("/") and name not in passed_over]


def _boot(names: list[str], lines: list[str]) -> dict[str, tuple[Assignment, ...]]:
    """Every assignment by key, in the order in which systemd-sysctl (or OpenRC) applies them."""
    chosen: dict[str, str] = {}
    for path in names:
        folder, _, base = path.rpartition("/")
        if folder in _FOLDERS and (
            base not in chosen or _FOLDERS.index(folder) < _FOLDERS.index(chosen[base].rpartition("/")[0])
        ):
            chosen[base] = path
    effective = {path: base for base, path in chosen.items()}
    if "/etc/sysctl.conf" in names:
        effective["/etc/sysctl.conf"] = "\uffff"
    found: dict[str, list[tuple[str, Assignment]]] = {}
    for line in lines:
        match = re.match(r"(/.*?\.conf):([0-9]{1,9}):\s*-?\s*([^=\s]+)\s*=\s*(.*)", line)
        if match and match[1] in effective:
            key = match[3].replace("/", ".")
            found.setdefault(key, []).append(
                (effective[match[1]], Assignment(match[1], int(match[2]), " ".join(match[4].split())))
            )
    return {
        key: tuple(one for _, one in sorted(given, key=lambda item: (item[0], item[1].line)))
        for key, given in found.items()
    }
