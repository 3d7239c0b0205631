"""Hosts on which alice is ready already: podstead apply is run once per release, and its result is booted again and again."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
import tempfile
from pathlib import Path

from tests.lab import Host, snapshot
from tests.lab.layers import with_podman
from tests.real_hosts.controller import PROJECT, Controller, wait_for

# Podman 3.0.1 reads no containers.conf.d; without this no container starts on the machine's kernel (tests/lab/README.md)
_PIDS_LIMIT = """\
install -d -o alice -g alice /home/alice/.config /home/alice/.config/containers
printf '[containers]\\npids_limit = 0\\n' >/home/alice/.config/containers/containers.conf
chown alice: /home/alice/.config/containers/containers.conf
"""


def provisioned(release: str) -> Path:
    """The snapshot of a host of this release on which podstead apply was run for alice, and nothing else."""
    return snapshot(release, _key(release), _apply)


def wait_for_alice(host: Host) -> None:
    """Wait until what lingers since the boot is there, as it is after an apply."""
    wait_for("alice's session", lambda: host.path("/run/user/1001/bus").exists())


def no_limit_on_pids(release: str) -> dict[str, object]:
    """What the inventory says of this release's engine, so that containers start on the machine's kernel."""
    return {} if release == "debian-11" else {"containers": {"pids_limit": 0}}


def _apply(host: Host) -> None:
    if host.release == "debian-11":
        host.sh(_PIDS_LIMIT)
    with tempfile.TemporaryDirectory() as folder:
        controller = Controller(host.lab, Path(folder))
        inventory = controller.inventory(
            {host.name: controller.reach()}, engine=no_limit_on_pids(host.release)
        )
        done = controller.json("apply", inventory)
        assert done.code == 0, str(done)


@functools.cache
def _key(release: str) -> str:
    """A hash of what podstead is, what it runs with, and what is done here."""
    made = hashlib.sha256(f"{with_podman(release)} {sys.version}".encode())
    made.update(inspect.getsource(sys.modules[__name__]).encode())
    files = [
        path for path in (PROJECT / "src/podstead").rglob("*") if path.is_file() and path.suffix != ".pyc"
    ]
    for path in (PROJECT / "requirements/run.txt", *sorted(files)):
        made.update(f"{path.relative_to(PROJECT)}\n".encode() + path.read_bytes())
    return made.hexdigest()[:12]
