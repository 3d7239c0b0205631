"""Running a job from the command line: progress on standard error, the report on standard output."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from podstead.cli.again import commands
from podstead.cli.options import Printing, Selected, warn
from podstead.cli.progress import watching
from podstead.document.tags import parts_asked_for
from podstead.errors import InputError, RunError
from podstead.fleet import unfinished
from podstead.fleet.rollout import Strategy, roll_out
from podstead.fleet.run import Watching, job_for, run
from podstead.report.formats import renderer
from podstead.report.view import View
from podstead.visit.job import JobOptions
from podstead.visit.record import Report, Verb

TRACE = 3
"""So many ``-v`` show what the connections do."""


def execute(  # noqa: PLR0913 - what the verbs differ in
    verb: Verb,
    selected: Selected,
    printing: Printing,
    options: JobOptions,
    *,
    diff: bool = False,
    alone: bool = True,
    strategy: Strategy | None = None,
    finish: Callable[[Report], Report] | None = None,
) -> Report:
    """Do the job, print the report (what ``finish`` makes of it), return it.

    With a ``strategy`` the job is done batch by batch.
    ``alone`` is False where the caller goes on by itself: the end then names no command that comes next.
    """
    for option, _, path in _files(printing):
        _must_be_writable(path, option)
    every: JobOptions = {**selected.options(), **options, "trace": printing.verbose >= TRACE}
    job = job_for(verb, selected.hosts, **every)
    with watching(len(selected.hosts), printing.verbose, traced=job.trace) as watcher:
        watch: Watching = {"on_progress": watcher.on_progress, "on_interrupt": watcher.on_interrupt}
        report = roll_out(job, strategy, **watch) if strategy else run(job, **watch)
    if finish:
        report = finish(report)
    again = commands(selected.words)
    report = again.of_report(report)
    parts = parts_asked_for(job.tags, job.skip_tags, job.start_at)
    view = View(
        pattern=selected.pattern,
        parts=parts,
        diff=diff,
        verbose=printing.verbose,
        command=again.command("verify" if verb == "apply" else "apply") if alone else "",
        note=again.note,
        lists=_lists(report),
    )
    emit(report, view, printing)
    return report


def _lists(report: Report) -> dict[str, Path]:
    """Keep the lists of hosts that did not come to their end; without a place for them the report says them all the same."""
    if not unfinished.lists(report):
        return {}
    try:
        return unfinished.keep(report, unfinished.state_folder(os.environ))
    except OSError as error:
        warn(f"the lists of unfinished hosts could not be kept: {error}")
        return {}


def emit(report: Report, view: View, printing: Printing) -> None:
    """Print a report, and write its JSON document where asked."""
    try:
        out = _standard_output()
        renderer(printing.output)(report, view, out)
        out.flush()
    finally:  # also where standard output is gone: what was done to hosts is told once only
        for _, name, path in _files(printing):
            _write(report, view, name, path)


def _files(printing: Printing) -> list[tuple[str, str, Path]]:
    """Option, format and file of everything that is written beside standard output."""
    document = [("--output-file", "json", printing.output_file)] if printing.output_file else []
    return [*document, *(("--report", name, path) for name, path in printing.reports)]


def _standard_output() -> TextIO:
    """Standard output for any character: ASCII becomes UTF-8, as with click's ``echo``."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and codecs.lookup(out.encoding).name == "ascii":
        out.reconfigure(encoding="utf-8", errors="replace")
    return out


def _write(report: Report, view: View, name: str, path: Path) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            renderer(name)(report, view, file)
    except OSError as error:
        raise RunError(f"cannot write the report to {path}: {error.strerror}") from error


def _must_be_writable(path: Path, option: str) -> None:
    """Before anything is done: a report that cannot be kept is better refused than lost. Raises InputError."""
    there = os.path.lexists(path)
    # Path's own raises where it may not look
    missing = not there and not os.path.isdir(path.parent)  # noqa: PTH112
    if missing or not os.access(path if there else path.parent, os.W_OK):
        raise InputError.single(f"{path} cannot be written", where=option)
