"""The report as text in Ansible's shape: a play, its tasks with one line a host and thing, the recap."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final, TextIO

from rich.console import Console

from podstead.errors import Exit
from podstead.fleet.unfinished import lists
from podstead.plural import counted
from podstead.printable import one_line
from podstead.report import proved, tasks
from podstead.report.ending import last_line
from podstead.report.screen import Screen
from podstead.report.task_results import counts
from podstead.report.tasks import together
from podstead.report.view import View
from podstead.suggest import the_first
from podstead.visit.record import UNPREPARED, HostReport, Report, Status, failed_findings

_NAME_WIDTH: Final = 26
"""Of the host's column in Ansible's recap."""
_COLOURS: Final = {
    Status.OK: "ok",
    Status.CHANGED: "changed",
    Status.PENDING: "pending",
    Status.FAILED: "fail",
    Status.UNREACHABLE: "fail",
    Status.SKIPPED: "skipping",
}


def render(report: Report, view: View, out: TextIO) -> None:
    """Write a report; a terminal gets it wrapped and in colour."""
    draw(report, view, Console(file=out, highlight=False, emoji=False, markup=False))


def draw(report: Report, view: View, console: Console) -> None:
    """Print a report. The console decides about colour and width."""
    screen = Screen(console)
    screen.heading(f"PLAY [{' '.join(filter(None, (report.verb, view.pattern)))}]")
    if report.verb == "verify":
        proved.draw(report, screen, view)
    else:
        _systems(report.hosts, screen)
        _troubles(report.hosts, screen)
        tasks.draw(report.hosts, screen, view)
        if any(host.findings for host in report.hosts):
            proved.draw(_findings_only(report), screen, view)
    _notes(report.hosts, screen, verbose=view.verbose)
    screen.blank()
    screen.heading("PLAY RECAP")
    for host in report.hosts:
        _recap(host, screen, view.parts)
    _lists(report, screen, view)
    _ending(report, screen, view)


def _lists(report: Report, screen: Screen, view: View) -> None:
    """Who did not come to the end, each with the file that --limit takes."""
    rows = lists(report)
    if rows:
        screen.blank()
    for name, hosts in rows.items():
        screen.line(f"{name.replace('-', ' ')}: {the_first(map(one_line, hosts))}", "fail")
        if name in view.lists:
            screen.line(f"  --limit @{shlex.quote(str(view.lists[name]))}", paste=True)


def _ending(report: Report, screen: Screen, view: View) -> None:
    """The last line, with the command that comes next on a line of its own where it would be wrapped."""
    ending, style, purpose = last_line(report), "fail", ""
    if report.exit_code is Exit.PENDING:
        style, purpose = "pending", "to apply"
    elif not ending and report.verb == "apply" and not all(host.findings for host in report.hosts):
        style, purpose = "ok", "to prove that it works"
    if not ending and not (purpose and view.command):
        return
    screen.blank()
    if purpose and view.command:
        purpose = f"{purpose}{f', {view.note}' if view.note else ''}:"
        heading = "; ".join(filter(None, (ending, purpose)))
        if screen.fits(f"{heading} {view.command}"):
            screen.line(f"{heading} {view.command}", style)
        else:
            screen.line(heading, style)
            screen.line(f"  {view.command}", paste=True)
    else:
        screen.line(ending, style)


def _findings_only(report: Report) -> Report:
    """What was proved after a change; what went wrong before is shown already."""
    hosts = [
        host.model_copy(update={"trouble": None, "system": "", "status": _proof(host)})
        for host in report.hosts
        if host.findings
    ]
    return report.model_copy(update={"hosts": tuple(hosts)})


def _proof(host: HostReport) -> Status:
    return Status.FAILED if failed_findings(host.findings) else Status.OK


def _systems(hosts: Sequence[HostReport], screen: Screen) -> None:
    """What the hosts are; hosts that are alike on one line."""
    hosts_by_system: dict[str, list[str]] = {}
    for host in hosts:
        if host.system:
            hosts_by_system.setdefault(f"{one_line(host.system)}, Linux {one_line(host.kernel)}", []).append(
                host.name
            )
    for system, names in hosts_by_system.items():
        screen.line(f"  {system}: {', '.join(map(one_line, names))}", "dim")


def _troubles(hosts: Sequence[HostReport], screen: Screen) -> None:
    troubled = [host for host in hosts if host.trouble or host.status is Status.SKIPPED]
    if troubled:
        screen.blank()
        screen.heading("TASK [connect]")
    for names, (status, trouble) in together((host.name, (host.status, host.trouble)) for host in troubled):
        screen.trouble(HostReport(name=names, status=status, trouble=trouble))


def _notes(hosts: Sequence[HostReport], screen: Screen, *, verbose: int) -> None:
    # where no user is prepared, the command line has said so of all hosts together, before the run
    rows = [(host.name, ("note", note)) for host in hosts for note in host.notes if note != UNPREPARED]
    if verbose:
        rows += [
            (
                host.name,
                (
                    "time",
                    f"{counted(host.connections, 'connection')}, {counted(host.commands, 'command')}, {host.seconds:.2f} s",
                ),
            )
            for host in hosts
        ]
    if rows:
        screen.blank()
    for names, (word, text) in together(rows, apart=verbose > 0):
        screen.line(f"{word}: [{names}] {one_line(text)}", "dim")


def _recap(host: HostReport, screen: Screen, parts: Sequence[str]) -> None:
    count = counts(host, parts)
    columns = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")
    row = " ".join(f"{column}={getattr(count, column)!s:<4}" for column in columns)
    more = "".join(f" {key}={number}" for key in ("pending", "unknown") if (number := getattr(count, key)))
    name = one_line(host.name)
    text = f"{name:<{_NAME_WIDTH}} : {row}{more}".rstrip()
    if not screen.fits(text):  # a narrow terminal: nothing that is always 0, and no columns
        text = f"{name} : {' '.join(f'{column}={getattr(count, column)}' for column in columns[:5])}{more}"
    screen.line(text, _COLOURS[host.status], head=len(name))
