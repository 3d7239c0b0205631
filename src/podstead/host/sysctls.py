"""Kernel settings as they are found: live values, and every line that is read at boot.

sysctl.d(5): files are sorted by name whatever their folder, a name in /etc hides the same name in /run and /usr/lib, and
the last assignment wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from podstead.host.frames import Records
from podstead.host.own_file import OwnFile
from podstead.host.sysctls_boot import Assignment, assignments, read_at_boot

DROP_IN = "/etc/sysctl.d/99-podstead.conf"

#: What the kernel starts with (ip-sysctl documentation); other keys have no default that can be known.
KERNEL_DEFAULTS: Mapping[str, str] = {
    "net.ipv4.ip_unprivileged_port_start": "1024",
    "net.ipv4.ping_group_range": "1 0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SysctlsState:
    """Live values; what is set at boot by each key, in its order (the last one wins); our drop-in, and known defaults."""

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
        boot=assignments(
            read_at_boot(names, systemd=systemd), records.lines("sysctl-lines"), live, own=DROP_IN
        ),
        drop_in=OwnFile.from_records(records, DROP_IN),
        defaults=defaults,
    )
