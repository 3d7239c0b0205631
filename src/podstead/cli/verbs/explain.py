"""podstead explain"""

from __future__ import annotations

import dataclasses
import json

import click

from podstead.cli import shell_completion
from podstead.printable import printable
from podstead.report.explain import entries, find


@click.command("explain")
@click.argument("name", required=False, shell_complete=shell_completion.explanations)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, name: str | None, output: str) -> int:
    """Explain what a check (V10), a failure mode (B03) or a change (subids:alice:ranges) means.

    Without a name: list all of them.
    """
    chosen = [find(name)] if name else list(entries())
    if output == "json":
        document = {
            "schema": "podstead.explain/1",
            "entries": [dataclasses.asdict(entry) for entry in chosen],
        }
        click.echo(json.dumps(document, indent=2))
    elif name:
        click.echo(printable(chosen[0].text()))
    else:
        for entry in chosen:
            click.echo(f"{entry.ref or '':<4}{entry.id:<36} {entry.title}")
    return 0
