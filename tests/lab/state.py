"""What is written down about a lab, so that any process can use it or take it down."""

from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.errors import LabError
from tests.lab.images import locked
from tests.lab.process import Started

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_SAVING = threading.Lock()  # hosts of one lab may be restarted side by side


@dataclass
class HostRecord:
    """One host: where it is, and the process that runs it."""

    name: str
    release: str
    number: int
    address: str
    disk: str
    image: str
    layer: str = ""
    """What lies between the image and the host's own disk, if anything: folders, the uppermost first, with colons between."""
    process: Started | None = None


@dataclass
class LabRecord:
    """One lab. The token tells it from a later lab of the same name."""

    name: str
    token: str
    slot: int
    owner: Started | None
    disks: str
    hosts: dict[str, HostRecord] = field(default_factory=dict)


def base() -> Path:
    """Give the folder of all labs' state (PODSTEAD_LAB_STATE)."""
    return Path(os.environ.get("PODSTEAD_LAB_STATE") or "/run/podstead-lab")


def directory(name: str) -> Path:
    """Give the folder of one lab's state."""
    return base() / name


def names() -> list[str]:
    """Name the labs that exist."""
    return sorted(path.parent.name for path in base().glob("*/lab.json"))


def lock() -> AbstractContextManager[None]:
    """Hold the lock under which labs come and go, one at a time."""
    return locked(base() / ".lock")


def save(record: LabRecord) -> None:
    """Write a lab's record whole or not at all."""
    place = directory(record.name) / "lab.json"
    fresh = place.with_suffix(".new")
    with _SAVING:
        fresh.write_text(json.dumps(asdict(record), indent=1))
        fresh.replace(place)


def load(name: str) -> LabRecord:
    """Read a lab's record, or say which labs there are."""
    try:
        data = json.loads((directory(name) / "lab.json").read_text())
    except FileNotFoundError:
        message = f"there is no lab {name!r} in {base()}; labs there are: {', '.join(names()) or 'none'}"
        raise LabError(message) from None
    try:
        hosts = {
            key: HostRecord(**{**value, "process": _process(value["process"])})
            for key, value in data["hosts"].items()
        }
        return LabRecord(**{**data, "hosts": hosts, "owner": _process(data["owner"])})
    except (KeyError, TypeError) as error:
        message = (
            f"{directory(name)} was written by another version of the lab ({error}); "
            "take the lab down with that version"
        )
        raise LabError(message) from error


def _process(data: dict[str, int] | None) -> Started | None:
    return Started(**data) if data else None


def check_name(kind: str, name: str, pattern: str) -> None:
    """Refuse a name that could not be a part of a namespace's, a folder's and a host's name."""
    if not re.fullmatch(pattern, name):
        message = f"{name!r} cannot name a {kind}: it must match {pattern}"
        raise LabError(message)
