"""The one exception of the lab."""

from __future__ import annotations


class LabError(Exception):
    """Something the lab could not do: says what failed, where, and what to do about it."""
