"""What this podstead was installed from, and what CI has to install to get the same: PEP 610 has the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

UNKNOWN: Final = "podstead @ git+https://replace.invalid/podstead.git@COMMIT"
"""Stands where nobody but the person can say where CI finds podstead; no such host can exist (RFC 6761)."""
_REACHABLE: Final = frozenset({"https", "http", "ssh", "git"})


def requirement() -> str:
    """Return what pip installs to get this podstead, or :data:`UNKNOWN`."""
    try:
        found = distribution("podstead")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return UNKNOWN
    return requirement_of(found.version, found.read_text("direct_url.json"))


def requirement_of(version: str, direct_url: str | None) -> str:
    """Return what pip installs: a commit, an archive, or the series on the index that this version belongs to.

    ``direct_url`` is the text of direct_url.json, None for a podstead from an index. :data:`UNKNOWN` for a folder or a file of
    this machine, which CI does not have.
    """
    if direct_url is None:
        return f"podstead~={series(version)}"
    try:
        origin = json.loads(direct_url)
        url = urlsplit(origin["url"])
        if (
            url.scheme not in _REACHABLE or url.query
        ):  # what is signed in a query is secret, and does not last
            return UNKNOWN
        return f"podstead @ {_source(origin, url)}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return UNKNOWN


def _source(origin: Mapping[str, Any], url: SplitResult) -> str:
    folder = f"subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else ""
    place = _without_secret(url)
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"{vcs['vcs']}+{place}@{vcs['commit_id']}" + (f"#{folder}" if folder else "")
    algorithm, digest = next(iter(origin["archive_info"].get("hashes", {}).items()), ("", ""))
    fragment = "&".join(filter(None, (f"{algorithm}={digest}" if digest else "", folder)))
    return place + (f"#{fragment}" if fragment else "")


def _without_secret(url: SplitResult) -> str:
    """The URL for others: of ``https`` a user may be a token, of ``ssh`` it is the account that everybody uses."""
    user, at, host = url.netloc.rpartition("@")
    name = user.partition(":")[0] + at if url.scheme == "ssh" else ""
    return url._replace(netloc=f"{name}{host}", fragment="").geturl()


def series(version: str) -> str:
    """The first release whose successors a project may take by itself: 0.3.2 -> 0.3.0 (for pip's ``~=``)."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return f"{match[1]}.{match[2]}.0" if match else "0.1.0"
