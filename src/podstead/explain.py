"""What checks and changes mean, for ``podstead explain`` and the generated reference."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from podstead.checks import CHECKS
from podstead.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that has an id. In ids of changes, NAME and KEY stand for what differs."""

    id: str
    title: str
    severity: str = ""
    why: str
    remedy: str
    sources: tuple[str, ...]

    def text(self, width: int = 80) -> str:
        """The entry as a person reads it."""
        rows = [f"{self.id}  {self.title}" + (f"  ({self.severity})" if self.severity else "")]
        for label, text in (
            ("Why", self.why),
            ("By hand", self.remedy),
            ("Sources", "; ".join(self.sources)),
        ):
            rows.append(textwrap.fill(text, width=width, initial_indent=f"{label}: ", subsequent_indent="  "))
        return "\n".join(rows)


def _change(change_id: str, title: str, why: str, remedy: str, *sources: str) -> Entry:
    return Entry(id=change_id, title=title, why=why, remedy=remedy, sources=sources)


CHANGES: tuple[Entry, ...] = (
    _change(
        "packages:install:names",
        "install Podman and what this version of it needs",
        "Distributions only recommend the uid-map tools, the network tool and the session bus; without them rootless fails.",
        "apt-get install podman uidmap dbus-user-session passt (Podman 5) or slirp4netns (Podman 4)",
        "podman rootless_tutorial.md",
    ),
    _change(
        "packages:NAME:version",
        "a package is not of the version that the spec asks for",
        "podstead installs what the host's own package sources have and never adds one.",
        "Use a release or a package source that has it, or relax packages.NAME.version.",
        "PEP 440",
    ),
    _change(
        "accounts:NAME:exists",
        "create an account",
        "Only done where the spec says create: true.",
        "useradd -m NAME",
        "useradd(8)",
    ),
    _change(
        "accounts:NAME:uid",
        "an account cannot have this UID",
        "Another account has it, or it is 0: Podman of UID 0 is not rootless.",
        "Choose another UID or another user.",
        "passwd(5)",
    ),
    _change(
        "subids:NAME:ranges",
        "grant subordinate UIDs and GIDs",
        "The range is free of other owners, accounts and reserved blocks, the same for UIDs and GIDs, and aligned to "
        "65536. Existing good ranges are never moved: files in container storage carry their IDs.",
        "usermod --add-subuids FIRST-LAST --add-subgids FIRST-LAST NAME",
        "subuid(5)",
        "usermod(8)",
        "systemd docs/UIDS-GIDS.md",
    ),
    _change(
        "subids:files:read",
        "the ranges could not be read",
        "A file that cannot be read is no empty file: planning from it would hand out IDs that somebody has.",
        "Run with --become, or as root.",
        "subuid(5)",
    ),
    _change(
        "subids:subuid:exists",
        "create /etc/subuid (or /etc/subgid)",
        "useradd silently hands out nothing, and usermod refuses, where the file is missing.",
        "touch /etc/subuid && chmod 0644 /etc/subuid",
        "useradd(8)",
    ),
    _change(
        "subids:subuid:mode",
        "make /etc/subuid (or /etc/subgid) readable for all",
        "Podman reads it as the user; newuidmap does not need to, so only Podman fails.",
        "chmod 0644 /etc/subuid /etc/subgid",
        "subuid(5)",
    ),
    _change(
        "subids:subuid:lines",
        "mend damaged lines in /etc/subuid (or /etc/subgid)",
        "Trailing blanks and CRLF make shadow pass a line over, and a repeated range makes the kernel refuse the map.",
        "Edit the file with vipw-like care: one NAME:START:COUNT a line, no blanks, no repeats.",
        "subuid(5)",
        "podman#3636",
    ),
    _change(
        "sysctls:KEY:live",
        "set a kernel value now",
        "Judged by need: a value that is already better is left alone.",
        "sysctl -w KEY=VALUE",
        "sysctl(8)",
    ),
    _change(
        "sysctls:KEY:boot",
        "another file wins at boot",
        "sysctl.d files are read in the order of their names, and the last assignment counts.",
        "Change or remove the line that is named.",
        "sysctl.d(5)",
    ),
    _change(
        "sysctls:drop-in:content",
        "write /etc/sysctl.d/99-podstead.conf",
        "The values must be there after a reboot, too. The file is podstead's own.",
        "Write KEY = VALUE lines to a file in /etc/sysctl.d.",
        "sysctl.d(5)",
    ),
    _change(
        "session:delegate:controllers",
        "delegate cgroup controllers to users",
        "Without it --cpus and other limits have no effect for rootless containers. Takes effect at a user's next login.",
        "/etc/systemd/system/user@.service.d/50-podstead.conf with [Service] Delegate=..., systemctl daemon-reload",
        "systemd.resource-control(5)",
        "podman troubleshooting.md 26",
    ),
    _change(
        "session:NAME:linger",
        "let the user's services run without a login",
        "Without linger, containers end at logout and /run/user/UID goes away under them.",
        "loginctl enable-linger NAME",
        "loginctl(1)",
        "podman troubleshooting.md 17 and 21",
    ),
    _change(
        "session:NAME:bus",
        "start the user's session bus",
        "A user manager that was started before the bus was installed has none; Podman then falls back to cgroupfs.",
        "systemctl start user@UID; as the user: systemctl --user daemon-reload, systemctl --user start dbus.socket",
        "systemd user@.service(5)",
    ),
    _change(
        "session:NAME:migrate",
        "let Podman take up a changed ID map",
        "A pause process keeps the namespace of the first command. Stops the user's running containers, so it is refused "
        "while there are any unless allowed by name.",
        "as the user: podman system migrate",
        "podman-system-migrate(1)",
    ),
    _change(
        "storage:driver:system",
        "settle the storage driver before the first use",
        "Podman before 4.6 takes vfs when no file names a driver, and the driver of the first use stays.",
        'driver = "overlay" under [storage] in /etc/containers/storage.conf',
        "containers-storage.conf(5)",
        "podman#5114",
    ),
    _change(
        "storage:NAME:driver",
        "a user has storage of another driver",
        "Podman keeps the driver of the first use in the user's database; another one is ignored.",
        "Save what is needed, then as the user: podman system reset (removes all containers and images).",
        "podman-system-reset(1)",
    ),
    _change(
        "engine:drop-in:content",
        "write /etc/containers/containers.conf.d/50-podstead.conf",
        "Settings in drop-ins survive upgrades and Podman 6, which reads only one main file.",
        "Write the tables of containers.conf to a file in that folder.",
        "containers.conf(5)",
    ),
)


def entries() -> Iterator[Entry]:
    """Everything that can be explained, checks first."""
    for check in CHECKS.values():
        yield Entry(
            id=check.id,
            title=check.title,
            severity=check.severity.value,
            why=check.why,
            remedy=check.remedy,
            sources=check.sources,
        )
    yield from CHANGES


def find(name: str) -> Entry:
    """The entry for a check's or a change's id. Raises InputError with the nearest ids."""
    known = {entry.id: entry for entry in entries()}
    wanted = name.upper() if name.upper() in known else name
    if wanted in known:
        return known[wanted]
    for pattern, entry in known.items():
        if _matches(pattern, name):
            return entry
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else "'podstead explain' lists all"
    raise InputError.one(f"nothing has the id {name!r}", hint=hint)


def _matches(pattern: str, name: str) -> bool:
    want, have = pattern.split(":"), name.split(":")
    if len(want) != len(have) or len(want) != 3 or want[0] != have[0]:
        return False
    middle = want[1] in ("NAME", "KEY") or want[1] == have[1] or (want[1] == "subuid" and have[1] == "subgid")
    return middle and want[2] == have[2]
