"""Fedora, RHEL, CentOS and what is made from them."""

from __future__ import annotations

from typing import Final

from podstead.host.family import Family

FAMILY: Final = Family(
    name="redhat",
    ids=("fedora", "rhel", "centos"),
    managers=("dnf", "yum"),
    packages={
        "podman": "podman",
        "uidmap": "shadow-utils",
        "crun": "crun",
        "pasta": "passt",
        "slirp4netns": "slirp4netns",
        "fuse-overlayfs": "fuse-overlayfs",
    },
    helper_capabilities=True,
    selinux_policy="container-selinux",
    not_offered=("No match for argument",),
)
