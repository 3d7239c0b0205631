"""podstead check"""

from __future__ import annotations

from typing import Any

import click

from podstead.cli import options
from podstead.cli.converging import converge
from podstead.cli.filters import filters, listing


@click.command("check")
@options.selection
@options.connection
@options.output
@click.option("-D", "--diff", is_flag=True, help="Show a unified diff of every file that would change.")
@filters
@click.option(
    "--allow",
    multiple=True,
    metavar="ID",
    help="Count a refused change as one that would be made. Repeatable.",
)
@listing
def command(**given: Any) -> int:  # noqa: ANN401 - handed on to converge, which names them all
    """Say what apply would do, and change nothing.

    Exit code 0: nothing to do; 3: changes are pending; 1: something is refused or failed; 4: a host was unreachable.
    """
    return converge("check", **given)
