"""Did you mean: the closest known word to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return `` (did you mean 'x'?)``, or nothing where no known word is close."""
    close = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f" (did you mean {close[0]!r}?)" if close else ""


def the_first(words: Iterable[str], limit: int = 5) -> str:
    """Return ``a, b and 7 more``: in a message about a fleet, not every host has room."""
    every = list(words)
    return ", ".join(every[:limit]) + (f" and {len(every) - limit} more" if len(every) > limit else "")


def listed(words: Iterable[str]) -> str:
    """Return ``a, b, c``, or ``none``."""
    return ", ".join(words) or "none"
