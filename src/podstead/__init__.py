"""podstead makes Linux hosts ready for rootless Podman, proves that they are, and keeps them so.

``apply``, ``check`` and ``verify`` are the same as the verbs of the command line and return the report that it prints.
Importing this package imports neither pyinfra nor gevent and patches nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podstead.api import apply, check, verify
    from podstead.visit.record import Report

__all__ = ["Report", "apply", "check", "verify"]


def __getattr__(name: str) -> object:
    # imported at first use: pydantic and yaml cost more than all of --help
    if name in ("apply", "check", "verify"):
        from podstead import api  # noqa: PLC0415

        return getattr(api, name)
    if name == "Report":
        from podstead.visit.record import Report  # noqa: PLC0415

        return Report
    raise AttributeError(f"module 'podstead' has no attribute {name!r}")
