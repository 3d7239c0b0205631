"""Entries of ``podstead explain`` by what a person has: an error message, a symptom, a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from podstead.report.explain import Entry

_WORD: Final = re.compile(r"[a-z0-9_/.]*[a-z_][a-z0-9_/.]*")
_COMMON: Final = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "by", "cannot", "error", "exit", "failed", "for", "from", "has", "have", "in", "is",
     "it", "no", "not", "of", "on", "or", "podman", "status", "that", "the", "this", "to", "user", "was", "with"}
)  # fmt: skip
"""Words that stand in messages of every kind and tell none from another."""
_MESSAGE: Final = 0.6
"""So much of a message must be there: numbers and names in it differ from host to host."""


def search(text: str, entries: Iterable[Entry]) -> Sequence[Entry]:
    """Return the entries that a message or words fit, the best first.

    A message is compared with what programs print for an entry; every word that is not in such a message must be in the
    entry's own text. Letters may be large or small.
    """
    wanted = _words(text)
    if not wanted:
        return ()
    ranked = [(score, entry) for entry in entries if (score := _score(wanted, entry)) > 0]
    ranked.sort(key=lambda pair: -pair[0])
    return tuple(entry for _, entry in ranked)


def _score(wanted: frozenset[str], entry: Entry) -> float:
    """Messages count most, then the title and the id, then the rest of the text."""
    message = max((_overlap(wanted, _words(symptom)) for symptom in entry.symptoms), default=0.0)
    if message >= _MESSAGE:
        return 2 + message
    head = _words(f"{entry.id.replace('-', ' ').replace(':', ' ')} {entry.title}")
    body = head | _words(
        " ".join((entry.why, entry.breaks, entry.remedy, *entry.symptoms, *entry.remedies.values()))
    )
    if not all(_is_in(word, body) for word in wanted):
        return 0
    return 1 + sum(_is_in(word, head) for word in wanted) / len(wanted)


def _overlap(wanted: frozenset[str], symptom: frozenset[str]) -> float:
    """How much of the shorter one is in the other: people paste half a message, or a message with more around it."""
    shared = len(wanted & symptom)
    shorter = min(len(wanted), len(symptom))
    # one word that two messages share says nothing
    return shared / shorter if shared > 1 or shared == len(wanted) == len(symptom) else 0.0


def _is_in(word: str, words: frozenset[str]) -> bool:
    return word in words or any(each.startswith(word) for each in words)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip("./") for word in _WORD.findall(text.lower())) - _COMMON - {""}
