"""podstead judge"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from podstead.cli import options
from podstead.cli.execute import emit
from podstead.cli.options import Printing, warn
from podstead.errors import InputError, LookError, NoAnswerError, Problem
from podstead.host.frames import MAX_BYTES
from podstead.inventory.load import load
from podstead.report.view import View
from podstead.version import VERSION
from podstead.visit.prove import judge
from podstead.visit.record import Report

_HINT = (
    "give the file with everything that the script printed; podstead verify --print-script prints the script"
)


@click.command("judge")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "-e",
    "--extra-vars",
    multiple=True,
    metavar="KEY=VALUE|@FILE|JSON",
    help="What the host should be. Repeatable.",
)
@options.output
def command(*, file: Path, extra_vars: tuple[str, ...], printing: Printing) -> int:
    """Judge the answer of the script that 'podstead verify --print-script' wrote.

    FILE is what the script printed ('-' for standard input). podstead connects to no host.
    """
    began = time.monotonic()
    warnings: list[Problem] = []
    spec = load((), extra_vars=list(extra_vars), pattern="@local", warnings=warnings)[0].spec
    for warning in warnings:
        warn(str(warning))
    with click.open_file(str(file), "rb") as stream:
        text = stream.read(MAX_BYTES + 1).decode("ascii", "backslashreplace")
    name = "standard input" if str(file) == "-" else file.name
    try:
        host = judge(name, text, spec)
    except (
        NoAnswerError
    ):  # its message repeats what a host said; a file that was named by mistake may hold anything
        message = "this is not the complete output of podstead's script"
        raise InputError.single(message, where=name, hint=_HINT) from None
    except LookError as error:
        raise InputError.single(error.message, where=name, hint=error.hint or _HINT) from error
    report = Report(
        verb="verify",
        version=VERSION,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - began, 3),
        hosts=(host,),
    )
    emit(report, View(pattern=name, verbose=printing.verbose), printing)
    return int(report.exit_code)
