"""podstead apply"""

from __future__ import annotations

from typing import Any

import click

from podstead.cli import options
from podstead.cli.converging import converge
from podstead.cli.filters import filters, listing


@click.command("apply")
@options.selection
@options.connection
@options.output
@click.option("-C", "--check", is_flag=True, help="Change nothing; exit code 3 when something would change.")
@click.option("-D", "--diff", is_flag=True, help="Show a unified diff of every file.")
@filters
@click.option(
    "--allow", multiple=True, metavar="ID", help="Do a refused change all the same, by its id. Repeatable."
)
@listing
def command(*, check: bool, **given: Any) -> int:  # noqa: ANN401 - handed on to converge, which names them all
    """Bring hosts to their declared state, then look again.

    PATTERN is a host, a group, a glob, or @local for this machine. "changed" is said only for what a second look
    confirms; what podstead refuses to do is said with the reason and what you can do.
    """
    return converge("check" if check else "apply", **given)
