"""What each change means, by the id it has in a plan."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that has an id. In ids of changes, NAME and KEY stand for what differs.

    A failure mode has a reference, too (B03), and says what it breaks, what programs print, what mends it on which
    family of distributions, what that costs, and which checks show it.
    """

    id: str
    title: str
    severity: str = ""
    why: str
    remedy: str
    sources: tuple[str, ...]
    ref: str = ""
    breaks: str = ""
    symptoms: tuple[str, ...] = ()
    remedies: Mapping[str, str] = field(default_factory=dict)
    costs: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    undetected: str = ""

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Label and text of everything but the title."""
        by_family = tuple((f"On {family}", text) for family, text in self.remedies.items() if family != "any")
        rows = (
            ("Breaks", self.breaks),
            ("Why", self.why),
            ("You may see", " | ".join(self.symptoms)),
            ("By hand", self.remedy),
            *by_family,
            ("Costs", ", ".join(self.costs)),
            ("Shown by", " ".join(self.checks)),
            ("Not detected", self.undetected),
            ("Sources", "; ".join(self.sources)),
        )
        return tuple((label, text) for label, text in rows if text)

    def text(self, width: int = 80) -> str:
        """The entry as a person reads it."""
        name = " ".join(part for part in (self.ref, self.id) if part)
        rows = [f"{name}  {self.title}" + (f"  ({self.severity})" if self.severity else "")]
        for label, text in self.rows:
            # commands stay on one line: they are there to be pasted
            command = label.startswith(("By hand", "On "))
            first = f"{label}: "
            filled = textwrap.fill(
                text, width, initial_indent=first, subsequent_indent="  ", break_on_hyphens=False
            )
            rows.append(f"{first}{text}" if command else filled)
        return "\n".join(rows)


def _change(change_id: str, title: str, why: str, remedy: str, *sources: str) -> Entry:
    return Entry(id=change_id, title=title, why=why, remedy=remedy, sources=sources)


CHANGES: tuple[Entry, ...] = (
    _change(
        "packages:NAME:privileges",
        "give newuidmap or newgidmap its privileges back",
        "Without the setuid bit and without file capabilities the helpers can write no ID map. They get what their package "
        "gives them: the setuid bit, or on Fedora and its kin a file capability, never both.",
        "chmod 4755 /usr/bin/newuidmap (Fedora: setcap cap_setuid+ep /usr/bin/newuidmap)",
        "newuidmap(1)",
        "podman#2788",
    ),
    _change(
        "host:NAME:cause",
        "something that is not podstead's to change stands in the way",
        "A mount option, a kernel, an outer container, a file of somebody else's: apply refuses it and says what to do. The "
        "last part of the id is a failure mode: podstead explain knows it, too.",
        "See the remedy that is printed with it.",
        "podstead explain",
    ),
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
        "subids:subuid:lock",
        "remove the lock of a process that is gone",
        "A tool that was killed leaves /etc/subuid.lock or /etc/subgid.lock behind. useradd and usermod take such a lock "
        "over when they next need it; one that names no process is refused, because it may be anybody's.",
        "rm /etc/subuid.lock, where the process that it names (cat /etc/subuid.lock) does not exist",
        "shadow lib/commonio.c",
    ),
    _change(
        "subids:subuid:link",
        "/etc/subuid (or /etc/subgid) is no regular file",
        "newuidmap, usermod and useradd open regular files only, so no range behind a symbolic link is granted. Writing "
        "through it could change a file that somebody else owns.",
        'cp --remove-destination "$(readlink -f /etc/subuid)" /etc/subuid && chmod 0644 /etc/subuid',
        "shadow lib/commonio.c",
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
        "somebody has set it otherwise",
        "A line of the administrator's is a decision, wherever its file sorts: a hardening rule, or the mitigation of a "
        "vulnerability; so is one with a pattern that fits the key. A file that sorts after podstead's wins at boot in any case.",
        "Find out why the line is there; change or remove it, or allow it: podstead apply --allow sysctls:KEY:boot.",
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
        "session:NAME:look",
        "could not look at a user",
        "Everything about a user is looked at with the user's own rights and within a time limit that root holds. A user of "
        "whom something hangs, or as whom no program can be run, is left as found; all others are served.",
        "timeout -k 2 20 runuser -u NAME -- ls -la ~NAME/.config/containers /run/user/UID, then run podstead again",
        "runuser(1)",
        "fs/fuse/dev.c",
    ),
    _change(
        "storage:NAME:look",
        "could not look at the storage of a user",
        "The driver of a user's storage is settled by files that only a look at this user shows; see session:NAME:look.",
        "timeout -k 2 20 runuser -u NAME -- ls -la ~NAME/.config/containers /run/user/UID, then run podstead again",
        "containers-storage.conf(5)",
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
        "Settings in drop-ins survive upgrades and Podman 6, which reads only one main file. Refused where another value in "
        "force, also of a setting that was taken out, would break what anybody's Podman has made under the old one.",
        "Write the tables of containers.conf to a file in that folder.",
        "containers.conf(5)",
    ),
)
