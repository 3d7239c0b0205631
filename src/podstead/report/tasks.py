"""What was done, or would be, as tasks of a play: a line for each thing, with the hosts of which the same is true."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from podstead.printable import one_line
from podstead.provision.change import NotApplicable, Refusal
from podstead.report.screen import Screen
from podstead.report.task_results import Kind, Result, is_quiet, parts_of, results
from podstead.report.view import View
from podstead.suggest import the_first
from podstead.visit.record import ChangeRecord, HostReport

_T = TypeVar("_T", bound=Hashable)


def together(rows: Iterable[tuple[str, _T]], *, apart: bool = False) -> list[tuple[str, _T]]:
    """Say the same thing once: each with the names of its hosts as text, or ``apart`` for each host."""
    if apart:
        return [(one_line(name), thing) for name, thing in rows]
    names_by_thing: dict[_T, list[str]] = {}
    for name, thing in rows:
        names_by_thing.setdefault(thing, []).append(one_line(name))
    return [(the_first(names), thing) for thing, names in names_by_thing.items()]


def draw(hosts: Sequence[HostReport], screen: Screen, view: View) -> None:
    """Everything with ``-v``. Else: hosts that are as they should be once, and only tasks with something to say."""
    apart = view.verbose > 0
    quiet = [] if apart else [(host.name, "nothing to change") for host in hosts if is_quiet(host)]
    if quiet:
        screen.blank()
        screen.heading(f"TASK [{', '.join(view.parts)}]")
    for names, text in together(quiet):
        screen.line(f"ok: [{names}] => {text}", "ok")
    every = [
        (host.name, result if view.diff else _without_diff(result))
        for host in hosts
        for result in results(host, view.parts)
        if apart
        or (result.kind is not Kind.NOT_APPLICABLE and (result.kind is not Kind.OK or not is_quiet(host)))
    ]
    for part in parts_of(hosts, view.parts):
        rows = [(name, result) for name, result in every if result.part == part]
        if rows and (apart or any(result.kind is not Kind.OK for _, result in rows)):
            screen.blank()
            screen.heading(f"TASK [{part}]")
            for names, result in together(rows, apart=apart):
                _result(names, result, screen)


def _without_diff(result: Result) -> Result:
    """Where no diff is shown, hosts that differ in nothing else share a line."""
    about = result.about
    if isinstance(about, ChangeRecord):
        about = about.model_copy(update={"diff": ""})
    return Result(part=result.part, kind=result.kind, about=about)


def _result(names: str, result: Result, screen: Screen) -> None:
    about = result.about
    if about is None:
        screen.line(f"ok: [{names}]", "ok")
    elif isinstance(about, Refusal):
        screen.line(
            f"fatal: [{names}]: FAILED! => (item={one_line(about.id)}) refused: {one_line(about.title)}",
            "fail",
        )
        screen.more("why", about.reason)
        screen.remedy(about.remedy)
    elif isinstance(about, NotApplicable):
        screen.line(
            f"skipping: [{names}] => (item={one_line(about.id)}) not applicable: {one_line(about.reason)}",
            "skipping",
        )
    else:
        _change(names, result.kind, about, screen)


def _change(names: str, kind: Kind, change: ChangeRecord, screen: Screen) -> None:
    what = f"(item={one_line(change.id)}) {one_line(change.title)}"
    if kind is Kind.FAILED:
        screen.line(f"fatal: [{names}]: FAILED! => {what}", "fail")
    elif kind is Kind.NOT_REACHED:
        screen.line(
            f"skipping: [{names}] => (item={one_line(change.id)}) not reached: {one_line(change.title)}",
            "skipping",
        )
    else:
        screen.line(f"{kind.value}: [{names}] => {what}", kind.value)
    screen.diff(change.diff)
    if kind is Kind.FAILED:
        screen.block(change.log, before="    | ")
        screen.remedy(change.hint)
