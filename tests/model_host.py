"""A host as far as podstead can see it: looked at through the records of the real scripts, changed by the same steps.

It lets a test apply a plan and look again without a machine. The real script is run against real files in
``tests/shell/test_newuidmap_real.py``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from podstead.document.spec import HostSpec
from podstead.host.frames import Record, Records
from podstead.host.state import HostState, from_records
from podstead.ids.ranges import IdMap
from podstead.provision.change import (
    MISSING_FILE,
    Change,
    ClearLock,
    CreateShared,
    EditShared,
    GrantSubids,
    InstallPackages,
    RunAsUser,
    RunCommand,
    SetSysctl,
    Step,
    WaitSocket,
    WriteFile,
    checksum,
)
from podstead.provision.plan import Plan
from podstead.visit.obstacles import intended

NONCE = "0123456789abcdef"
INNER = "00112233445566778899aabbccddeeff"
"""Marks what the look at one user printed."""
SYSTEMD_TOOLS = ("podman", "newuidmap", "newgidmap", "usermod", "useradd", "systemctl", "loginctl")
_SYSCTL_FOLDERS = (
    "/etc/sysctl.d/",
    "/run/sysctl.d/",
    "/usr/local/lib/sysctl.d/",
    "/usr/lib/sysctl.d/",
    "/lib/sysctl.d/",
)


def encode(
    records: Iterable[Record], *, kind: str, nonce: str = NONCE, encoding: str = "base64"
) -> list[str]:
    """What a remote script prints for these records: the shell's framing, written a second time."""
    data = b"".join(
        f"\n@@{nonce} {one.key}{' ' * bool(one.argument)}{one.argument}\n".encode() + one.body
        for one in (*records, Record("end", "", b""))
    )
    if encoding == "base64":
        packed = base64.b64encode(data).decode()
        lines = [packed[at : at + 76] for at in range(0, len(packed), 76)]
    else:
        lines = [" " + data[at : at + 16].hex(" ") for at in range(0, len(data), 16)]
    return ["", f"@@podstead {kind} 1 {nonce} {encoding}", *lines, f"@@podstead end {nonce}"]


def record(key: str, text: str, argument: str = "") -> Record:
    return Record(key, argument, text.encode("utf-8", "surrogateescape"))


def look(seen: Iterable[Record], *, code: int = 0, ends: Sequence[str] = ("looked", "end")) -> str:
    """What root's script packs of the look at one user."""
    items = (*seen, *(Record(key, "", b"") for key in ends))
    data = b"".join(f"\n@@{INNER} {one.key}\n".encode() + one.body for one in items)
    ended = f"\n@@ended {code}\n".encode()
    return f"base64\n{base64.b64encode(data + ended).decode()}\n"


class ChangedSinceError(AssertionError):
    """The guard of a step: the real script would refuse with exit code 75."""


@dataclass(frozen=True)
class ModelAccount:
    uid: int
    gid: int
    home: str = ""

    def line(self, name: str) -> str:
        return f"{name}:x:{self.uid}:{self.gid}::{self.home_of(name)}:/bin/bash"

    def home_of(self, name: str) -> str:
        return self.home or f"/home/{name}"


@dataclass
class ModelHost:
    """Everything is what a fresh Debian with systemd has, unless a test says otherwise."""

    accounts: dict[str, ModelAccount] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=lambda: {"/etc/subuid": "", "/etc/subgid": ""})
    modes: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    live: dict[str, str] = field(default_factory=dict)
    read_only: set[str] = field(default_factory=set)
    login_defs: dict[str, str] = field(default_factory=dict)
    subid_source: str = ""
    directory: dict[str, tuple[str, str]] = field(default_factory=dict)
    threads_max: int = 0
    systemd: bool = True
    init: str = "systemd"
    container: bool = False
    kernel: str = "6.1.0-18-amd64"
    os_id: str = "debian"
    manager: str = "apt"
    installed: dict[str, str] = field(default_factory=dict)
    half_installed: set[str] = field(default_factory=set)
    available: dict[str, str] = field(default_factory=dict)
    has_lists: bool = True
    """Whether the package manager says what is available before it is asked to install it."""
    tools: set[str] = field(default_factory=lambda: set(SYSTEMD_TOOLS))
    capabilities: dict[str, str] = field(default_factory=dict)
    segments: str = ""
    storage_seen: str = ""
    linger: set[str] = field(default_factory=set)
    buses: set[str] = field(default_factory=set)
    runtime_dirs: set[str] = field(default_factory=set)
    pause: dict[str, tuple[IdMap, IdMap]] = field(default_factory=dict)
    pause_program: str = "catatonit"
    running: dict[str, int] = field(default_factory=dict)
    storage: dict[str, str] = field(default_factory=dict)
    facts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    user_facts: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    looks: dict[str, str] = field(default_factory=dict)
    """What came of the look at a user, where it is not what it should be."""
    done: list[tuple[str, ...]] = field(default_factory=list)

    # --- looking ---

    def records(self, users: Iterable[str] = ()) -> list[Record]:
        return [
            record("id", "0 root\n"),
            record("files", self._grep()),
            record("sysctl", self._live()),
            *self._boot(),
            record("login-defs", "".join(f"{key}\t\t{value}\n" for key, value in self.login_defs.items())),
            record("passwd", "root:x:0:0:root:/root:/bin/bash\n" + self._passwd(self.accounts)),
            record("passwd-named", self._passwd(set(users) & self.accounts.keys())),
            record(
                "group", "root:x:0:\n" + "".join(f"{name}:x:{gid}:\n" for name, gid in self.groups.items())
            ),
            *self._files(),
            record("stat", self._stat()),
            record("tools", self._tools()),
            record("lock-segments", self.segments),
            record("storage-seen", self.storage_seen),
            *self._packages(),
            *([record("facts", _values(self.facts))] if self.facts else []),
            *(one for name in sorted(self.directory) for one in self._directory(name)),
            *(one for name in sorted(set(users) & self.accounts.keys()) for one in self._user(name)),
        ]

    def state(self, users: Iterable[str] = ()) -> HostState:
        return from_records(Records(tuple(self.records(users))))

    def frame(
        self,
        users: Iterable[str] = (),
        *,
        kind: str = "observe",
        nonce: str = NONCE,
        first: Sequence[Record] = (),
    ) -> list[str]:
        return encode([*first, *self.records(users)], kind=kind, nonce=nonce)

    def plan(self, spec: HostSpec, allowed: Iterable[str] = ()) -> Plan:
        return intended(spec, self.state(spec.users), allowed=allowed)

    def _grep(self) -> str:
        lines = [
            f"/etc/os-release:ID={self.os_id}",
            f'/etc/os-release:PRETTY_NAME="Model {self.os_id}"',
            f"/proc/1/comm:{self.init}",
            "/etc/nsswitch.conf:passwd: files",
            f"/proc/sys/kernel/osrelease:{self.kernel}",
        ]
        if self.subid_source:
            lines.append(f"/etc/nsswitch.conf:subid:\t{self.subid_source}")
        if self.threads_max:
            lines.append(f"/proc/sys/kernel/threads-max:{self.threads_max}")
        return "\n".join(lines) + "\n"

    def _live(self) -> str:
        values = "".join(f"{key.replace('.', '/')}:{value}\n" for key, value in self.live.items())
        return values + "".join(f"!{key.replace('.', '/')}:read-only\n" for key in sorted(self.read_only))

    def _boot(self) -> list[Record]:
        paths = sorted(path for path in self.files if path.startswith(_SYSCTL_FOLDERS))
        if "/etc/sysctl.conf" in self.files:
            paths.append("/etc/sysctl.conf")
        names = "".join(f"{path}\n" for path in paths) + (
            "!linked\n" if "/etc/sysctl.d/99-sysctl.conf" in self.links else ""
        )
        lines = "".join(
            f"{path}:{number}:{line}\n"
            for path in paths
            for number, line in enumerate(self.files[path].split("\n"), start=1)
            if ("=" in line and not line.partition("=")[0].startswith(("#", ";")))
            or line.lstrip().startswith("-")
        )
        return [record("sysctl-names", names), record("sysctl-lines", lines)]

    def _passwd(self, names: Iterable[str]) -> str:
        return "".join(f"{self.accounts[name].line(name)}\n" for name in sorted(names))

    def _files(self) -> list[Record]:
        seen = [
            record("file", text, path) for path, text in self.files.items() if path not in self.unreadable
        ]
        return seen + [record("unreadable", "", path) for path in self.unreadable]

    def _stat(self) -> str:
        lines = [
            f"{self.modes.get(path, '644')}:0:0:{self.kinds.get(path, 'regular file')}:{path}"
            for path in ("/etc/subuid", "/etc/subgid")
            if path in self.files
        ]
        lines += [
            f"{self.modes.get(path, '4755')}:0:0:regular file:{path}"
            for path in ("/usr/bin/newuidmap", "/usr/bin/newgidmap")
            if path.rpartition("/")[2] in self.tools
        ]
        if self.systemd:
            lines.append("755:0:0:directory:/run/systemd/system")
        if self.container:
            lines.append("644:0:0:regular file:/run/.containerenv")
        return "".join(f"{line}\n" for line in lines)

    def _tools(self) -> str:
        lines = [f"{name} /usr/bin/{name}\n" for name in sorted(self.tools)]
        return "".join(
            [*lines, *(f"cap.{name} /usr/bin/{name} {text}\n" for name, text in self.capabilities.items())]
        )

    def _packages(self) -> list[Record]:
        lines = [f"{name}\t{version}\tinstalled\n" for name, version in self.installed.items()]
        lines += [f"{name}\t1.0\thalf-configured\n" for name in sorted(self.half_installed)]
        found = [record("packages", "".join(lines), self.manager)]
        if "podman" not in self.tools and "podman" in self.available and self.has_lists:
            found.append(
                record(
                    "candidate", f"podman:\n  Installed: (none)\n  Candidate: {self.available['podman']}\n"
                )
            )
        return found

    def _directory(self, name: str) -> list[Record]:
        subuids, subgids = self.directory[name]
        return [record("getsubids", subuids, name), record("getsubgids", subgids, name)]

    def _user(self, name: str) -> list[Record]:
        account = self.accounts[name]
        home = account.home_of(name)
        stats = [f"700:{account.uid}:{account.gid}:directory:{home}"]
        linger = ""
        if name in self.linger:
            linger = f"644:0:0:regular empty file:/var/lib/systemd/linger/{name}\n"
        if name in self.buses | self.runtime_dirs:
            stats.append(f"700:0:0:directory:/run/user/{account.uid}")
        if name in self.buses:
            stats.append(f"666:0:0:socket:/run/user/{account.uid}/bus")
        if name in self.storage:
            stats.append(
                f"700:0:0:directory:{home}/.local/share/containers/storage/{self.storage[name]}-images"
            )
        seen = [record("paths", "".join(f"{line}\n" for line in stats))]
        config = self.files.get(f"{home}/.config/containers/storage.conf")
        if config is not None:
            seen.append(record("config", config))
        if name in self.pause:
            uid, gid = self.pause[name]
            seen += [
                record("pause", f"{self.pause_program}\n"),
                record("pause-uid", _map(uid)),
                record("pause-gid", _map(gid)),
                record("running", f"{self.running.get(name, 0)}\n"),
            ]
        seen.append(record("facts", _values(self.user_facts.get(name, {}))))
        return [
            record("user", f"{account.uid}:{home}\n", name),
            record("stat", linger),
            record("look", self.looks.get(name) or look(seen), name),
        ]

    # --- changing ---

    def apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            for step in change.steps:
                self._step(step)

    def _step(self, step: Step) -> None:  # noqa: C901 - one case for each kind of step
        match step:
            case RunCommand(argv):
                self._run(argv)
            case RunAsUser(user, argv):
                self._as_user(user, argv)
            case WriteFile():
                self._guard(step.path, step.expected)
                self.files[step.path], self.modes[step.path] = step.content, step.mode.lstrip("0")
            case CreateShared():
                self.files.setdefault(step.path, "")
            case EditShared():
                self._guard(step.path, step.expected)
                self.files[step.path], self.modes[step.path] = step.content, "644"
            case ClearLock():
                self.facts = {**self.facts, "lock": ()}
            case GrantSubids():
                self._grant(step)
            case InstallPackages():
                self.installed |= {name: self.available.get(name, "1.0") for name in step.names}
                self.half_installed -= set(step.names)
            case SetSysctl():
                assert step.key not in self.read_only
                self.live[step.key] = step.value
            case WaitSocket():
                assert step.path in {f"/run/user/{self.accounts[name].uid}/bus" for name in self.buses}

    def _guard(self, path: str, expected: str) -> None:
        text = self.files.get(path)
        found = MISSING_FILE if text is None else checksum(text.encode("utf-8", "surrogateescape"))
        if found != expected:
            raise ChangedSinceError(path)

    def _grant(self, step: GrantSubids) -> None:
        for edit in step.edits:
            self._guard(edit.path, edit.expected)
        uids, gids = {one.uid for one in self.accounts.values()}, set(self.groups.values())
        for real, ranges in ((uids, step.subuids), (gids, step.subgids)):
            assert [number for number in real for one in ranges if number in one] == []
        for edit in step.edits:
            self.files[edit.path], self.modes[edit.path] = edit.content, "644"

    def _run(self, argv: tuple[str, ...]) -> None:
        self.done.append(argv)
        match argv:
            case ("useradd", *options, "--", name):
                uid = int(options[options.index("-u") + 1]) if "-u" in options else self._free_uid()
                self.accounts[name] = ModelAccount(uid, uid)
                self.groups[name] = uid
            case ("chmod", "0644", "--", path):
                self.modes[path] = "644"
            case ("loginctl", "enable-linger", "--", name):
                self.linger.add(name)
            case ("systemctl", "daemon-reload") | ("systemctl", "start", _):
                assert self.systemd
            case _:
                raise AssertionError(f"the model does not know this command: {argv}")

    def _as_user(self, user: str, argv: tuple[str, ...]) -> None:
        self.done.append((user, *argv))
        match argv:
            case ("podman", "system", "migrate"):
                del self.pause[user]
                self.running[user] = 0
            case ("systemctl", "--user", "start", "dbus.socket"):
                self.buses.add(user)
            case ("systemctl", "--user", "daemon-reload"):
                pass
            case _:
                raise AssertionError(f"the model does not know this command: {argv}")

    def _free_uid(self) -> int:
        taken = {account.uid for account in self.accounts.values()}
        return next(uid for uid in range(1000, 60000) if uid not in taken)


def _values(facts: Mapping[str, Iterable[str]]) -> str:
    return "".join(f"{name}\t{value}\n" for name, values in facts.items() for value in values)


def _map(id_map: IdMap) -> str:
    return "".join(f"{one.inside:>10} {one.outside:>10} {one.count:>10}\n" for one in id_map.extents)


def spec_of(**document: object) -> HostSpec:
    """A spec from a document, with one user alice unless the document says otherwise."""
    return HostSpec.model_validate({"users": {"alice": {}}, **document})
