"""What is printed as advice: it fits the log, and stands there with the names and numbers of this host."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import podstead
from podstead.host.accounts import Account
from podstead.proof import catalogue, remedy
from podstead.proof.diagnosis import remedy_of, signs
from podstead.visit import advice as advising
from podstead.visit.advice import advice
from tests.unit.proof.test_diagnosis import BROKEN

JANE = Account(name="CORP\\jane", uid=4321, gid=4321, home="/home/jane", shell="")
SOURCES = Path(podstead.__file__).parent
GENERIC = {"remedy.py", "advice.py"}
"""The words of these, and of diagnosis/, are filled in."""

MEANT = {"choose another UID"}
"""Texts in which such a word means itself."""


def left(text: str) -> list[str]:
    """Words of :data:`remedy.KINDS` in a text, found without the pattern of the code: at "_" as at any other mark."""
    found = []
    for match in re.finditer("[A-Z]+", text):
        before, after = text[: match.start()], text[match.end() :]
        name = re.search(r"[$A-Za-z0-9]$|[A-Z0-9]_$", before) or re.match("[=a-z0-9]|_[A-Z]", after)
        if match[0] in remedy.KINDS and not name:
            found.append(match[0])
    return found


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("usermod: cannot lock /etc/subuid; try again later.", "wait for the other program to end"),
        ("tee: /etc/x: No space left on device", "free some space"),
        ("E: Unable to locate package podman", "check its repositories"),
        ("podstead: no socket /run/user/4321/bus after 30 seconds", "systemctl status user@4321.service"),
        (
            "podstead: user x is currently used by process 7 (sh)",
            "loginctl terminate-user 'CORP\\jane' ends them; then",
        ),
        ("Could not enable linger: Connection timed out", "systemd-logind does not answer"),
        ("E: Failed to fetch http://x: Connection timed out", "cannot reach its package sources"),
        ("never seen before", ""),
    ],
)
def test_known_failures_come_with_advice(log: str, expected: str) -> None:
    assert expected in advice(log, JANE)
    assert bool(expected) is bool(advice(log)) is bool(advice(log, JANE))


@pytest.mark.parametrize("account", [JANE, None])
@pytest.mark.parametrize("hint", [hint for _, hint in advising._ADVICE])
def test_no_advice_is_printed_with_a_word_that_was_to_be_filled_in(
    hint: str, account: Account | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advising, "_ADVICE", (("", hint),))
    assert left(advice("x", account)) == []
    assert advice("x", account)


@pytest.mark.parametrize("ref", sorted(catalogue.load()))
def test_no_remedy_of_the_catalogue_keeps_a_word_of_a_kind_once_it_is_filled_in(ref: str) -> None:
    known = {word: f"v{word.lower()}" for word in remedy.KINDS}
    for text in catalogue.load()[ref].remedy.values():
        assert set(remedy.words(text)) == set(left(text))
        assert left(remedy.fill(text, known)) == left(remedy.fill(text, {})) == []


@pytest.mark.parametrize("ref", sorted(BROKEN))
def test_no_printed_remedy_keeps_a_word_of_a_kind(ref: str) -> None:
    one = BROKEN[ref].subject
    assert [left(remedy_of(diagnosis, sign, one)) for diagnosis, sign in signs(one)] == [
        [] for _ in signs(one)
    ]


def test_the_lock_segment_of_a_user_is_named_by_number() -> None:
    text = catalogue.load()["D11"].remedy["any"]
    told = remedy.fill(text, {"USER": "alice", "UID": "1000"})
    assert "rm /dev/shm/libpod_rootless_lock_1000 && podman system renumber" in told
    assert "libpod_rootless_lock" not in remedy.fill(text, {"USER": "alice"})


@pytest.mark.parametrize("text", ["SUB_UID_COUNT", "$HOME", "XDG_DATA_HOME", "USER=x", "PS_USER", "UIDs"])
def test_names_of_variables_are_no_placeholders(text: str) -> None:
    assert (remedy.words(text), left(text)) == ([], [])


def printed() -> Iterator[tuple[str, str]]:
    """Every text of the source that is given as a hint or remedy, with its place; a Meaning speaks of no host."""
    for path in sorted(SOURCES.rglob("*.py")):
        if path.name in GENERIC or path.parent.name == "diagnosis":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Meaning":
                continue
            for keyword in getattr(node, "keywords", []):
                if keyword.arg in ("hint", "remedy"):
                    for part in ast.walk(keyword.value):
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            yield f"{path.name}:{part.lineno}", part.value


def test_no_hint_or_remedy_in_the_source_has_a_word_that_nobody_fills_in() -> None:
    texts = list(printed())
    assert len(texts) > 20
    assert [(place, text) for place, text in texts if left(text) and text not in MEANT] == []
