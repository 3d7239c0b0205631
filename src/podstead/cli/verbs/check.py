"""podstead check"""

from __future__ import annotations

import click

from podstead.cli import options
from podstead.cli.connection_options import ConnectionOptions, connection
from podstead.cli.converging import converge
from podstead.cli.filters import Filters, Listing, filters, listing
from podstead.cli.grouped_help import GroupedCommand
from podstead.cli.options import People, Printing, Selection


@click.command(
    "check",
    cls=GroupedCommand,
    examples=(
        ("podstead check --for alice", "what is missing for alice on this machine"),
        (
            "podstead check -i hosts.yml web --diff",
            "what would change on the hosts of group web, file by file",
        ),
        ("podstead check -i hosts.yml --syntax-check", "whether the input is correct; connects to no host"),
    ),
)
@options.selection
@connection
@options.people
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
def command(  # noqa: PLR0913 - these are the options
    *,
    selection: Selection,
    connection_options: ConnectionOptions,
    people: People,
    printing: Printing,
    diff: bool,
    filters: Filters,
    allow: tuple[str, ...],
    listing: Listing,
) -> int:
    """Show what apply would do, and change nothing.

    Exit code 0: nothing to do; 3: changes are pending; 1: something was refused or failed; 4: a host was unreachable.
    """
    return converge(
        "check",
        selection=selection,
        connection_options=connection_options,
        people=people,
        printing=printing,
        filters=filters,
        listing=listing,
        diff=diff,
        allow=allow,
    )
