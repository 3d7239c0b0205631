"""podstead verify"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from podstead.cli import options
from podstead.cli.runs import execute


@click.command("verify")
@options.selection
@options.connection
@options.output
@click.option("--verify-user", "users", multiple=True, metavar="NAME", help="Only as this user. Repeatable.")
@click.option(
    "--as-user", is_flag=True, help="Without root, as the connecting user; says what root would have shown."
)
def command(
    *,
    users: tuple[str, ...],
    as_user: bool,
    output: str,
    output_file: Path | None,
    verbose: int,
    **selection: Any,  # noqa: ANN401 - handed on to options.select, which names them all
) -> int:
    """Prove, on the host and as each user, that rootless Podman works.

    Real namespaces, the real newuidmap, real binds and a real container; each proof with its counter-proof. Nothing
    is left behind. Exit code 1 when a check failed or could not be made.
    """
    chosen = options.select(**selection, local_becomes=not as_user)
    return execute(
        "verify",
        chosen,
        output=output,
        output_file=output_file,
        verbose=verbose,
        verify_users=users,
        as_user=as_user,
    )
