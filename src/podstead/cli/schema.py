"""podstead schema"""

from __future__ import annotations

import json

import click

from podstead.schema import layer_schema


@click.command("schema")
def command() -> int:
    """Print the JSON Schema (2020-12) of a layer: a role, group_vars, host_vars."""
    click.echo(json.dumps(layer_schema(), indent=2))
    return 0
