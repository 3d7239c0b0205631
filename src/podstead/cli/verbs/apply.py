"""podstead apply"""

from __future__ import annotations

import click

from podstead.cli import options
from podstead.cli.connection_options import ConnectionOptions, connection
from podstead.cli.converging import converge
from podstead.cli.filters import Filters, Listing, filters, listing
from podstead.cli.grouped_help import GroupedCommand
from podstead.cli.options import People, Printing, Selection
from podstead.cli.rollout_options import RolloutOptions, rollout


@click.command(
    "apply",
    cls=GroupedCommand,
    examples=(
        ("podstead apply @local --for alice", "this machine, for alice"),
        ("podstead apply -i hosts.yml web --diff", "the hosts of group web, with every file that changes"),
        ("podstead apply admin@web1.example.com -b", "a host without an inventory, as root by sudo"),
    ),
)
@options.selection
@connection
@options.people
@options.output
@click.option("-C", "--check", is_flag=True, help="Change nothing; exit code 3 when something would change.")
@click.option("-D", "--diff", is_flag=True, help="Show a unified diff of every file.")
@filters
@click.option(
    "--allow", multiple=True, metavar="ID", help="Make a refused change anyway, by its id. Repeatable."
)
@rollout
@listing
def command(  # noqa: PLR0913 - these are the options
    *,
    selection: Selection,
    connection_options: ConnectionOptions,
    people: People,
    printing: Printing,
    check: bool,
    diff: bool,
    filters: Filters,
    allow: tuple[str, ...],
    rollout_options: RolloutOptions,
    listing: Listing,
) -> int:
    """Bring hosts to their declared state, then look again.

    PATTERN is a host, a group, a glob, or @local for this machine. "changed" is reported only for what a second
    look confirms; when podstead refuses something, it says why and what you can do.
    """
    return converge(
        "check" if check else "apply",
        selection=selection,
        connection_options=connection_options,
        people=people,
        printing=printing,
        filters=filters,
        listing=listing,
        diff=diff,
        allow=allow,
        rollout_options=rollout_options,
    )
