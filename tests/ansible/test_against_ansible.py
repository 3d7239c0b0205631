"""podstead reads inventories as the real ansible-inventory does: same hosts, groups, variables, precedence and order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from podstead.cli.main import cli
from tests.ansible.inventory_corpus import CORPUS
from tests.ansible_view import Said, ask

QUESTIONS = [(name, shape) for name, case in CORPUS.items() for shape in case.shapes]


def _sources(name: str) -> list[str]:
    return [word for source in CORPUS[name].sources for word in ("-i", source)]


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], tuple[Path, Said]]:
    """What Ansible says to every case and question, asked in one process."""
    questions: dict[tuple[str, ...], tuple[list[str], Path]] = {}
    for name, case in CORPUS.items():
        folder = tmp_path_factory.mktemp("inventory")
        case.write(folder)
        for shape in case.shapes:
            questions[name, *shape] = (["ansible-inventory", *_sources(name), *shape], folder)
        for pattern in case.patterns:
            words = ["ansible", *_sources(name), pattern, "--list-hosts"]
            questions[name, "pattern", pattern] = (words, folder)
    answers = ask(list(questions.values()))
    folders = [folder for _, folder in questions.values()]
    return dict(zip(questions, zip(folders, answers, strict=True), strict=True))


def podstead(folder: Path, words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(cli, ["inventory", *words], standalone_mode=False)
    assert done.exception is None, f"{done.exception}\n{done.output}"
    return done.stdout


@pytest.mark.parametrize(
    ("name", "shape"), QUESTIONS, ids=[f"{name} {' '.join(shape)}" for name, shape in QUESTIONS]
)
def test_the_inventory_is_read_as_ansible_reads_it(
    name: str,
    shape: tuple[str, ...],
    ansible: dict[tuple[str, ...], tuple[Path, Said]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, said = ansible[name, *shape]
    assert said.code == 0, said.err
    ours = podstead(folder, [*_sources(name), *shape], monkeypatch)
    if shape[0] == "--list":
        assert json.loads(ours) == json.loads(said.out)
    assert ours.strip() == said.out.strip(), "the same text, so that diff says nothing"


PATTERNS = [(name, pattern) for name, case in CORPUS.items() for pattern in case.patterns]


@pytest.mark.parametrize(("name", "pattern"), PATTERNS)
def test_a_pattern_means_the_same_hosts_in_the_same_order(
    name: str,
    pattern: str,
    ansible: dict[tuple[str, ...], tuple[Path, Said]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, said = ansible[name, "pattern", pattern]
    theirs = [line.strip() for line in said.out.splitlines() if line.startswith("    ")]
    ours = podstead(folder, [*_sources(name), pattern, "--list-hosts"], monkeypatch).split()
    assert theirs
    assert ours == theirs


@cache
def _host_cases() -> tuple[tuple[str, str], ...]:
    return (
        ("an ini file", "web01.example.com"),
        ("variables in files, and who wins", "h2"),
        ("several sources", "a"),
    )


@pytest.mark.parametrize(("name", "host"), _host_cases())
def test_the_variables_of_one_host_are_the_same(
    name: str, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CORPUS[name].write(tmp_path)
    (said,) = ask([(["ansible-inventory", *_sources(name), "--host", host], tmp_path)])
    ours: Any = json.loads(podstead(tmp_path, [*_sources(name), "--host", host], monkeypatch))
    assert ours == json.loads(said.out)
