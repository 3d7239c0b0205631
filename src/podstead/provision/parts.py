"""Every part, in the order of a plan."""

from __future__ import annotations

from typing import Final

from podstead.document.spec import HostSpec
from podstead.provision import accounts, engine, packages, session, storage, subids, sysctls
from podstead.provision.part import Part

PARTS: Final[tuple[Part, ...]] = (
    packages.PART,
    accounts.PART,
    subids.PART,
    sysctls.PART,
    storage.PART,
    engine.PART,
    session.PART,
)
"""A document may name them by the words in :data:`podstead.document.tags.PART_NAMES`, which has the same order."""


def tasks_of(spec: HostSpec) -> tuple[Part, ...]:
    """The parts that have something to do for a document."""
    return tuple(part for part in PARTS if part.about(spec))


def owned_files() -> tuple[str, ...]:
    """Files on a host that are podstead's own: a look reads them, the plan compares them."""
    return tuple(path for part in PARTS for path in part.owns)
