"""podstead check"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from podstead.cli import options
from podstead.cli.apply import split
from podstead.cli.runs import execute


@click.command("check")
@options.selection
@options.connection
@options.output
@click.option("-D", "--diff", is_flag=True, help="Show a unified diff of every file that would change.")
@click.option(
    "-t", "--tags", metavar="PARTS", default="", help="Only these parts (or change ids), comma-separated."
)
@click.option("--skip-tags", metavar="PARTS", default="", help="All but these parts (or change ids).")
@click.option(
    "--allow",
    multiple=True,
    metavar="ID",
    help="Count a refused change as one that would be made. Repeatable.",
)
def command(
    *,
    diff: bool,
    tags: str,
    skip_tags: str,
    allow: tuple[str, ...],
    output: str,
    output_file: Path | None,
    verbose: int,
    **selection: Any,  # noqa: ANN401 - handed on to options.select, which names them all
) -> int:
    """Say what apply would do, and change nothing.

    Exit code 0: nothing to do; 3: changes are pending; 1: something is refused or failed; 4: a host was unreachable.
    """
    return execute(
        "check",
        options.select(**selection),
        output=output,
        output_file=output_file,
        verbose=verbose,
        diff=diff,
        tags=split(tags),
        skip_tags=split(skip_tags),
        allow=allow,
    )
