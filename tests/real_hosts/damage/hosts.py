"""The healthy hosts that damage is done to, as lanes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path

from tests.lab import Host
from tests.lab.images import image
from tests.lab.process import run
from tests.real_hosts.controller import Controller
from tests.real_hosts.damage.case import D11, D12, D13, FORKY, RELEASES
from tests.real_hosts.damage.site import Lane
from tests.real_hosts.provisioned import no_limit_on_pids

#: Which hosts are looked at together, each with a damage of its own. While one lane waits, the other works.
SHORT = ((D11, D12, D13, D13), (D12, D13, FORKY))
ALL = (RELEASES, RELEASES)

_MODULE = "usr/lib/*/libsubid_sss.so"


def named(*, everything: bool) -> dict[str, str]:
    """The hosts that the lanes need: name and release."""
    return {name: release for lane in _lanes(everything=everything) for name, release in lane.items()}


def lanes(
    controller: Controller, hosts: Mapping[str, Host], folder: Path, *, everything: bool = True
) -> list[Lane]:
    """Lanes of these hosts (by name), with an inventory for each."""
    _equip(hosts.values(), folder)
    made = []
    for names in _lanes(everything=everything):
        group = [hosts[name] for name in names]
        variables = {
            host.name: controller.reach(podstead={"engine": no_limit_on_pids(host.release)}) for host in group
        }
        inventory = controller.inventory(variables, engine={})
        made.append(Lane(controller, group, inventory))
    return made


def _lanes(*, everything: bool) -> list[dict[str, str]]:
    """The names of the hosts of each lane, with their releases."""
    numbers = count(1)
    return [
        {f"damage-{release.removeprefix('debian-')}-{next(numbers)}": release for release in releases}
        for releases in (ALL if everything else SHORT)
    ]


def _equip(hosts: Iterable[Host], folder: Path) -> None:
    """Give the hosts what some damages are made with."""
    # Debian 12's crun: the OCI spec of Podman 5 is too new for it
    crun = _out_of(D12, "crun", "usr/bin/crun", folder)
    modules = {release: _out_of(release, "sssd-common", _MODULE, folder) for release in (D12, D13)}
    for host in hosts:
        shutil.copy(crun, host.path("/srv/crun-1.8"))
        if host.release != D11:
            shutil.copy(modules[D12 if host.release == D12 else D13], host.path("/srv/libsubid_sss.so"))


def _out_of(release: str, package: str, path: str, folder: Path) -> Path:
    """One file out of a package of a release's repository, which is not installed."""
    archive = next(image(release).packages.glob(f"{package}_*.deb"))
    place = folder / release / package
    place.mkdir(parents=True)
    run(["dpkg-deb", "--extract", archive, place])
    return next(place.glob(path))
