"""Versions of distribution packages, judged with ``packaging`` after taking the distribution's additions off."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

_PRERELEASE = re.compile(r"^[~.+-]*(alpha|beta|rc|pre|a|b|dev)[.~-]?(\d*)", re.IGNORECASE)


def upstream(version: str) -> Version | None:
    """The upstream version behind a package version, or None where there is none to be read.

    ``4.3.1+ds1-8+deb12u1`` is 4.3.1, ``5:5.4.0-2.el9`` is 5.4.0, ``5.0.0~rc1+ds1-1`` is 5.0.0rc1 (deb-version(7),
    rpm-version(7)): the epoch goes, then everything after the release number but a pre-release mark.
    """
    text = version.strip().rpartition(":")[2].removeprefix("v")
    release = re.match(r"\d+(\.\d+)*", text)
    if not release:
        return None
    mark = _PRERELEASE.match(text[release.end() :])
    try:
        if mark and text[release.end()] in "~-.abrABR":
            return Version(f"{release[0]}{mark[1].lower()}{mark[2] or '0'}")
        return Version(release[0])
    except ValueError:  # InvalidVersion, or a number with more digits than Python reads
        return None


def satisfies(version: str, specifier: str) -> bool | None:
    """Whether a package version meets a PEP 440 specifier; None when the version cannot be read.

    Raises ValueError for a specifier that ``packaging`` does not accept.
    """
    try:
        wanted = SpecifierSet(specifier)
    except InvalidSpecifier as error:
        raise ValueError(f"not a version specifier: {specifier!r} (write for example '>=4.3')") from error
    found = upstream(version)
    return None if found is None else wanted.contains(found, prereleases=True)
