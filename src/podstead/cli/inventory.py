"""podstead inventory"""

from __future__ import annotations

from typing import Any

import click

from podstead.cli import options


@click.command("inventory")
@options.selection
@click.option("--list-hosts", is_flag=True, help="One host a line (the default).")
def command(*, list_hosts: bool, **selection: Any) -> int:  # noqa: ANN401, ARG001 - one way to list so far
    """Print the hosts that PATTERN matches, one a line, in the order of the inventory."""
    for host in options.select(**selection).hosts:
        click.echo(host.name)
    return 0
