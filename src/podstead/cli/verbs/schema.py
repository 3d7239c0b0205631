"""podstead schema"""

from __future__ import annotations

import json

import click

from podstead.document.schema import layer_schema, role_schema
from podstead.visit.record import report_schema

_SCHEMAS = {"layer": layer_schema, "role": role_schema, "report": report_schema}


@click.command("schema")
@click.argument("kind", type=click.Choice(list(_SCHEMAS)), default="layer", metavar="[layer|role|report]")
def command(*, kind: str) -> int:
    """Print the JSON Schema (2020-12) of a layer (group_vars, host_vars), of a role.yml, or of a report (-o json)."""
    click.echo(json.dumps(_SCHEMAS[kind](), indent=2))
    return 0
