"""Tests of one function or type at a time: no processes, so that all of them take seconds."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from typing import Final, NoReturn

import pytest


@pytest.fixture(autouse=True)
def _no_processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What needs a process belongs in another folder, or says so: ``@pytest.mark.process``, which ``make unit`` leaves out."""
    if request.node.get_closest_marker("process"):
        return

    def refused(*_args: object, **_more: object) -> NoReturn:
        pytest.fail(
            "a unit test starts no process: move it to tests/cli or tests/shell, or mark it with pytest.mark.process"
        )

    monkeypatch.setattr(subprocess, "Popen", refused)


BUDGET: Final = 5.0
"""Seconds of processor time, which other work on the machine does not add to. Two thousandths of it are usual."""


@pytest.fixture(autouse=True)
def _within_budget(request: pytest.FixtureRequest) -> Iterator[None]:
    """``make unit`` takes seconds as long as no test of it takes more than a few."""
    before = time.process_time()
    yield
    spent = time.process_time() - before
    if os.environ.get("HYPOTHESIS_PROFILE") == "quick" and not request.node.get_closest_marker("process"):
        assert spent < BUDGET, (
            f"a unit test may take {BUDGET:.0f} s of processor time, and this took {spent:.1f} s"
        )
