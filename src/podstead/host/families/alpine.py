"""Alpine Linux."""

from __future__ import annotations

from typing import Final

from podstead.host.family import Family

FAMILY: Final = Family(
    name="alpine",
    ids=("alpine",),
    managers=("apk",),
    packages={
        "podman": "podman",
        "uidmap": "shadow-subids",
        "usermod": "shadow",
        "crun": "crun",
        "pasta": "passt",
        "slirp4netns": "slirp4netns",
        "fuse-overlayfs": "fuse-overlayfs",
    },
    helper_capabilities=False,
    not_offered=("unable to select packages",),
)
