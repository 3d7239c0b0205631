"""The report as text in Ansible's shape: a play, its tasks with one line a host and thing, the recap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TextIO

from rich.console import Console

from podstead.errors import Exit
from podstead.plural import counted
from podstead.printable import one_line
from podstead.provision.change import NotApplicable, Refusal
from podstead.report import proved
from podstead.report.ending import last_line
from podstead.report.screen import Screen
from podstead.report.task_results import Kind, Result, counts, is_quiet, parts_of, results
from podstead.report.view import View
from podstead.visit.record import UNPREPARED, ChangeRecord, HostReport, Report, Status

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
        _tasks(report.hosts, screen, view)
    _notes(report.hosts, screen, verbose=view.verbose)
    screen.blank()
    screen.heading("PLAY RECAP")
    for host in report.hosts:
        _recap(host, screen, view.parts)
    ending = last_line(report, view.command)
    if ending:
        screen.blank()
        screen.line(ending, "fail" if report.exit_code is not Exit.PENDING else "pending")


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
    for host in troubled:
        screen.trouble(host)


def _tasks(hosts: Sequence[HostReport], screen: Screen, view: View) -> None:
    """Everything with ``-v``. Else: hosts that are as they should be once, and only tasks with something to say."""
    quiet = [] if view.verbose else [host for host in hosts if is_quiet(host)]
    if quiet:
        screen.blank()
        screen.heading(f"TASK [{', '.join(view.parts)}]")
        for host in quiet:
            screen.line(f"ok: [{one_line(host.name)}] => nothing to change", "ok")
    results_by_host = [
        (host, result)
        for host in hosts
        for result in results(host, view.parts)
        if view.verbose
        or (result.kind is not Kind.NOT_APPLICABLE and (result.kind is not Kind.OK or not is_quiet(host)))
    ]
    for part in parts_of(hosts, view.parts):
        rows = [(host, result) for host, result in results_by_host if result.part == part]
        if rows and (view.verbose or any(result.kind is not Kind.OK for _, result in rows)):
            screen.blank()
            screen.heading(f"TASK [{part}]")
            for host, result in rows:
                _result(host, result, screen, diff=view.diff)


def _result(host: HostReport, result: Result, screen: Screen, *, diff: bool) -> None:
    name, about = one_line(host.name), result.about
    if about is None:
        screen.line(f"ok: [{name}]", "ok")
    elif isinstance(about, Refusal):
        screen.line(
            f"fatal: [{name}]: FAILED! => (item={one_line(about.id)}) refused: {one_line(about.title)}",
            "fail",
        )
        screen.more("why", about.reason)
        screen.remedy(about.remedy)
    elif isinstance(about, NotApplicable):
        screen.line(
            f"skipping: [{name}] => (item={one_line(about.id)}) not applicable: {one_line(about.reason)}",
            "skipping",
        )
    else:
        _change(name, result.kind, about, screen, diff=diff)


def _change(name: str, kind: Kind, change: ChangeRecord, screen: Screen, *, diff: bool) -> None:
    what = f"(item={one_line(change.id)}) {one_line(change.title)}"
    if kind is Kind.FAILED:
        screen.line(f"fatal: [{name}]: FAILED! => {what}", "fail")
    elif kind is Kind.NOT_REACHED:
        screen.line(
            f"skipping: [{name}] => (item={one_line(change.id)}) not reached: {one_line(change.title)}",
            "skipping",
        )
    else:
        screen.line(f"{kind.value}: [{name}] => {what}", kind.value)
    if diff:
        screen.diff(change.diff)
    if kind is Kind.FAILED:
        screen.block(change.log, before="    | ")
        screen.remedy(change.hint)


def _notes(hosts: Sequence[HostReport], screen: Screen, *, verbose: int) -> None:
    # where no user is prepared, the command line has said so of all hosts together, before the run
    rows = [(host.name, "note", note) for host in hosts for note in host.notes if note != UNPREPARED]
    if verbose:
        rows += [
            (
                host.name,
                "time",
                f"{counted(host.connections, 'connection')}, {counted(host.commands, 'command')}, {host.seconds:.2f} s",
            )
            for host in hosts
        ]
    if rows:
        screen.blank()
    for name, word, text in rows:
        screen.line(f"{word}: [{one_line(name)}] {one_line(text)}", "dim")


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
