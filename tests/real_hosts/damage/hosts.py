"""The healthy hosts that damage is done to, as lanes of two."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.lab import Host
from tests.lab.images import image
from tests.lab.process import run
from tests.real_hosts.controller import NO_PIDS_CONTROLLER, Controller
from tests.real_hosts.damage.case import D11, D12, D13, FORKY
from tests.real_hosts.damage.site import Lane

#: What is run side by side: in each lane one that takes every damage, and one that may be spared some.
LANES = ((D11, D12), (D13, FORKY))

_MODULE = "usr/lib/*/libsubid_sss.so"
# Podman 3.0.1 reads no containers.conf.d; without this no container starts on the machine's kernel (tests/lab/README.md)
_PIDS_LIMIT = """\
install -d -o alice -g alice /home/alice/.config /home/alice/.config/containers
printf '[containers]\\npids_limit = 0\\n' >/home/alice/.config/containers/containers.conf
chown alice: /home/alice/.config/containers/containers.conf
"""


def lanes(
    controller: Controller, hosts: Mapping[str, Host], folder: Path, *, everything: bool = True
) -> list[Lane]:
    """Lanes of these hosts (by release), with an inventory for each."""
    # Debian 12's crun: the OCI spec of Podman 5 is too new for it
    crun = _out_of(D12, "crun", "usr/bin/crun", folder)
    modules = {release: _out_of(release, "sssd-common", _MODULE, folder) for release in (D12, D13)}
    for release, host in hosts.items():
        shutil.copy(crun, host.path("/srv/crun-1.8"))
        if release == D11:
            host.sh(_PIDS_LIMIT)
        else:
            shutil.copy(modules[D12 if release == D12 else D13], host.path("/srv/libsubid_sss.so"))
    made = []
    for releases in LANES:
        group = [hosts[release] for release in releases if release in hosts]
        if group:
            variables = {
                host.name: controller.reach(engine={} if host.release == D11 else NO_PIDS_CONTROLLER)
                for host in group
            }
            inventory = controller.inventory(variables, engine={})
            made.append(Lane(controller, group, inventory, everything=everything))
    return made


def _out_of(release: str, package: str, path: str, folder: Path) -> Path:
    """One file out of a package of a release's repository, which is not installed."""
    archive = next(image(release).packages.glob(f"{package}_*.deb"))
    place = folder / release / package
    place.mkdir(parents=True)
    run(["dpkg-deb", "--extract", archive, place])
    return next(place.glob(path))
