"""What ``make test`` does in a short form, and ``make matrix`` on every release."""

from __future__ import annotations

import os
from typing import TypeVar

EVERYTHING = os.environ.get("PODSTEAD_WRITE_MATRIX") == "1"
_T = TypeVar("_T")


def tier(everything: tuple[_T, ...], short: tuple[_T, ...]) -> tuple[_T, ...]:
    """Return what this run does: a short form is a part of everything."""
    assert set(short) <= set(everything)
    return everything if EVERYTHING else short
