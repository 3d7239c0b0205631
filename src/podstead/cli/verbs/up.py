"""podstead up"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import click

from podstead.cli import options
from podstead.cli.connection_options import ConnectionOptions, connection
from podstead.cli.execute import execute
from podstead.cli.grouped_help import GroupedCommand
from podstead.cli.options import People, Printing, Selected, Selection
from podstead.control.invoker import invoking_user
from podstead.errors import Exit, InputError
from podstead.inventory.named import HERE
from podstead.plural import counted
from podstead.printable import one_line
from podstead.report.ready import ready
from podstead.suggest import the_first
from podstead.visit.look import WITHOUT_ROOT
from podstead.visit.record import Report, Status


@click.command(
    "up",
    cls=GroupedCommand,
    examples=(
        ("podstead up --for alice", "make this machine ready for alice"),
        ("podstead up -i hosts.yml web", "the hosts of group web, and the users that the inventory names"),
        (
            "podstead up admin@web1.example.com -b -K",
            "a host without an inventory; asks for the password for sudo",
        ),
    ),
)
@options.selection
@connection
@options.people
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("-D", "--diff", is_flag=True, help="Show a unified diff of every file.")
@click.option("-v", "--verbose", count=True, help="More output: every task, connections and times.")
def command(
    *,
    selection: Selection,
    connection_options: ConnectionOptions,
    people: People,
    yes: bool,
    diff: bool,
    verbose: int,
) -> int:
    """Show what would change, ask, apply it, and prove that it works.

    PATTERN is a host, several hosts, a group or a glob; nothing means this machine, unless an inventory is configured.
    Exit code 0: every user is ready; 3: changes are pending, and the answer was no; else as apply and verify.
    """
    if not yes and not _can_ask():
        raise InputError.single(
            "up asks before it changes anything, and there is no terminal to ask on",
            hint="use --yes; or podstead check, which changes nothing",
        )
    selected = options.select(
        selection, _asking_for_sudo(selection, connection_options), people, local_becomes=True
    )
    unprepared = [host.name for host in selected.hosts if not host.spec.users]
    if unprepared:
        raise InputError.single(
            f"no user is named for {the_first(unprepared)}",
            hint="name the users: podstead up --for alice",
        )
    return _up(selected, Printing(output="text", verbose=verbose), yes=yes, diff=diff)


def _up(selected: Selected, printing: Printing, *, yes: bool, diff: bool) -> int:
    looked = execute("check", selected, printing, {}, diff=diff, alone=False)
    if looked.interrupted:
        return int(looked.exit_code)
    _must_be_root(looked)
    applied = looked
    reached = _done(looked)
    if looked.changes and reached:
        if not yes and not _agreed(looked):
            click.echo("Nothing was changed.")
            return Exit.PENDING
        click.echo()
        applied = execute("apply", _only(selected, reached), printing, {}, diff=diff, alone=False)
        reached = _done(applied)
    if applied.interrupted or not reached:
        return _worst(looked, applied)
    click.echo()
    # a host that apply could not finish is proved as well: the proof says what is missing
    proved = execute("verify", _only(selected, reached), printing, {})
    click.echo(ready(proved, here=HERE, me=invoking_user() or ""))
    _left_out(looked, applied, reached)
    return _worst(looked, applied, proved)


def _must_be_root(looked: Report) -> None:
    """Raise InputError before anything is asked where changes are pending that only root can make."""
    names = [
        host.name for host in looked.hosts if host.status is Status.PENDING and WITHOUT_ROOT in host.notes
    ]
    if names:
        raise InputError.single(
            f"{the_first(map(one_line, names))}: only root can make these changes",
            hint="add -b, which becomes root with sudo; -K asks for its password",
        )


def _left_out(looked: Report, applied: Report, reached: frozenset[str]) -> None:
    """Name again, as the last thing on the screen, the hosts that nothing above calls ready."""
    reports = {host.name: host for host in (*looked.hosts, *applied.hosts)}
    for name, host in reports.items():
        if name not in reached:
            why = host.trouble.message if host.trouble else host.status.value
            click.echo(f"\n{one_line(name)} is not ready: {one_line(why)}")


def _worst(*reports: Report) -> int:
    """The worst decides; what was pending at first is not any more."""
    codes = [report.exit_code for report in reports]
    return int(
        next((code for code in (Exit.INTERRUPTED, Exit.FAILED, Exit.UNREACHABLE) if code in codes), Exit.GOOD)
    )


def _done(report: Report) -> frozenset[str]:
    """The hosts that could be worked on, whatever came of it."""
    bad = (Status.UNREACHABLE, Status.SKIPPED)
    return frozenset(host.name for host in report.hosts if host.status not in bad and not host.trouble)


def _only(selected: Selected, names: frozenset[str]) -> Selected:
    return replace(selected, hosts=tuple(host for host in selected.hosts if host.name in names))


def _can_ask() -> bool:
    return bool(sys.stdin and sys.stdin.isatty())


def _agreed(looked: Report) -> bool:
    names = [one_line(host.name) for host in looked.hosts if host.status in (Status.PENDING, Status.FAILED)]
    return click.confirm(
        f"\nMake {counted(looked.changes, 'change')} on {the_first(names)}?", default=False, err=True
    )


def _asking_for_sudo(selection: Selection, connecting: ConnectionOptions) -> ConnectionOptions:
    """On this machine the password for sudo is asked for where sudo wants one, and -K is not needed."""
    here = not selection.sources and selection.pattern in ("all", "localhost", HERE)
    method = connecting.become_method or "sudo"
    if not here or os.geteuid() == 0 or connecting.ask_become_pass or method != "sudo" or not _can_ask():
        return connecting
    try:
        asks = (
            subprocess.run(
                ["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10
            ).returncode
            != 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return connecting
    return replace(connecting, ask_become_pass=True) if asks else connecting
