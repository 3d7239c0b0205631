"""Snapshots: the disk of a host on which something has been done, from which any number of hosts are booted."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.lab.host import Host
from tests.lab.images import image, locked, say
from tests.lab.lab import Lab

_UNUSED_FOR = 86400.0


def snapshot(release: str, key: str, make: Callable[[Host], None]) -> Path:
    """
    Give a snapshot of a release, and make it first when there is none of this key.

    It is the disk of a host with Podman, after `make` has done its work on it and the host has been stopped. `key` is a
    hash of all that shapes it. Processes that want the same one at once take turns, as with images.
    """
    base = image(release).root.parent
    place = base / f"snapshot-{key}"
    with locked(base.parent / f"{release}.snapshot.lock"):
        if not place.is_dir():
            _remove_unused(base)
            _make(release, place, make)
        os.utime(place)
    return place


def _make(release: str, place: Path, make: Callable[[Host], None]) -> None:
    began = time.monotonic()
    work = place.with_suffix(".tmp")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    with Lab.up() as lab:
        host = lab.boot(release, "snapshot", podman=True)
        make(host)
        host.root(["journalctl", "--sync"])
        host.stop()
        for name in ("upper", "home", "srv"):
            (Path(host.record.disk) / name).rename(work / name)
    # what belongs to this one host; a host that is booted from the snapshot gets all else of its own (disk.py)
    shutil.rmtree(work / "upper/var/log/journal", ignore_errors=True)
    work.rename(place)
    say(f"{release}: a snapshot made in {time.monotonic() - began:.0f} s")


def _remove_unused(base: Path) -> None:
    """Remove the snapshots that nobody has used for a day: of code that has changed since."""
    for other in base.glob("snapshot-*"):
        if other.stat().st_mtime < time.time() - _UNUSED_FOR:
            shutil.rmtree(other)
