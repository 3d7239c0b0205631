"""openSUSE and SUSE Linux Enterprise."""

from __future__ import annotations

from typing import Final

from podstead.host.family import Family

FAMILY: Final = Family(
    name="suse",
    ids=("suse", "opensuse", "sles"),
    managers=("zypper",),
    packages={
        "podman": "podman",
        "uidmap": "shadow",
        "crun": "crun",
        "pasta": "passt",
        "slirp4netns": "slirp4netns",
    },
    helper_capabilities=False,
)
