"""What differs between families of distributions is one record for each (:mod:`podstead.host.families`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

INDISPENSABLE: Final = ("podman", "uidmap")
"""Roles that every family has a package for; where the family is not known they stand for its names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Distributions that share a package manager and package names."""

    name: str
    """What the remedies of the catalogue call it."""
    ids: tuple[str, ...]
    """``ID`` or ``ID_LIKE`` in os-release(5); also the first part of one such as opensuse-leap."""
    managers: tuple[str, ...]
    """Its package managers, in the order in which a host is asked for them: files in ``visit/scripts/packages``."""
    packages: Mapping[str, str]
    """Role of a package -> its name. Roles, not names, are what the plan reasons about."""
    helper_capabilities: bool
    """Its package gives newuidmap and newgidmap file capabilities, not the setuid bit (podman#2788)."""
    selinux_policy: str = ""
    """
    The package with the SELinux policy of containers. podstead does not install it, and must know of it to explain a
    failure.
    """

    # regular expressions that find what its package managers print
    locked: tuple[str, ...] = ()
    """Another program is installing."""
    unreachable: tuple[str, ...] = ()
    """Its sources could not be reached."""
    not_offered: tuple[str, ...] = ()
    """None of its sources has the package."""
    advice: tuple[tuple[str, str], ...] = ()
    """What only this family has: a regular expression, and what to do then."""
