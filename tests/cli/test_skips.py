"""A skip is loud: on a machine of CI it is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_TESTS = """
import pytest

@pytest.mark.skipif(True, reason="needs a moon")
def test_by_mark(): ...

def test_in_its_body(): pytest.skip("needs a sun")

def test_that_runs(): ...
"""


@pytest.mark.parametrize(
    ("ci", "summary"), [({}, "1 passed, 2 skipped"), ({"CI": "true"}, "1 failed, 1 passed, 1 error")]
)
def test_ci_skips_nothing(tmp_path: Path, ci: dict[str, str], summary: str) -> None:
    (tmp_path / "test_it.py").write_text(_TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "tests.conftest", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=_ROOT,
        env={name: value for name, value in os.environ.items() if name != "CI"} | ci,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert summary in done.stdout
    assert ("CI must run this. Skipped: needs a moon" in done.stdout) is bool(ci)
