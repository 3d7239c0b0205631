"""``podstead explain`` is asked with what a person has: a message, a symptom, a word."""

from __future__ import annotations

import pytest

from podstead.report.explain import entries
from podstead.report.search import search

EVERYTHING = tuple(entries())


def found(text: str) -> list[str]:
    return [entry.ref or entry.id for entry in search(text, EVERYTHING)]


@pytest.mark.parametrize(
    "entry", [entry for entry in EVERYTHING if entry.symptoms], ids=lambda entry: entry.ref
)
def test_every_symptom_of_the_catalogue_finds_its_entry(entry: object) -> None:
    symptoms = entry.symptoms  # type: ignore[attr-defined]
    ref = entry.ref  # type: ignore[attr-defined]
    assert [symptom for symptom in symptoms if ref not in found(symptom)] == []


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("newuidmap: write to uid_map failed: Operation not permitted", "B03"),
        (
            "ERRO[0000] running `/usr/bin/newuidmap 4711 0 1001 1 1 524288 65536`: newuidmap: write to uid_map failed: Operation not permitted",
            "B03",
        ),
        (
            "potentially insufficient UIDs or GIDs available in user namespace (requested 0:42 for /etc/shadow)",
            "C01",
        ),
        ('cannot find UID/GID for user alice: no subuid ranges found for user "alice" in /etc/subuid', "C01"),
        ("Error: rootlessport cannot expose privileged port 80", "G08"),
    ],
)
def test_a_message_as_a_person_pastes_it_finds_its_cause_among_the_first(text: str, ref: str) -> None:
    assert ref in found(text)[:3]


@pytest.mark.parametrize(
    ("word", "first"),
    [("nosuid", "B04"), ("NOSUID", "B04"), ("linger", "E04"), ("apparmor", "A03"), ("ping group", "G09")],
)
def test_a_word_finds_what_has_it_in_its_title_first(word: str, first: str) -> None:
    assert first in found(word)[:3]


def test_all_words_must_be_there() -> None:
    assert found("linger zebra") == []
    assert set(found("lock segment")) < set(found("lock"))


@pytest.mark.parametrize("text", ["", "   ", "4711", "error: failed", "!!!", "zebra", "the a of"])
def test_what_says_nothing_finds_nothing(text: str) -> None:
    assert found(text) == []
