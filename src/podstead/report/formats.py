"""The formats of a report: a module of this room for each, under the name that ``--output`` gives it."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from podstead.control.setting_table import SETTINGS
from podstead.report.view import Renderer

FORMATS: Final = SETTINGS["output"].choices


def renderer(name: str) -> Renderer:
    """What writes a report in this format. Its module is imported only now: nobody pays for the others."""
    render: Renderer = import_module(f"{__package__}.{name}").render
    return render
