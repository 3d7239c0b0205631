"""podstead apply"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from podstead.cli import options
from podstead.cli.runs import execute


@click.command("apply")
@options.selection
@options.connection
@options.output
@click.option("-C", "--check", is_flag=True, help="Change nothing; exit code 3 when something would change.")
@click.option("-D", "--diff", is_flag=True, help="Show a unified diff of every file.")
@click.option(
    "-t", "--tags", metavar="PARTS", default="", help="Only these parts (or change ids), comma-separated."
)
@click.option("--skip-tags", metavar="PARTS", default="", help="All but these parts (or change ids).")
@click.option(
    "--allow", multiple=True, metavar="ID", help="Do a refused change all the same, by its id. Repeatable."
)
@click.option("--list-hosts", is_flag=True, help="Print the chosen hosts and stop.")
def command(  # noqa: PLR0913 - these are the options
    *,
    check: bool,
    diff: bool,
    tags: str,
    skip_tags: str,
    allow: tuple[str, ...],
    list_hosts: bool,
    output: str,
    output_file: Path | None,
    verbose: int,
    **selection: Any,  # noqa: ANN401 - handed on to options.select, which names them all
) -> int:
    """Bring hosts to their declared state, then look again.

    PATTERN is a host, a group, a glob, or @local for this machine. "changed" is said only for what a second look
    confirms; what podstead refuses to do is said with the reason and what you can do.
    """
    chosen = options.select(**selection, local_becomes=not check)
    if list_hosts:
        click.echo("\n".join(host.name for host in chosen.hosts))
        return 0
    return execute(
        "check" if check else "apply",
        chosen,
        output=output,
        output_file=output_file,
        verbose=verbose,
        diff=diff,
        tags=split(tags),
        skip_tags=split(skip_tags),
        allow=allow,
    )


def split(text: str) -> tuple[str, ...]:
    """Comma-separated names as Ansible writes them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
