"""podstead inventory"""

from __future__ import annotations

import json
from typing import Any

import click

from podstead.cli import options


@click.command("inventory")
@options.selection
@click.option("--list-hosts", is_flag=True, help="One host a line (the default).")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, list_hosts: bool, output: str, **selection: Any) -> int:  # noqa: ANN401, ARG001 - one way to list so far
    """Print the hosts that PATTERN matches, one a line, in the order of the inventory."""
    hosts = options.select(**selection).hosts
    if output == "json":
        listed = [{"name": host.name, "groups": list(host.groups)} for host in hosts]
        click.echo(json.dumps({"schema": "podstead.inventory/1", "hosts": listed}, indent=2))
    else:
        click.echo("\n".join(host.name for host in hosts))
    return 0
