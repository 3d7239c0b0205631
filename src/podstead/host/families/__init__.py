"""The families of distributions: a module for each, which ends with its record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from podstead.host.families import alpine, arch, debian, redhat, suse
from podstead.host.family import Family

FAMILIES: Final[tuple[Family, ...]] = (
    debian.FAMILY,
    alpine.FAMILY,
    arch.FAMILY,
    suse.FAMILY,
    redhat.FAMILY,
)
"""
A host is asked for their package managers in this order. rpm may be installed anywhere as a mere tool, so the families that
rest on it stand last; openSUSE may have dnf beside zypper.
"""

OTHER: Final = Family(name="other", ids=(), managers=(), packages={}, helper_capabilities=False)
"""A distribution of which nothing is known."""

MANAGERS: Final = tuple(manager for family in FAMILIES for manager in family.managers)

PACKAGE_NAMES: Final = tuple(
    sorted(
        {name for family in FAMILIES for name in (*family.packages.values(), family.selinux_policy)} - {""}
    )
)
"""What a look asks about on every host."""

_BY_ID: Final[Mapping[str, Family]] = MappingProxyType(
    {os_id: family for family in FAMILIES for os_id in family.ids}
)
_BY_MANAGER: Final[Mapping[str, Family]] = MappingProxyType(
    {manager: family for family in FAMILIES for manager in family.managers}
)


def family_of(ids: Iterable[str]) -> Family:
    """The first family that one of ``ID`` and ``ID_LIKE`` belongs to (os-release(5))."""
    for os_id in ids:
        family = _BY_ID.get(os_id) or _BY_ID.get(os_id.split("-")[0])
        if family:
            return family
    return OTHER


def family_with(manager: str) -> Family:
    """The family that has this package manager, whatever a host calls itself."""
    return _BY_MANAGER.get(manager, OTHER)
