"""Running a job from the command line: progress on standard error, the report on standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.status import Status as Spinner

from podstead.cli.options import Selected
from podstead.errors import RunError
from podstead.job import Progress, Result
from podstead.report import junit, terminal
from podstead.report.printable import one_line
from podstead.report.record import Report
from podstead.run import OnProgress, Verb, job_for, run


def execute(
    verb: Verb,
    selected: Selected,
    *,
    output: str,
    output_file: Path | None,
    verbose: int,
    diff: bool = False,
    finish: Callable[[Report], Report] | None = None,
    **job: Any,  # noqa: ANN401 - fields of Job
) -> int:
    """Do the job, print the report (what ``finish`` makes of it), return the exit code."""
    with _progress(len(selected.hosts), verbose) as on_progress:
        report = run(job_for(verb, selected.hosts, **selected.job, **job), on_progress=on_progress)
    if finish:
        report = finish(report)
    emit(report, output=output, output_file=output_file, diff=diff, verbose=verbose)
    return int(report.exit_code)


def emit(report: Report, *, output: str, output_file: Path | None, diff: bool, verbose: int) -> None:
    """Print a report, and write its JSON document where asked."""
    if output == "json":
        click.echo(report.to_json())
    elif output == "junit":
        click.echo(junit.render(report), nl=False)
    else:
        terminal.render(
            report, Console(highlight=False, emoji=False, markup=False), diff=diff, verbose=verbose
        )
    if output_file:
        try:
            output_file.write_text(report.to_json() + "\n", encoding="utf-8")
        except OSError as error:
            raise RunError(f"cannot write the report to {output_file}: {error.strerror}") from error


@contextmanager
def _progress(hosts: int, verbose: int) -> Iterator[OnProgress]:
    """A line that changes on a terminal, plain lines in logs."""
    console = Console(stderr=True, highlight=False, emoji=False, markup=False)
    done = 0
    busy: dict[str, str] = {}

    def text() -> str:
        shown = ", ".join(f"{one_line(host)}: {one_line(doing)}" for host, doing in list(busy.items())[:3])
        return f"{done}/{hosts} done  {shown}"[: max(console.width - 4, 20)]

    spinner: Spinner | None = None
    if console.is_terminal:
        spinner = console.status(text())
        spinner.start()

    def on_progress(message: Progress | Result) -> None:
        nonlocal done
        if isinstance(message, Result):
            busy.pop(message.report.name, None)
            done += 1
            if spinner is None:
                sys.stderr.write(f"{one_line(message.report.name)}: {message.report.status.value}\n")
        else:
            busy[message.host] = message.doing
            if spinner is None and (verbose or message.doing not in ("connecting", "looking")):
                sys.stderr.write(f"{one_line(message.host)}: {one_line(message.doing)}\n")
        if spinner is not None:
            spinner.update(text())

    try:
        yield on_progress
    finally:
        if spinner is not None:
            spinner.stop()
