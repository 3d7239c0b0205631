"""
A whole machine in QEMU, emulated: nothing but a kernel of its own has sysctls, cgroup controllers and a reboot of its own.

KVM is not asked for: machines that run tests often are guests themselves, where it is absent or does not work.
"""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab.errors import LabError
from tests.lab.process import run, tail
from tests.vm import disk
from tests.vm.image import image

if TYPE_CHECKING:
    from types import TracebackType

BOOT_SECONDS = 300.0
"""Ten times what a boot takes: a busy machine is no failure, and a hung one ends."""
COMMAND_SECONDS = 300.0
_STOP_SECONDS = 20.0
_ATTEMPTS = 3
_CONSOLE_LINES = 30
_KERNEL = "root=/dev/vda rw console=ttyS0 net.ifnames=0 panic=10 mitigations=off"
_SSH_CONFIG = """\
Host vm
    HostName 127.0.0.1
    Port {port}
    IdentityFile {key}
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile {known}
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 10
"""


class Machine:
    """One VM, reached over SSH at a port of 127.0.0.1. Use it in a `with` block: QEMU ends with the block."""

    def __init__(self, folder: Path) -> None:
        """Prepare a VM whose disk, keys and console log are kept in `folder`."""
        self.folder = folder
        self.private_key = folder / "id_ed25519"
        self.known_hosts = folder / "known_hosts"
        self.ssh_config = folder / "ssh_config"
        self.console = folder / "console.log"
        self.port = 0
        self._qemu: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Boot it from a fresh disk and wait until it is ready."""
        self._disk = disk.make(image().disk, self.folder)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, whatever happened."""
        self.stop()

    def start(self) -> None:
        """Switch it on and wait until it is ready."""
        for attempt in range(1, _ATTEMPTS + 1):
            self.port = _free_port()
            self._qemu = self._start_qemu()
            self._write_ssh_files()
            try:
                self.wait_ready()
            except LabError:
                # the port was free a moment ago; if another took it, QEMU has ended and says so
                if attempt == _ATTEMPTS or "host forwarding" not in self._log():
                    raise
                self.stop()
            else:
                return

    def stop(self) -> None:
        """Cut the power, for good or until `start`; do nothing when it is off."""
        if self._qemu is not None:
            qemu, self._qemu = self._qemu, None
            qemu.kill()
            qemu.wait(_STOP_SECONDS)

    def ssh(
        self, user: str, command: str, *, check: bool = True, timeout: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command as a user over a real SSH login."""
        argv = ["ssh", "-F", str(self.ssh_config), "-l", user, "vm", "--", command]
        return run(argv, check=check, timeout=timeout)

    def sh(self, script: str) -> str:
        """Run a shell script as root, ended by the first command that fails, and give what it printed."""
        return self.ssh("root", f"set -eu\n{script}").stdout

    def boot_id(self) -> str:
        """Give what the kernel calls this boot."""
        return self.sh("cat /proc/sys/kernel/random/boot_id").strip()

    def reboot(self) -> None:
        """Ask its systemd for a reboot, and wait until another boot is ready."""
        before = self.boot_id()
        self.ssh("root", "systemctl reboot", check=False)
        self.wait_ready(after=before)

    def wait_ready(self, *, after: str = "", deadline: float = BOOT_SECONDS) -> None:
        """Wait until sshd lets root in and systemd has finished booting (another boot than `after`)."""
        until = time.monotonic() + deadline
        said = "nothing yet"
        while time.monotonic() < until:
            if self._qemu is None or self._qemu.poll() is not None:
                message = self._failed("ended while it booted")
                raise LabError(message)
            # a VM that goes down lets nobody in, or hangs up in the middle: both are no answer yet
            ask = "cat /proc/sys/kernel/random/boot_id; systemctl is-system-running"
            try:
                done = self.ssh("root", ask, check=False, timeout=60.0)
            except LabError as error:
                said = str(error)
                continue
            said = f"{done.stdout} {done.stderr}".strip()
            words = done.stdout.split()
            if len(words) == 2 and words[0] != after and words[1] in {"running", "degraded"}:
                return
            time.sleep(0.5)
        message = self._failed(f"was not ready after {deadline:.0f} s; the last answer was {said!r}")
        raise LabError(message)

    def _start_qemu(self) -> subprocess.Popen[bytes]:
        """Start QEMU so that it dies with this process, even when that is killed."""
        found = image()
        forward = f"hostfwd=tcp:127.0.0.1:{self.port}-:22"
        argv = [
            "setpriv", "--pdeathsig", "KILL", "--",
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
            "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2048",
            "-kernel", found.kernel, "-initrd", found.initrd, "-append", _KERNEL,
            "-drive", f"file={self._disk},format=raw,if=virtio,cache=unsafe",
            # restrict: the guest reaches nothing, it is only reached
            "-netdev", f"user,id=net,restrict=on,{forward}", "-device", "virtio-net-pci,netdev=net,romfile=",
            "-device", "virtio-rng-pci",
            "-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console",
        ]  # fmt: skip
        with (self.folder / "qemu.log").open("wb") as log:
            return subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )

    def _write_ssh_files(self) -> None:
        keys = (self.folder / "host_keys").read_text().splitlines()
        self.known_hosts.write_text("".join(f"[127.0.0.1]:{self.port} {key}\n" for key in keys))
        self.ssh_config.write_text(
            _SSH_CONFIG.format(port=self.port, key=self.private_key, known=self.known_hosts)
        )

    def _log(self) -> str:
        return (self.folder / "qemu.log").read_text(errors="replace")

    def _failed(self, what: str) -> str:
        console = self.console.read_text(errors="replace") if self.console.exists() else ""
        shown = tail(console, _CONSOLE_LINES) or "(empty)"
        return f"the VM {what}. QEMU said: {self._log().strip() or 'nothing'}\nIts console, {self.console}:\n{shown}"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
