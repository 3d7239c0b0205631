"""podstead show"""

from __future__ import annotations

import json

import click

from podstead.cli import options
from podstead.cli.options import People, Selection
from podstead.inventory.show import render_show, show_document
from podstead.printable import printable


@click.command("show")
@options.selection
@options.people
@click.option(
    "--origins/--no-origins", "with_origins", default=False, help="Show after each value where it comes from."
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, selection: Selection, people: People, with_origins: bool, output: str) -> int:
    """Print the merged document of each host that PATTERN matches."""
    hosts = options.select(selection, people=people).hosts
    if output == "json":
        document = {"schema": "podstead.show/1", "hosts": [show_document(host) for host in hosts]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=True))
    else:
        click.echo(
            "\n".join(printable(render_show(host, with_origins=with_origins)) for host in hosts), nl=False
        )
    return 0
