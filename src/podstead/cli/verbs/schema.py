"""podstead schema"""

from __future__ import annotations

import json

import click

from podstead.document.schema import layer_schema, role_schema


@click.command("schema")
@click.argument("kind", type=click.Choice(["layer", "role"]), default="layer", metavar="[layer|role]")
def command(*, kind: str) -> int:
    """Print the JSON Schema (2020-12) of a layer (group_vars, host_vars) or of a role.yml."""
    click.echo(json.dumps(role_schema() if kind == "role" else layer_schema(), indent=2))
    return 0
