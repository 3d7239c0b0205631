"""A lab's network: a bridge in a namespace of its own, a veth pair to every host, and no way out."""

from __future__ import annotations

from pathlib import Path

from tests.lab.process import run

_NETNS = Path("/run/netns")
_BRIDGE = "lab0"
_HOST_LINK = "eth0"
# 198.18.0.0/15 is set aside for benchmarks of networks: no real machine has these addresses.
SLOTS = 512


def controller(lab: str) -> str:
    """Name the namespace that holds the bridge, and the processes that connect to hosts."""
    return f"podstead-{lab}-net"


def namespace(lab: str, host: str) -> str:
    """Name a host's network namespace."""
    return f"podstead-{lab}-{host}"


def path(name: str) -> Path:
    """Give the file by which a network namespace is entered."""
    return _NETNS / name


def address(slot: int, number: int) -> str:
    """Give the address of a host; number 1 is the controller."""
    return f"198.{18 + slot // 256}.{slot % 256}.{number}"


def make_controller(lab: str, slot: int) -> None:
    """Make the bridge. Without a default route, nothing in the lab reaches anything outside."""
    name = controller(lab)
    run(["ip", "netns", "add", name])
    run(["ip", "-n", name, "link", "set", "lo", "up"])
    run(["ip", "-n", name, "link", "add", _BRIDGE, "type", "bridge", "stp_state", "0", "forward_delay", "0"])
    run(["ip", "-n", name, "address", "add", f"{address(slot, 1)}/24", "dev", _BRIDGE])
    run(["ip", "-n", name, "link", "set", _BRIDGE, "up"])


def make_host(lab: str, host: str, slot: int, number: int) -> None:
    """Make a host's namespace, as fresh as a kernel's at boot, and connect it to the bridge."""
    outer, inner, link = controller(lab), namespace(lab, host), f"host{number}"
    run(["ip", "netns", "add", inner])
    # The same hardware address at every boot, as a real host: neighbours remember it.
    hardware = f"02:00:00:{slot // 256:02x}:{slot % 256:02x}:{number:02x}"
    run(
        [
            "ip",
            "-n",
            outer,
            "link",
            "add",
            link,
            "type",
            "veth",
            "peer",
            "name",
            _HOST_LINK,
            "address",
            hardware,
            "netns",
            inner,
        ]
    )
    run(["ip", "-n", outer, "link", "set", link, "master", _BRIDGE, "up"])
    run(["ip", "-n", inner, "link", "set", "lo", "up"])
    run(["ip", "-n", inner, "address", "add", f"{address(slot, number)}/24", "dev", _HOST_LINK])
    run(["ip", "-n", inner, "link", "set", _HOST_LINK, "up"])


def remove_host(lab: str, host: str) -> None:
    """Remove a host's namespace; its end of the veth pair takes the other one along."""
    # The namespace itself lives on for as long as a process is in it, and so would its link.
    run(["ip", "-n", namespace(lab, host), "link", "delete", _HOST_LINK], check=False)
    _remove(namespace(lab, host))


def remove_all(lab: str) -> None:
    """Remove whatever namespaces a lab has; a lab's name holds no dash, so no other lab's start alike."""
    if _NETNS.is_dir():
        for found in sorted(_NETNS.glob(f"podstead-{lab}-*")):
            _remove(found.name)


def _remove(name: str) -> None:
    if path(name).exists():
        run(["ip", "netns", "delete", name])
