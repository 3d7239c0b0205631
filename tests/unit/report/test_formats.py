"""The formats of a report: each has a name for ``--output`` and a renderer, and none is forgotten."""

from __future__ import annotations

import inspect
import io
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module

import pytest

from podstead import report as room
from podstead.control.setting_table import SETTINGS
from podstead.report.formats import FORMATS, renderer
from podstead.report.view import Renderer, View
from podstead.visit.record import ChangeRecord, ChangeStatus, HostReport, Report, Status

PENDING = ChangeRecord(id="subids:alice:ranges", title="grant alice IDs", status=ChangeStatus.PENDING)
REPORT = Report(
    verb="check",
    version="0",
    started="2026-11-03T10:00:00+00:00",
    seconds=1,
    hosts=(HostReport(name="wéb1", status=Status.PENDING, changes=(PENDING,)),),
)


def renderers() -> dict[str, Callable[..., object]]:
    """What the modules of ``report/`` call ``render``, by the names of the modules."""
    modules = {
        one.name: import_module(f"{room.__name__}.{one.name}") for one in pkgutil.iter_modules(room.__path__)
    }
    return {name: module.render for name, module in modules.items() if hasattr(module, "render")}


def test_every_module_that_renders_a_report_is_a_choice_of_output_under_its_name() -> None:
    assert renderers() == {name: renderer(name) for name in FORMATS}
    assert SETTINGS["output"].default in FORMATS


def test_every_renderer_is_called_alike() -> None:
    wanted = [one.annotation for one in inspect.signature(Renderer.__call__).parameters.values()][1:]
    for render in renderers().values():
        assert wanted == [one.annotation for one in inspect.signature(render).parameters.values()]


@pytest.mark.process
def test_a_format_is_imported_when_it_is_asked_for() -> None:
    """Nobody who wants JSON pays for rich."""
    code = "import sys, podstead.report.formats as one; one.renderer('json'); sys.exit('podstead.report.text' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", FORMATS)
def test_a_renderer_writes_whole_lines_of_a_report_and_leaves_the_stream_open(name: str) -> None:
    out = io.StringIO()
    renderer(name)(REPORT, View(pattern="web"), out)
    assert "web1" in out.getvalue().replace("\\u00e9", "e").replace("é", "e")
    assert out.getvalue().endswith("\n")


def test_each_format_is_what_its_name_says() -> None:
    text, document, junit = (io.StringIO() for _ in range(3))
    for name, out in (("text", text), ("json", document), ("junit", junit)):
        renderer(name)(REPORT, View(pattern="web"), out)
    assert text.getvalue().startswith("PLAY [check web] ***")
    assert document.getvalue() == REPORT.to_json() + "\n"
    assert json.loads(document.getvalue())["hosts"][0]["name"] == "wéb1"
    assert junit.getvalue().startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="podstead check"'
    )


@pytest.mark.process
@pytest.mark.parametrize("name", FORMATS)
def test_standard_output_that_is_ascii_gets_utf8(name: str) -> None:
    code = (
        "from podstead.cli.execute import emit; from podstead.cli.options import Printing\n"
        "from podstead.report.view import View; from podstead.visit.record import Report\n"
        f"report = Report.model_validate_json({REPORT.to_json()!r})\n"
        f"emit(report, View(), Printing(output={name!r}, output_file=None, verbose=0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ("w\\u00e9b1" if name == "json" else "wéb1") in done.stdout
