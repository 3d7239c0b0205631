"""What a machine needs to run hosts: say what is missing, and install it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.process import run

# Tool -> the Debian or Ubuntu package that has it.
_TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
    "apt-get": "apt",
    "apt-ftparchive": "apt-utils",
    # not for hosts, but for the tests beside them: the real helpers, and every shell that a target may have
    "newuidmap": "uidmap",
    "usermod": "passwd",
    "setpriv": "util-linux",
    "busybox": "busybox-static",
    "dash": "dash",
    "perl": "perl-base",
    "groff": "groff-base",
}
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing() -> list[str]:
    """Give the reasons why this machine cannot run hosts; none means it can."""
    if platform.system() != "Linux":
        return [f"hosts need Linux, this is {platform.system()}"]
    reasons = [] if os.geteuid() == 0 else ["hosts need root: namespaces, mounts and veth pairs"]
    if "cgroup2" not in Path("/proc/filesystems").read_text().split():
        reasons.append("the kernel has no cgroup v2")
    absent = [tool for tool in _TOOLS if not has(tool)]
    if absent:
        reasons.append(f"not installed: {', '.join(absent)} (`python -m tests.lab install`)")
    if not _KEYRING.exists():
        reasons.append("not installed: debian-archive-keyring (`python -m tests.lab install`)")
    return reasons


def require() -> None:
    """Raise a LabError with every reason when this machine cannot run hosts."""
    reasons = missing()
    if reasons:
        message = "this machine cannot run hosts: " + "; ".join(reasons)
        raise LabError(message)


def install() -> list[str]:
    """Install what is missing with apt-get, starting no service; give the packages installed."""
    packages = sorted({package for tool, package in _TOOLS.items() if not has(tool)})
    if not _KEYRING.exists():
        packages.append("debian-archive-keyring")
    return install_packages(packages)


def install_packages(packages: list[str]) -> list[str]:
    """Install packages with apt-get, starting no service."""
    if not packages:
        return []
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        message = (
            f"install these first (as root, on Debian or Ubuntu this command does it): {' '.join(packages)}"
        )
        raise LabError(message)
    sys.stderr.write(f"lab: installing {' '.join(packages)}\n")
    # systemd-container brings no enabled unit, and a machine without systemd as PID 1 starts none:
    # RUNLEVEL=1 asks invoke-rc.d for the same.
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if run(command, env=env, check=False).returncode != 0:
        run(["apt-get", "update"], env=env)
        run(command, env=env)
    return packages


def has(tool: str) -> bool:
    """Say whether a tool is there, in the folders of an administrator too."""
    return shutil.which(tool, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}") is not None
