"""Debian, Ubuntu and what is made from them."""

from __future__ import annotations

from typing import Final

from podstead.host.family import Family

FAMILY: Final = Family(
    name="debian",
    ids=("debian", "ubuntu"),
    managers=("apt",),
    packages={
        "podman": "podman",
        "uidmap": "uidmap",
        "crun": "crun",
        "pasta": "passt",
        "slirp4netns": "slirp4netns",
        "netavark": "netavark",
        "aardvark-dns": "aardvark-dns",
        "nftables": "nftables",
        "iptables": "iptables",
        "catatonit": "catatonit",
        "fuse-overlayfs": "fuse-overlayfs",
        "session-bus": "dbus-user-session",
        "pam-systemd": "libpam-systemd",
    },
    helper_capabilities=False,
    locked=("Could not get lock",),
    unreachable=("Temporary failure resolving", "Failed to fetch"),
    not_offered=("Unable to locate package", "has no installation candidate"),
)
