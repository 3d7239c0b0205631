"""Every mistake in a project is said in one run, sorted by file and line, before anything is connected to."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from podstead.cli.main import cli
from podstead.errors import Exit, PodsteadError
from tests.cli.broken_projects import BROKEN

GOLDEN = Path(__file__).parents[1] / "golden/broken"
WRITE = bool(os.environ.get("PODSTEAD_WRITE_GOLDEN"))
_PLACE = re.compile(r"(?P<file>[^:\n]+?):(?P<line>\d+): ")


def golden(name: str) -> Path:
    return GOLDEN / f"{re.sub('[^a-z0-9]+', '-', name)}.txt"


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that connects must not be started."""

    class Popen(subprocess.Popen[Any]):
        def __init__(self, args: Any, *more: Any, **named: Any) -> None:
            assert "podstead.remote.worker" not in args, "connected before the input was valid"
            super().__init__(args, *more, **named)

    monkeypatch.setattr(subprocess, "Popen", Popen)


@pytest.mark.usefixtures("no_worker")
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_project_is_refused_with_every_mistake(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = BROKEN[name]
    for file, text in case.all_files.items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
        path.chmod(case.modes.get(file, 0o644))
    for file, target in case.links.items():
        (tmp_path / file).symlink_to(target)
    monkeypatch.chdir(tmp_path)
    sources = [word for source in case.sources for word in ("-i", source)]
    done = CliRunner().invoke(cli, ["apply", *(case.words or ("all",)), *sources], standalone_mode=False)
    assert isinstance(done.exception, PodsteadError), done.output
    assert done.exception.exit_code is Exit.USAGE
    said = f"{done.exception.message}\n" + (f"  {done.exception.hint}\n" if done.exception.hint else "")
    said = said.replace(str(tmp_path), "{dir}")
    if WRITE:
        golden(name).parent.mkdir(parents=True, exist_ok=True)
        golden(name).write_text(said, encoding="utf-8")
    assert said == golden(name).read_text(encoding="utf-8")


def test_every_golden_message_belongs_to_a_project_and_there_are_enough() -> None:
    assert {golden(name) for name in BROKEN} == set(GOLDEN.glob("*.txt"))
    assert len(BROKEN) >= 60


def test_problems_are_sorted_by_file_and_then_by_line() -> None:
    for path in GOLDEN.glob("*.txt"):
        places = [
            (one["file"], int(one["line"])) for one in _PLACE.finditer(path.read_text(encoding="utf-8"))
        ]
        assert places == sorted(places), path.name
