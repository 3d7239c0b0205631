"""Running programs, and knowing the processes the lab started from all others."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TAIL_LINES = 15


def run(
    argv: Sequence[str | Path],
    *,
    input: str | None = None,  # noqa: A002 - the name subprocess.run uses
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    check: bool = True,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end with captured text; a failure becomes a LabError that shows its stderr."""
    command = [str(word) for word in argv]
    source: dict[str, object] = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
    try:
        done = subprocess.run(  # type: ignore[call-overload]
            command,
            env=env,
            cwd=cwd,
            timeout=timeout,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **source,
        )
    except FileNotFoundError as error:
        message = f"cannot run {command[0]}: {error}; `python -m tests.lab install` installs the lab's tools"
        raise LabError(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"`{shlex.join(command)}` did not end within {timeout} s"
        raise LabError(message) from error
    result: subprocess.CompletedProcess[str] = done
    if check and result.returncode != 0:
        shown = tail(result.stderr) or tail(result.stdout) or "(it printed nothing)"
        message = f"`{shlex.join(command)}` ended with status {result.returncode}:\n{shown}"
        raise LabError(message)
    return result


def tail(text: str, lines: int = _TAIL_LINES) -> str:
    """Give the last lines of an output: enough to see why, short enough to read in an error."""
    return "\n".join(text.rstrip().splitlines()[-lines:])


@dataclass(frozen=True)
class Started:
    """A process the lab started. Its start time tells it from a later process with the same PID."""

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> Started:
        """Record a process that is running now."""
        start = _start_time(pid)
        if start is None:
            message = f"process {pid} ended before it could be recorded"
            raise LabError(message)
        return cls(pid, start)

    def alive(self) -> bool:
        """Say whether this very process still runs (a zombie does not)."""
        return _start_time(self.pid) == self.start

    def kill(self, deadline: float = 20.0) -> None:
        """Kill the process and wait until it is gone; do nothing when its PID now names another."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if not self.alive():
                return
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            if not _ended(handle, deadline):
                message = f"process {self.pid} did not end {deadline:.0f} s after SIGKILL"
                raise LabError(message)
        finally:
            os.close(handle)

    def wait(self, deadline: float | None = None) -> bool:
        """Block until the process has ended, and say whether it has."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            return not self.alive() or _ended(handle, deadline)
        finally:
            os.close(handle)


def _ended(handle: int, deadline: float | None) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(None if deadline is None else deadline * 1000))


def _start_time(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold blanks
    return None if fields[0] in "ZX" else int(fields[19])


def children(pid: int) -> list[int]:
    """Give the PIDs of a process's direct children."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(word) for word in thread.read_text().split()]
    return found
