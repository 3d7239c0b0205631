"""Arch Linux and what is made from it."""

from __future__ import annotations

from typing import Final

from podstead.host.family import Family

FAMILY: Final = Family(
    name="arch",
    ids=("arch",),
    managers=("pacman",),
    packages={
        "podman": "podman",
        "uidmap": "shadow",
        "crun": "crun",
        "pasta": "passt",
        "slirp4netns": "slirp4netns",
    },
    helper_capabilities=False,
    advice=(
        (
            r"could not find database|failed retrieving file|error: target not found",
            "the package databases are older than the mirror: run 'pacman -Syu' on the host, then podstead again",
        ),
    ),
)
