"""Tests of one function or type at a time: no processes, so that all of them take seconds."""

from __future__ import annotations

import subprocess
from typing import NoReturn

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
