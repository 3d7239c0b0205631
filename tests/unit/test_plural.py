"""Numbers with their nouns and verbs."""

from __future__ import annotations

import pytest

from podstead.plural import agree, counted


@pytest.mark.parametrize(
    ("number", "noun", "plural", "text"),
    [
        (0, "change", "", "0 changes"),
        (1, "change", "", "1 change"),
        (8, "change", "", "8 changes"),
        (1, "entry", "entries", "1 entry"),
        (2, "entry", "entries", "2 entries"),
    ],
)
def test_a_noun_has_the_number_before_it(number: int, noun: str, plural: str, text: str) -> None:
    assert counted(number, noun, plural) == text


def test_a_verb_goes_with_the_number() -> None:
    assert [agree(number, "needs", "need") for number in (0, 1, 2)] == ["need", "needs", "need"]
