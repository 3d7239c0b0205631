"""The hosts with which a run did not come to its end, as three lists that ``--limit @FILE`` takes."""

from __future__ import annotations

import os
import pwd
import re
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from podstead.visit.record import Report, Status

#: Name of a list, which is the name of its file as well -> the status of its hosts.
LISTS: Final = {"failed": Status.FAILED, "unreachable": Status.UNREACHABLE, "never-started": Status.SKIPPED}
_RUN: Final = re.compile(r"\d{8}T\d{6}Z-\d+")
NEWEST: Final = 100
"""Runs whose lists are kept."""


def lists(report: Report) -> dict[str, tuple[str, ...]]:
    """Return the lists that are not empty, each in the order of the report. Of one host there is nothing to list."""
    if len(report.hosts) < 2:
        return {}
    found = {
        name: tuple(host.name for host in report.hosts if host.status is status)
        for name, status in LISTS.items()
    }
    return {name: hosts for name, hosts in found.items() if hosts}


def state_folder(environment: Mapping[str, str]) -> Path:
    """Where podstead keeps what it knows of earlier runs (XDG Base Directory Specification).

    With sudo $HOME may be another user's: root would make folders there that the user cannot remove. Raises OSError where
    nothing says what the home folder of this user is.
    """
    state = Path(environment.get("XDG_STATE_HOME", ""))
    if state.is_absolute():  # the specification says that any other is to be ignored
        return state / "podstead" / "runs"
    home = Path(environment.get("HOME", ""))
    try:
        own = home.is_absolute() and home != Path("/") and home.stat().st_uid == os.geteuid()
    except OSError:
        own = False
    if not own:
        try:
            home = Path(pwd.getpwuid(os.geteuid()).pw_dir)
        except KeyError:
            raise OSError(
                f"there is no account with UID {os.geteuid()}, and HOME is not a folder of its own"
            ) from None
    return home / ".local" / "state" / "podstead" / "runs"


def keep(report: Report, folder: Path) -> dict[str, Path]:
    """
    Write the lists into a new folder below ``folder``, and return the file of each. The lists of
    the newest :data:`NEWEST` runs stay. Raises OSError where that is not possible.
    """
    found = lists(report)
    if not found:
        return {}
    started = datetime.fromisoformat(report.started).strftime("%Y%m%dT%H%M%SZ")
    place = folder / f"{started}-{os.getpid()}"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {name: place / name for name in found}
    for name, path in files.items():
        path.write_text("".join(f"{host}\n" for host in found[name]), encoding="utf-8")
    for old in sorted(path for path in folder.iterdir() if _RUN.fullmatch(path.name))[:-NEWEST]:
        shutil.rmtree(old, ignore_errors=True)  # another run may be doing the same
    return files
