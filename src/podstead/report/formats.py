"""The formats of a report by the name that ``--output`` gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from podstead.report import json_document, junit, terminal
from podstead.report.view import Renderer

FORMATS: Final[Mapping[str, Renderer]] = {
    "text": terminal.render,
    "json": json_document.render,
    "junit": junit.render,
}
