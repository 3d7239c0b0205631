"""One booted host, as tests use it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import network, nspawn, state
from tests.lab.errors import LabError
from tests.lab.process import Started, run, tail

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from tests.lab.lab import Lab
    from tests.lab.state import HostRecord

_UP = {"running", "degraded"}
_CONSOLE_LINES = 30
_ANSWER = 30.0


class Host:
    """A Linux host of a lab: its own init, sshd, network, accounts and packages."""

    def __init__(self, lab: Lab, record: HostRecord) -> None:
        """Stand for a host that the lab's record holds."""
        self.lab = lab
        self.record = record
        self.name = record.name
        self.release = record.release
        self.address = record.address
        self.console = state.directory(lab.name) / f"{record.name}.console.log"
        self._nspawn: subprocess.Popen[bytes] | None = None

    @property
    def leader(self) -> int:
        """PID, on the machine, of the host's PID 1."""
        found = nspawn.leader(self.record.process) if self.record.process else None
        if found is None:
            message = self._failed("is not running")
            raise LabError(message)
        return found

    def wait_ready(self, deadline: float = 90.0) -> None:
        """Wait until systemd has finished booting and sshd lets root in."""
        until = time.monotonic() + deadline
        self._wait_booted(until)
        while True:
            done = self.ssh("root", "true", check=False, timeout=max(1.0, until - time.monotonic()))
            if done.returncode == 0:
                return
            if time.monotonic() > until:
                message = self._failed(f"booted, but its sshd does not let root in: {done.stderr.strip()}")
                raise LabError(message)
            time.sleep(0.1)

    def _wait_booted(self, until: float) -> None:
        said = "nothing yet"
        while time.monotonic() < until:
            process = self.record.process
            if process is None or not process.alive():
                message = self._failed("ended while it booted")
                raise LabError(message)
            pid = nspawn.leader(process)
            if pid is not None:
                # Not --wait: a systemctl that connects too early misses the signal, and waits for ever.
                ask = nspawn.inside(pid, ["systemctl", "is-system-running"])
                said = run(ask, check=False, timeout=_ANSWER).stdout.strip()
                if said in _UP:
                    return
            time.sleep(0.1)
        message = self._failed(f"did not boot in time; systemd said {said!r}")
        raise LabError(message)

    def ssh(
        self,
        user: str,
        command: str,
        *,
        input: str | None = None,  # noqa: A002 - the name subprocess.run uses
        check: bool = True,
        timeout: float | None = 600.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command as a user over a real SSH login, with the lab's key."""
        argv = [
            "ssh",
            "-F",
            str(self.lab.ssh_config),
            "-o",
            "BatchMode=yes",
            "-l",
            user,
            self.name,
            "--",
            command,
        ]
        return self.lab.run(argv, input=input, check=check, timeout=timeout)

    def root(
        self,
        argv: Sequence[str | Path],
        *,
        input: str | None = None,  # noqa: A002 - the name subprocess.run uses
        check: bool = True,
        timeout: float | None = 600.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the host as root without SSH: to look at things and to break them."""
        return run(nspawn.inside(self.leader, argv), input=input, check=check, timeout=timeout)

    def sh(
        self, script: str, *, check: bool = True, timeout: float | None = 600.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell script in the host as root without SSH; the first command that fails ends it."""
        return self.root(["sh", "-eu", "-s"], input=script, check=check, timeout=timeout)

    def path(self, inside: str) -> Path:
        """
        Give the place, seen from the machine, of a file of the host, until the host is restarted.

        A symbolic link in it that is absolute would lead out of the host: name the file it leads to.
        """
        return Path(f"/proc/{self.leader}/root{inside}")

    def restart(self, deadline: float = 90.0) -> None:
        """Cut the power and boot again: the disk stays, all else is as fresh as after any boot."""
        self.stop()
        self.start()
        self.wait_ready(deadline)

    def reboot(self, deadline: float = 90.0) -> None:
        """Ask the host's systemd for a reboot, and wait until the host is back."""
        self.root(["systemctl", "reboot"], check=False)
        self.wait_rebooted(deadline)

    def wait_rebooted(self, deadline: float = 90.0) -> None:
        """
        Wait until a reboot that something has asked for has ended the host, and boot it again.

        nspawn leaves the second half of a reboot to the one who started it.
        """
        until = time.monotonic() + deadline
        if self.record.process is not None and not self.record.process.wait(deadline):
            message = self._failed(f"was to reboot, and still runs after {deadline:.0f} s")
            raise LabError(message)
        self.restart(max(1.0, until - time.monotonic()))

    def start(self) -> None:
        """Boot and return at once, with a network namespace as fresh as a kernel's at boot."""
        lab, record = self.lab.record, self.record
        network.make_host(lab.name, self.name, lab.slot, record.number)
        unit = network.namespace(lab.name, self.name)
        self._nspawn = nspawn.start(record, unit, network.path(unit), self.console)
        record.process = Started.of(self._nspawn.pid)
        state.save(lab)

    def stop(self) -> None:
        """Cut the power. The disk stays until the lab goes down."""
        lab, record = self.lab.record, self.record
        nspawn.end(
            network.namespace(lab.name, self.name), record.process, state.directory(lab.name) / "cgroup"
        )
        network.remove_host(lab.name, self.name)
        record.process = None
        self.forget()
        state.save(lab)

    def forget(self) -> None:
        """Let go of a process that has ended, if it was this process's child."""
        if self._nspawn is not None:
            self._nspawn.wait()
            self._nspawn = None

    def _failed(self, what: str) -> str:
        log = self.console.read_text(errors="replace") if self.console.exists() else ""
        return (
            f"host {self.name} ({self.release}) of lab {self.lab.name} {what}. Its console, {self.console}:\n"
            + (tail(log, _CONSOLE_LINES) or "(empty)")
        )
