"""gevent's patches without its plugins: to find none it reads what is known of every installed package, 25 times."""

from __future__ import annotations

import importlib.metadata

from gevent import monkey


def patch_all() -> None:
    """Patch this process as ``gevent.monkey.patch_all`` does, but call no plugin (gevent/events.py asks for entry points)."""
    entry_points = importlib.metadata.entry_points
    try:
        importlib.metadata.entry_points = lambda **_: importlib.metadata.EntryPoints()  # type: ignore[assignment]
        monkey.patch_all()
    finally:
        importlib.metadata.entry_points = entry_points
