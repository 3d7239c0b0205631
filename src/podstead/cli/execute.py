"""Running a job from the command line: progress on standard error, the report on standard output."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from podstead.cli.options import Selected
from podstead.cli.progress import watching
from podstead.document.tags import PART_NAMES, parts_asked_for
from podstead.errors import InputError, RunError
from podstead.fleet.run import job_for, run
from podstead.report import junit, terminal
from podstead.visit.record import Report, Verb

TRACE = 3
"""So many ``-v`` show what the connections do."""


def execute(  # noqa: PLR0913 - what the options of a run come to
    verb: Verb,
    selected: Selected,
    *,
    pattern: str,
    output: str,
    output_file: Path | None,
    verbose: int,
    diff: bool = False,
    finish: Callable[[Report], Report] | None = None,
    **job: Any,  # noqa: ANN401 - fields of Job
) -> int:
    """Do the job, print the report (what ``finish`` makes of it), return the exit code."""
    if output_file:
        _must_be_writable(output_file)
    wanted = job_for(verb, selected.hosts, trace=verbose >= TRACE, **selected.job, **job)
    with watching(len(selected.hosts), verbose, traced=wanted.trace) as watcher:
        report = run(wanted, on_progress=watcher.on_progress, on_interrupt=watcher.on_interrupt)
    if finish:
        report = finish(report)
    emit(
        report,
        output=output,
        output_file=output_file,
        diff=diff,
        verbose=verbose,
        pattern=pattern,
        parts=parts_asked_for(wanted.tags, wanted.skip_tags, wanted.start_at),
    )
    return int(report.exit_code)


def emit(
    report: Report,
    *,
    output: str,
    output_file: Path | None,
    diff: bool,
    verbose: int,
    pattern: str,
    parts: Sequence[str] = PART_NAMES,
) -> None:
    """Print a report, and write its JSON document where asked."""
    try:
        _print(report, output=output, diff=diff, verbose=verbose, pattern=pattern, parts=parts)
    finally:  # also where standard output is gone: what was done to hosts is told once only
        if output_file:
            _write(report, output_file)


def _print(
    report: Report, *, output: str, diff: bool, verbose: int, pattern: str, parts: Sequence[str]
) -> None:
    if output == "json":
        click.echo(report.to_json())
    elif output == "junit":
        click.echo(junit.render(report), nl=False)
    else:
        terminal.render(
            report,
            Console(highlight=False, emoji=False, markup=False),
            pattern=pattern,
            parts=parts,
            diff=diff,
            verbose=verbose,
        )


def _write(report: Report, path: Path) -> None:
    try:
        path.write_text(report.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise RunError(f"cannot write the report to {path}: {error.strerror}") from error


def _must_be_writable(path: Path) -> None:
    """Before anything is done: a report that cannot be kept is better refused than lost. Raises InputError."""
    there = os.path.lexists(path)
    # Path's own raises where it may not look
    missing = not there and not os.path.isdir(path.parent)  # noqa: PTH112
    if missing or not os.access(path if there else path.parent, os.W_OK):
        raise InputError.one(f"{path} cannot be written", where="--output-file")
