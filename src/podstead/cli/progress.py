"""What is going on while a run is going on: a board on a terminal, plain lines in logs. All on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from podstead.printable import one_line
from podstead.visit.job import Progress, Result
from podstead.visit.record import Status

_BAD: Final = (Status.FAILED, Status.UNREACHABLE)
_NAMED: Final = 20
"""Hosts that are named in one line."""
_SHORT: Final = 30
_SHORTEST: Final = 12
"""To so many characters the name of a host is cut before what the host is at."""
_LEAST: Final = 3
"""Lines of the board on the smallest terminal."""
_MARGIN: Final = 12
"""Of a row with a host: two blanks, the clock, two blanks."""
_STDERR_ERRORS: Final = (OSError, ValueError, AttributeError)
"""Standard error is full, hung up or closed (then it is None). Who looks on must never end a run that changes hosts."""


@dataclass(slots=True, frozen=True)
class Step:
    """What a host does, what of that in particular, since when, and since when it is worked on."""

    doing: str
    detail: str
    since: float
    started: float

    def row(self, host: str, width: int) -> str:
        """The host and its step in so many characters. What it is at in particular matters most and is cut last."""
        host, doing, detail = one_line(host), one_line(self.doing), one_line(self.detail)
        if not detail:
            return _cut(f"{host}: {doing}", width)
        # a list of packages fills the line
        short = doing if len(doing) <= _SHORT else f"{doing[:_SHORT].rpartition(' ')[0]} ..."
        text = f"{host}: {short}: {detail}"
        if len(text) > width:
            text = f"{_cut(host, max(width - len(detail) - 2, _SHORTEST))}: {detail}"
        return _cut(text, width)


@dataclass(slots=True)
class Board:
    """The state of a run: who is busy with what since when, who is done and how."""

    hosts: int
    busy: dict[str, Step] = field(default_factory=dict)
    done: dict[str, Status] = field(default_factory=dict)
    stopping: bool = False

    def take(self, message: Progress | Result, now: float) -> None:
        """Take note of a message of the worker."""
        if isinstance(message, Result):
            self.busy.pop(message.report.name, None)
            self.done[message.report.name] = message.report.status
        else:
            # of a rollout: a host that was changed is proved
            self.done.pop(message.host, None)
            before = self.busy.get(message.host)
            same = before is not None and before.doing == message.doing
            self.busy[message.host] = Step(
                message.doing,
                message.detail,
                since=before.since if before and same else now,
                started=before.started if before else now,
            )

    def summary(self) -> str:
        """``3 of 12 done (1 failed), 4 in hand, 5 to go``."""
        done = len(self.done)
        bad = sum(status in _BAD for status in self.done.values())
        remaining = max(self.hosts - done - len(self.busy), 0)
        parts = [f"{done} of {self.hosts} done" + (f" ({bad} failed)" if bad else "")]
        parts += [f"{len(self.busy)} in progress"] if self.busy else []
        parts += (
            [f"{remaining} will not be started" if self.stopping else f"{remaining} remaining"]
            if remaining
            else []
        )
        return ", ".join(parts)

    def lines(self, now: float, width: int, height: int) -> list[str]:
        """The board within a terminal: those who are at it longest first, and how many others there are."""
        room = max(height - 2, _LEAST) - 1  # the summary; a line less than the terminal, or it scrolls
        waiting = sorted(self.busy.items(), key=lambda item: item[1].started)
        rows_shown = waiting if len(waiting) <= room else waiting[: room - 1]
        width = max(width - 1, 1)
        rows = [
            f"  {_clock(now - step.since)}  {step.row(host, max(width - _MARGIN, 1))}"
            for host, step in rows_shown
        ]
        if len(rows_shown) < len(waiting):
            rows.append(f"          and {len(waiting) - len(rows_shown)} more hosts")
        return [_cut(row, width) for row in [*rows, self.summary()]]


def _clock(seconds: float) -> str:
    """``   42 s`` or ``3:07 min``, of the same width."""
    whole_seconds = max(int(seconds), 0)
    return (
        f"{whole_seconds:>4} s  "
        if whole_seconds < 60
        else f"{whole_seconds // 60}:{whole_seconds % 60:02} min"[:8].rjust(8)
    )


def _cut(text: str, width: int) -> str:
    """At most so many characters. The end may go: everything is said again, whole, in the report."""
    return text if len(text) <= width else f"{text[: max(width - 1, 0)]}~"


@dataclass(slots=True)
class Watcher:
    """What a run tells about itself, and what becomes of Ctrl-C."""

    on_progress: Callable[[Progress | Result], None]
    on_interrupt: Callable[[int, Sequence[str]], None]


@contextmanager
def watching(hosts: int, verbose: int, *, traced: bool) -> Iterator[Watcher]:
    """Show progress for as long as the run lasts. A ``traced`` run writes many lines of its own."""
    console = Console(stderr=True, highlight=False, emoji=False, markup=False)
    board = Board(hosts)

    def interrupted(times: int, in_progress: Sequence[str]) -> None:
        board.stopping = True
        names = _names(in_progress)
        message = (
            f"interrupted: no further hosts are started; waiting for those in progress: {names} (Ctrl-C again stops at once)"
            if times == 1
            else f"stopped at once; in the middle of: {names}"
        )
        if on_terminal:
            with suppress(*_STDERR_ERRORS):
                console.print(f"podstead: {message}", soft_wrap=True)
        else:
            # rich would end the program where the reader of a pipe went away
            _write(f"podstead: {message}")

    # FORCE_COLOR makes rich take a log for a terminal; a board in a log is a thousand lines of rubbish
    on_terminal = bool(console.is_terminal and sys.stderr and sys.stderr.isatty() and not traced)
    if on_terminal:
        with _on_terminal(board, console) as on_progress:
            yield Watcher(on_progress, interrupted)
    else:
        yield Watcher(_in_log(board, verbose), interrupted)


def _names(hosts: Sequence[str]) -> str:
    more = f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
    return ", ".join(map(one_line, hosts[:_NAMED])) + more or "none"


@contextmanager
def _on_terminal(board: Board, console: Console) -> Iterator[Callable[[Progress | Result], None]]:
    def picture() -> Text:
        rows = board.lines(time.monotonic(), console.width, console.height)
        return Text("\n".join(rows), no_wrap=True, overflow="crop")

    live = Live(
        console=console, get_renderable=picture, refresh_per_second=4, transient=True, redirect_stdout=False
    )
    with suppress(*_STDERR_ERRORS):
        live.start()
    try:
        yield lambda message: board.take(message, time.monotonic())
    finally:
        with suppress(*_STDERR_ERRORS):
            live.stop()


def _in_log(board: Board, verbose: int) -> Callable[[Progress | Result], None]:
    def say(message: Progress | Result) -> None:
        board.take(message, time.monotonic())
        if isinstance(message, Result):
            report = message.report
            _write(f"{one_line(report.name)}: {report.status.value}")
        elif message.detail:
            if verbose > 1:
                _write(f"{one_line(message.host)}: {one_line(message.detail)}")
        elif verbose or message.doing not in ("connecting", "looking"):
            _write(f"{one_line(message.host)}: {one_line(message.doing)}")

    return say


def _write(line: str) -> None:
    with suppress(*_STDERR_ERRORS):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
