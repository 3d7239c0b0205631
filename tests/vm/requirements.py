"""What the machine needs to run a whole other one: say what is missing, and install it."""

from __future__ import annotations

from tests.lab import requirements as lab

# Tool -> the Debian or Ubuntu package that has it. The root of the disk is built with the lab's own tools.
_TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mkfs.ext4": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "setpriv": "util-linux",
}


def missing() -> list[str]:
    """Give the reasons why no VM can be started here; none means that one can. /dev/kvm is not needed."""
    absent = [tool for tool in _TOOLS if not lab.has(tool)]
    reasons = [f"not installed: {', '.join(absent)} (`python -m tests.vm`)"] if absent else []
    return [*lab.missing(), *reasons]


def install() -> list[str]:
    """Install what is missing with apt-get; give the packages installed."""
    packages = sorted({package for tool, package in _TOOLS.items() if not lab.has(tool)})
    return [*lab.install(), *lab.install_packages(packages)]
