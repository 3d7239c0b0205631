"""A lab: some real hosts on one machine, on a network of their own, that go away together."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab import machine, network, nspawn, requirements, state
from tests.lab.disk import Disk, remove_disks
from tests.lab.errors import LabError
from tests.lab.host import Host
from tests.lab.images import cache, image
from tests.lab.layers import with_podman
from tests.lab.process import Started, run
from tests.lab.state import HostRecord, LabRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

_LAB_NAME = "[a-z][a-z0-9]{0,15}"
_HOST_NAME = "[a-z][a-z0-9-]{0,30}[a-z0-9]"
_FIRST_HOST = 10
_SSH_CONFIG = """\
Host {name}
    HostName {address}
    HostKeyAlias {name}
    IdentityFile {key}
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile {known}
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    ConnectTimeout 10
"""


class Lab:
    """Hosts, their network, and the keys to them. Use it in a `with` block, or call `down` yourself."""

    def __init__(self, record: LabRecord, guard: subprocess.Popen[bytes] | None = None) -> None:
        """Stand for a lab that exists: `up` makes one, `load` finds one."""
        self.record = record
        self.name = record.name
        self.directory = state.directory(record.name)
        self.private_key = self.directory / "id_ed25519"
        self.known_hosts = self.directory / "known_hosts"
        self.ssh_config = self.directory / "ssh_config"
        self.hosts: dict[str, Host] = {key: Host(self, value) for key, value in record.hosts.items()}
        self._guard = guard

    @classmethod
    def up(cls, name: str | None = None, *, keep: bool = False) -> Lab:
        """Make a lab without hosts. Unless it is to be kept, it goes down when this process ends, however."""
        requirements.require()
        name = name or f"lab{secrets.token_hex(4)}"
        state.check_name("lab", name, _LAB_NAME)
        with state.lock():
            record = _register(name, keep=keep)
            machine.note()
            machine.enlarge()
        lab = cls(record)
        try:
            network.make_controller(name, record.slot)
            run(
                [
                    "ssh-keygen",
                    "-q",
                    "-t",
                    "ed25519",
                    "-N",
                    "",
                    "-C",
                    f"podstead-lab-{name}",
                    "-f",
                    lab.private_key,
                ]
            )
            lab.known_hosts.touch()
            lab.ssh_config.touch()
            lab._guard = None if keep else _start_guard(record)
        except BaseException:
            lab.down()
            raise
        return lab

    @classmethod
    def load(cls, name: str) -> Lab:
        """Find a lab that another process has made."""
        return cls(state.load(name))

    def __enter__(self) -> Self:
        """Use the lab; it goes down at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the lab down, whatever happened."""
        self.down()

    def boot(
        self,
        release: str,
        name: str | None = None,
        *,
        podman: bool = False,
        snapshot: Path | None = None,
        wait: bool = True,
        deadline: float = 90.0,
    ) -> Host:
        """Boot one host and wait until it is ready, or with wait=False leave that to `host.wait_ready`."""
        name = name or f"{release}-{len(self.hosts) + 1}"
        snapshots = {release: snapshot} if snapshot else {}
        return self.boot_many(
            {name: release}, podman=podman, snapshots=snapshots, wait=wait, deadline=deadline
        )[name]

    def boot_many(
        self,
        hosts: Mapping[str, str],
        *,
        podman: bool = False,
        snapshots: Mapping[str, Path] | None = None,
        wait: bool = True,
        deadline: float = 90.0,
    ) -> dict[str, Host]:
        """
        Boot hosts (name -> release) side by side.

        With podman=True it is installed already, and nothing else done. Releases that `snapshots` has begin as those do.
        """
        for name in hosts:
            state.check_name("host", name, _HOST_NAME)
            if name in self.hosts or name == "net":
                message = f"lab {self.name} cannot have another host {name!r}"
                raise LabError(message)
        for release in dict.fromkeys(hosts.values()):
            image(release)
        taken = snapshots or {}
        layers = {
            release: str(with_podman(release)) if podman or release in taken else ""
            for release in dict.fromkeys(hosts.values())
        }
        made = {
            name: self._add(name, release, layers[release], taken.get(release))
            for name, release in hosts.items()
        }
        for host in made.values():
            host.start()
        if wait:
            with ThreadPoolExecutor(len(made) or 1) as pool:
                list(pool.map(lambda host: host.wait_ready(deadline), made.values()))
        return made

    def _add(self, name: str, release: str, layer: str, snapshot: Path | None) -> Host:
        number = _FIRST_HOST + len(self.hosts)
        address = network.address(self.record.slot, number)
        disk = Disk(Path(self.record.disks) / name, image(release).root)
        if snapshot is not None:
            layer = f"{snapshot / 'upper'}:{layer}"
        record = HostRecord(name, release, number, address, str(disk.place), str(disk.image.parent), layer)
        self.record.hosts[name] = record
        state.save(self.record)
        public_key = self.private_key.with_suffix(".pub").read_text()
        disk.make(name, public_key, network.address(self.record.slot, 1), snapshot)
        with self.known_hosts.open("a") as known:
            known.writelines(f"{name},{address} {key}\n" for key in disk.host_keys())
        with self.ssh_config.open("a") as config:
            config.write(
                _SSH_CONFIG.format(name=name, address=address, key=self.private_key, known=self.known_hosts)
            )
        host = Host(self, record)
        self.hosts[name] = host
        return host

    def controller_argv(self, argv: Sequence[str | Path]) -> list[str]:
        """Give the command line that runs a command where the hosts can be reached."""
        return ["nsenter", f"--net={network.path(network.controller(self.name))}", "--", *map(str, argv)]

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        input: str | None = None,  # noqa: A002
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        check: bool = True,
        timeout: float | None = 600.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command where the hosts can be reached, and nothing else can."""
        return run(self.controller_argv(argv), input=input, env=env, cwd=cwd, check=check, timeout=timeout)

    def down(self) -> None:
        """Stop all hosts and remove all that the lab has made; do nothing when that has been done."""
        with state.lock(), contextlib.suppress(LabError):
            current = state.load(self.name)
            if current.token == self.record.token:
                _remove(current)
        for host in self.hosts.values():
            host.forget()
        self.hosts.clear()
        if self._guard is not None:
            guard, self._guard = self._guard, None
            guard.communicate()


def _register(name: str, *, keep: bool) -> LabRecord:
    taken = {state.load(other).slot for other in state.names()}
    if name in state.names():
        message = f"there is a lab {name!r} already; `python -m tests.lab down {name}` removes it"
        raise LabError(message)
    slot = next(number for number in range(network.SLOTS) if number not in taken)
    owner = None if keep else Started.of(os.getpid())
    record = LabRecord(name, secrets.token_hex(8), slot, owner, str(cache() / "hosts" / name))
    state.directory(name).mkdir(mode=0o700, parents=True, exist_ok=True)
    state.save(record)
    return record


def _start_guard(record: LabRecord) -> subprocess.Popen[bytes]:
    """Start a process that takes the lab down when this one is gone: the pipe between them then closes."""
    argv = [sys.executable, "-m", "tests.lab", "guard", record.name, record.token]
    project = Path(__file__).parents[2]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True, cwd=project)


def _remove(record: LabRecord) -> None:
    for host in record.hosts.values():
        nspawn.end(
            network.namespace(record.name, host.name), host.process, state.directory(record.name) / "cgroup"
        )
    network.remove_all(record.name)
    remove_disks(Path(record.disks))
    if state.names() == [record.name]:
        machine.restore()
    shutil.rmtree(state.directory(record.name))
