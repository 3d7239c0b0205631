"""podstead verify"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from pydantic import ValidationError

from podstead.cli import options, shell_completion
from podstead.cli.connection_options import ConnectionOptions, connection
from podstead.cli.execute import execute
from podstead.cli.filters import Listing, listed, listing_of_verify
from podstead.cli.grouped_help import GroupedCommand
from podstead.cli.options import People, Printing, Selection
from podstead.cli.setting_options import setting
from podstead.errors import InputError
from podstead.fleet import compare
from podstead.proof.checks import CHECKS
from podstead.suggest import did_you_mean
from podstead.visit import script
from podstead.visit.record import Report


@click.command(
    "verify",
    cls=GroupedCommand,
    examples=(
        ("podstead verify --for alice", "prove that rootless Podman works for alice on this machine"),
        ("podstead verify -i hosts.yml web -o json", "the hosts of group web, as one JSON document"),
        ("podstead verify -i hosts.yml --check V10", "only what one check says"),
    ),
)
@options.selection
@connection
@options.people
@options.output
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="ID",
    shell_complete=shell_completion.checks,
    help="Report only this check, such as V10. Repeatable.",
)
@click.option(
    "--since",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="REPORT",
    help="An earlier --output-file: report what a reboot since then has undone (V30).",
)
@setting(
    "probe_timeout",
    "--probe-timeout",
    help="Seconds for the probe of one user; whatever is still running then is ended on the host.",
)
@click.option(
    "--as-user",
    is_flag=True,
    help="Without root, as the connecting user; reports what only root could have shown.",
)
@click.option(
    "--print-script",
    is_flag=True,
    help="Print the same probe as one sh file, for a host without podstead; podstead judge reads its answer.",
)
@listing_of_verify
def command(  # noqa: PLR0913 - these are the options
    *,
    selection: Selection,
    connection_options: ConnectionOptions,
    printing: Printing,
    people: People,
    checks: tuple[str, ...],
    since: Path | None,
    probe_timeout: int,
    as_user: bool,
    print_script: bool,
    listing: Listing,
) -> int:
    """Prove, on the host and as each user, that rootless Podman works.

    It uses real namespaces, the real newuidmap, real binds and real containers; each proof has a counter-proof.
    Nothing is left behind. Exit code 1 when a check fails or cannot be carried out.
    """
    if print_script:
        click.echo(script.standalone(), nl=False)
        return 0
    wanted = _checks(checks)
    earlier_report = _earlier(since) if since else None
    selected = options.select(selection, connection_options, people, local_becomes=not as_user)
    if listed(selected, listing):
        return 0
    report = execute(
        "verify",
        selected,
        printing,
        {
            "verify_checks": wanted,
            "as_user": as_user,
            "probe_timeout": probe_timeout,
        },
        finish=(lambda report: compare.with_reboot_verdict(report, earlier_report))
        if earlier_report
        else None,
    )
    return int(report.exit_code)


def _checks(names: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(name.upper() for name in names)
    for name in wanted:
        if name not in CHECKS:
            raise InputError.single(
                f"--check: there is no check {name}{did_you_mean(name, CHECKS)}",
                hint="podstead explain lists them",
            )
    return wanted


def _earlier(path: Path) -> Report:
    try:
        return Report.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError.single(
            f"--since: {path} is not a report that podstead wrote",
            hint="write one with: podstead verify ... --output-file FILE",
        ) from error
