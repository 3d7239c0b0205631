"""podstead makes Linux hosts ready for rootless Podman, proves that they are, and keeps them so.

``hosts`` reads inventories; ``apply``, ``check`` and ``verify`` are the same as the verbs of the command line and return the
report that it prints. Importing this package imports neither pyinfra nor gevent and patches nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podstead.api import apply, check, hosts, verify
    from podstead.errors import InputError, RunError
    from podstead.visit.record import Report

    __version__: str

__all__ = ["InputError", "Report", "RunError", "__version__", "apply", "check", "hosts", "verify"]

_ROOMS = {
    **dict.fromkeys(("apply", "check", "hosts", "verify"), "podstead.api"),
    **dict.fromkeys(("InputError", "RunError"), "podstead.errors"),
    "Report": "podstead.visit.record",
}


def __getattr__(name: str) -> object:
    # imported at first use: pydantic and yaml cost more than all of --help
    if name == "__version__":
        return import_module("podstead.version").VERSION
    if name in _ROOMS:
        return getattr(import_module(_ROOMS[name]), name)
    raise AttributeError(f"module 'podstead' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Names that are imported late are there all the same."""
    return sorted({*globals(), *__all__})
