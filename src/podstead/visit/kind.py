"""What kind of host a host is: what may make the same change go well on one and badly on another. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from podstead.document.spec import HostSpec
from podstead.host.state import HostState

_RUNTIMES = ("crun", "runc")


def kind_of(spec: HostSpec, state: HostState) -> Mapping[str, str]:
    """
    Return system, kernel (its minor version), Podman, runtime and the file systems of the users' storage; empty where that is
    not known. Podman and the runtime are the versions of the packages; of a Podman that is yet to be installed, that which
    the package lists have.
    """
    platform, installed = state.platform, state.packages.installed
    mounts = (state.facts.of(user).mount("graph.mount") for user in spec.users)
    return {
        "system": " ".join(filter(None, (platform.os_id, platform.version_id))),
        "kernel": ".".join(map(str, platform.kernel_version)) if platform.kernel else "",
        "podman": state.packages.podman(),
        "runtime": ", ".join(f"{name} {installed[name]}" for name in _RUNTIMES if name in installed),
        "storage": ", ".join(sorted({mount[0] for mount in mounts if mount})),
    }
