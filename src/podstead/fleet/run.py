"""The Python API behind every door: start the worker, collect its answers, return the report.

Importing this module patches nothing and imports no pyinfra; the worker is a process of its own.
"""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, TypedDict, Unpack

from pydantic import TypeAdapter, ValidationError

from podstead.errors import InputError, RunError
from podstead.fleet.interrupts import Interrupts
from podstead.fleet.redact import Redact, redacted, redactor
from podstead.inventory.connection_files import unusable_files
from podstead.inventory.resolve import ResolvedHost
from podstead.proof.finding import Finding
from podstead.version import VERSION
from podstead.visit.job import Job, JobOptions, Progress, Result, Target
from podstead.visit.record import HostReport, Report, Status, Trouble, Verb

OnProgress = Callable[[Progress | Result], None]
OnInterrupt = Callable[[int, Sequence[str]], None]


class Watching(TypedDict):
    """Who is told of a run while it goes on."""

    on_progress: OnProgress | None
    on_interrupt: OnInterrupt | None


INTERRUPTED = "the run was interrupted"
_SECONDS_TO_END = 10
_RUN_AGAIN = "run again: podstead looks first and continues from the current state"
_MESSAGES: TypeAdapter[Progress | Result] = TypeAdapter(Progress | Result)


def run(
    job: Job, *, on_progress: OnProgress | None = None, on_interrupt: OnInterrupt | None = None
) -> Report:
    """Do a job in a worker process. Raises :class:`~podstead.errors.RunError` when the worker cannot do its work.

    Ctrl-C once lets the hosts that are being changed finish and starts no others; twice stops at once. What came of
    it is told to ``on_interrupt``: how often, and the hosts in hand.
    """
    began, started = time.monotonic(), datetime.now(UTC)
    reports: dict[str, HostReport] = {}
    begun_hosts: dict[str, None] = {}
    redact = redactor(job.secrets)
    hide = redact or str
    with (
        tempfile.TemporaryFile() as stderr,
        Interrupts() as interrupts,
        _worker(job, stderr) as worker,
    ):
        for message in _messages(worker, interrupts, hide):
            if message is None:
                _stop(worker, at_once=interrupts.count > 1)
                if on_interrupt:
                    on_interrupt(interrupts.count, [name for name in begun_hosts if name not in reports])
                continue
            if redact:
                message = redacted(message, redact)  # noqa: PLW2901 - nothing may see it as it came
            if isinstance(message, Result):
                reports[message.report.name] = message.report
            else:
                begun_hosts[message.host] = None
            if on_progress:
                on_progress(message)
        code = worker.wait()
        stderr_line = hide(_last_line(stderr))
    incomplete = any(target.name not in reports for target in job.targets)
    if code != 0 and not interrupts.count and not (reports and incomplete):
        raise RunError(
            f"the worker process ended with exit code {code}",
            hint=stderr_line or ("" if job.trace else "run with -vvv to see why"),
        )
    without = (
        _stopped if interrupts.count else functools.partial(_unanswered, code=code, stderr_line=stderr_line)
    )
    hosts = tuple(
        reports.get(target.name) or without(target.name, was_started=target.name in begun_hosts)
        for target in job.targets
    )
    return Report(
        verb=job.verb,
        version=VERSION,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - began, 3),
        interrupted=bool(interrupts.count),
        hosts=hosts,
        fleet=across_hosts(job, hosts) if job.verb == "verify" else (),
    )


def across_hosts(job: Job, hosts: Sequence[HostReport]) -> tuple[Finding, ...]:
    """What only the hosts together show."""
    from podstead.fleet import compare  # noqa: PLC0415 - the checks and their judges come along, which only verify needs

    return compare.same_numbers({target.name: target.spec for target in job.targets}, hosts)


def _stop(worker: subprocess.Popen[bytes], *, at_once: bool) -> None:
    if at_once:
        _close_stdin(worker)
    else:
        worker.terminate()  # which it takes as: start no further host


def not_started(name: str, why: str) -> HostReport:
    """A host whose turn never came."""
    return HostReport(name=name, status=Status.SKIPPED, trouble=Trouble(message=f"not started: {why}"))


def _stopped(name: str, *, was_started: bool) -> HostReport:
    """A host of which nothing was heard when the run was stopped: it was in hand, or its turn never came."""
    if not was_started:
        return not_started(name, INTERRUPTED)
    trouble = Trouble(message="the run was stopped while this host was being processed", hint=_RUN_AGAIN)
    return HostReport(name=name, status=Status.FAILED, trouble=trouble)


def _unanswered(name: str, *, was_started: bool, code: int, stderr_line: str) -> HostReport:
    """A host of which nothing was heard from a worker that nobody stopped; what the others said is kept."""
    ended = f"ended with exit code {code}" if code else "ended"
    when = "while this host was being processed" if was_started else "before this host was started"
    message = f"the worker process {ended} {when}" + (f": {stderr_line}" if stderr_line else "")
    hint = _RUN_AGAIN if stderr_line else "run again with -vvv to see why"
    return HostReport(name=name, status=Status.FAILED, trouble=Trouble(message=message, hint=hint))


@contextlib.contextmanager
def _worker(job: Job, stderr: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    # a session of its own: Ctrl-C is for this process, which tells the worker what to do about it
    process = subprocess.Popen(
        [sys.executable, "-m", "podstead.remote.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if job.trace else stderr,
        start_new_session=True,
    )
    try:
        assert process.stdin is not None  # noqa: S101 - PIPE was asked for
        with contextlib.suppress(BrokenPipeError):  # a worker that died at once says why below
            process.stdin.write(job.model_dump_json().encode() + b"\n")
            process.stdin.flush()
        yield process
    finally:
        _close_stdin(process)
        try:
            process.wait(timeout=_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _close_stdin(worker: subprocess.Popen[bytes]) -> None:
    """Close the worker's standard input, with which it ends at once (:mod:`podstead.remote.lifeline`)."""
    if worker.stdin:
        with contextlib.suppress(BrokenPipeError):
            worker.stdin.close()


def _messages(
    worker: subprocess.Popen[bytes], interrupts: Interrupts, hide: Redact
) -> Iterator[Progress | Result | None]:
    """What the worker says; None for each Ctrl-C."""
    assert worker.stdout is not None  # noqa: S101 - PIPE was asked for
    for line in interrupts.lines(worker.stdout):
        if line is None:
            yield None
            continue
        try:
            yield _MESSAGES.validate_json(line)
        except ValidationError:
            if not interrupts.count:  # a worker that is killed may stop in the middle of a line
                text = hide(line.decode("utf-8", "backslashreplace"))[:200]
                # not "from error", which holds the line as it came
                raise RunError(f"the worker process sent something that is not a message: {text!a}") from None


def _last_line(stderr: IO[bytes]) -> str:
    """The last line that the worker left on standard error (a file: a full pipe would hold the worker up)."""
    stderr.seek(0)
    lines = [line for line in stderr.read().decode("utf-8", "backslashreplace").splitlines() if line.strip()]
    return ascii(lines[-1])[1:-1] if lines else ""


def job_for(verb: Verb, hosts: Sequence[ResolvedHost], **options: Unpack[JobOptions]) -> Job:
    """A job over hosts. Passwords and opened secrets of the hosts are what no report may hold.

    Raises InputError where a file that a way to a host needs does not exist on this machine, before anything is connected to.
    """
    problems = unusable_files(host.connection for host in hosts)
    if problems:
        raise InputError(problems)
    targets = [Target(name=host.name, connection=host.connection, spec=host.spec) for host in hosts]
    secrets = {text for host in hosts for text in host.secrets}
    connections = [host.connection for host in hosts]
    passwords = [
        secret
        for connection in connections
        for secret in (connection.password, connection.become_password)
        if secret
    ]
    secrets |= {text for secret in passwords if (text := secret.get_secret_value())}
    return Job.model_validate({"verb": verb, "targets": targets, "secrets": sorted(secrets), **options})
