"""Booting a root directory as a host: systemd as PID 1, under systemd-nspawn, on this machine's kernel."""

from __future__ import annotations

import contextlib
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.errors import LabError
from tests.lab.process import children, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.process import Started
    from tests.lab.state import HostRecord

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Runs in a mount namespace of its own, which dies with nspawn: no mount is ever left on the machine.
# The host's root (volatile: no fsync reaches the disk, a host need not outlive the machine), a cgroup v2
# tree, a cgroup for this host alone, and the two devices Podman needs with the mode they have on any real
# host. Then the shell becomes nspawn.
_START = """\
set -eu
group=$1 image=$2
cd "$3"
shift 3
rm -rf work
mkdir work
mount -t overlay -o "lowerdir=$image,upperdir=upper,workdir=work,volatile" podstead-lab root
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
    umount -R /sys/fs/cgroup 2>/dev/null || umount -R -l /sys/fs/cgroup 2>/dev/null || :
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
mkdir -p "/sys/fs/cgroup/$group"
echo $$ >"/sys/fs/cgroup/$group/cgroup.procs"
mkdir -p /run/systemd/nspawn
mount -t tmpfs -o mode=0755 podstead-lab /run/systemd/nspawn
mount -t tmpfs -o mode=0755 podstead-lab devices
mknod -m 0666 devices/fuse c 10 229
mknod -m 0666 devices/tun c 10 200
exec "$@"
"""

# Takes the place of a process of the host: without a cgroup of the host, its logind and systemd would not
# talk to it. The cgroup's namespace comes last, for from within it the way in is barred.
_JOIN = """\
echo 0 2>/dev/null >/sys/fs/cgroup/init.scope/cgroup.procs || :
exec nsenter --cgroup=/proc/1/ns/cgroup -- "$@"
"""

# Ends what may be left in a host's cgroup (cgroup.kill has been there since Linux 5.14) and removes it.
_END = """\
set -eu
group=$1 mountpoint=$2
mount -t cgroup2 cgroup2 "$mountpoint"
[ -d "$mountpoint/$group" ] || exit 0
echo 1 2>/dev/null >"$mountpoint/$group/cgroup.kill" || :
find "$mountpoint/$group" -depth -type d -exec rmdir {} +
"""


def start(host: HostRecord, unit: str, namespace: Path, console: Path) -> subprocess.Popen[bytes]:
    """Start a host and return at once. Its process is nspawn's, in a session of its own (no Ctrl-C)."""
    disk, packages = Path(host.disk), Path(host.image) / "packages"
    nspawn = [
        # The network's namespace is entered here and not by nspawn, which would mount the machine's /sys.
        "nsenter",
        f"--net={namespace}",
        "--",
        "env",
        "-i",
        _PATH,
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE=1",
        "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1",
        "systemd-nspawn",
        "--quiet",
        "--boot",
        "--keep-unit",
        "--register=no",
        "--settings=no",
        f"--directory={disk}/root",
        f"--machine={unit}",
        f"--hostname={host.name}",
        "--capability=all",
        "--system-call-filter=add_key keyctl bpf",
        f"--bind={disk}/devices/fuse:/dev/fuse",
        f"--bind={disk}/devices/tun:/dev/net/tun",
        f"--bind={disk}/home:/home",
        f"--bind={disk}/srv:/srv",
        f"--bind-ro={packages}:/srv/packages",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=pipe",
    ]
    image = f"{host.layer}:{host.image}/root".removeprefix(":")
    shell = ["unshare", "--mount", "--propagation=private", "sh", "-c", _START, "sh", unit, image, str(disk)]
    with console.open("ab") as log:
        return subprocess.Popen(
            [*shell, *nspawn],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )


def leader(process: Started) -> int | None:
    """Give the PID, on the machine, of a host's PID 1; None while there is none."""
    for child in children(process.pid) if process.alive() else []:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{child}/status").read_text()
            found = next(line for line in status.splitlines() if line.startswith("NSpid:"))
            if found.split()[-1] == "1" and Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return child
    return None


def inside(pid: int, argv: Sequence[str | Path]) -> list[str]:
    """Give the command line that runs a command in a host, past its SSH, as root with a clean environment."""
    return [
        "nsenter",
        f"--target={pid}",
        "--mount",
        "--uts",
        "--ipc",
        "--net",
        "--pid",
        "--root",
        "--wd",
        "sh",
        "-c",
        _JOIN,
        "sh",
        "env",
        "-i",
        _PATH,
        "HOME=/root",
        "LANG=C.UTF-8",
        "USER=root",
        "LOGNAME=root",
        *map(str, argv),
    ]


def end(name: str, process: Started | None, scratch: Path, deadline: float = 20.0) -> None:
    """Cut a host's power: kill nspawn and with it all the host runs, and remove the host's cgroup."""
    if process is not None:
        process.kill()
    scratch.mkdir(parents=True, exist_ok=True)
    command = ["unshare", "--mount", "--propagation=private", "sh", "-c", _END, "sh", name, str(scratch)]
    until = time.monotonic() + deadline
    while (done := run(command, check=False)).returncode != 0:
        if time.monotonic() > until:
            message = f"cannot remove the cgroup {name} of a host that was stopped: {done.stderr.strip()}"
            raise LabError(message)
        time.sleep(0.05)  # killed processes leave a cgroup a moment later
