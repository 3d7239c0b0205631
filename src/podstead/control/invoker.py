"""Who called: the one thing that podstead takes from the process around it, for ``@local`` without any inventory."""

from __future__ import annotations

import getpass
import os


def invoking_user() -> str | None:
    """The ordinary person behind this process: who called sudo, or who runs it. None for plain root."""
    if os.geteuid() == 0:
        name = os.environ.get("SUDO_USER") or os.environ.get("DOAS_USER")
        return name if name and name != "root" else None
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no passwd entry
        return None
