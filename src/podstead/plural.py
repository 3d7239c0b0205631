"""Numbers with their nouns: ``1 change`` and ``8 changes``, never ``8 change(s)``."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun; ``plural`` where that is not the noun with an s."""
    return f"{number} {agree(number, noun, plural or f'{noun}s')}"


def agree(number: int, singular: str, plural: str) -> str:
    """Return the word that goes with so many things, such as ``does`` or ``do``."""
    return singular if number == 1 else plural
