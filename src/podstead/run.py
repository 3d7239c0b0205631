"""The Python API behind every door: start the worker, collect its answers, return the report.

Importing this module patches nothing and imports no pyinfra; the worker is a process of its own.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, Literal

from pydantic import TypeAdapter, ValidationError

from podstead import fleet
from podstead.errors import RunError
from podstead.inventory import ResolvedHost
from podstead.job import Job, Progress, Result, Target
from podstead.report.record import HostReport, Report, Status, Trouble
from podstead.version import VERSION

OnProgress = Callable[[Progress | Result], None]
_MESSAGES: TypeAdapter[Progress | Result] = TypeAdapter(Progress | Result)


def target_of(host: ResolvedHost) -> Target:
    """Turn a host of the inventory into what the worker is told."""
    link = host.connection
    return Target(
        name=host.name,
        kind=link.kind,
        address=link.address,
        port=link.port,
        user=link.user,
        private_key=link.private_key,
        password=link.password.get_secret_value() if link.password else None,
        proxy_jump=link.proxy_jump,
        ssh_config_file=link.ssh_config_file,
        known_hosts_file=link.known_hosts_file,
        strict_host_keys=link.strict_host_keys,
        become=link.become,
        become_method=link.become_method,
        become_password=link.become_password.get_secret_value() if link.become_password else None,
        spec=host.spec,
    )


def run(job: Job, *, on_progress: OnProgress | None = None) -> Report:
    """Do a job in a worker process. Raises :class:`~podstead.errors.RunError` when the worker cannot do its work.

    Ctrl-C once lets the hosts that are being changed finish and starts no others; twice stops at once.
    """
    began, started = time.monotonic(), datetime.now(UTC)
    reports: dict[str, HostReport] = {}
    interrupts = 0
    with tempfile.TemporaryFile() as complaints, _worker(job, complaints) as worker:
        messages = _messages(worker)
        while True:
            try:
                for message in messages:
                    if isinstance(message, Result):
                        reports[message.report.name] = message.report
                    if on_progress:
                        on_progress(message)
                break
            except KeyboardInterrupt:
                interrupts += 1
                if interrupts > 1:
                    worker.kill()
                    break
                worker.terminate()
                messages = _messages(worker)
        code = worker.wait()
        noise = _noise(complaints)
    if code != 0 and not interrupts:
        raise RunError(
            f"the worker process ended with exit code {code}", hint=noise or "run with -vvv to see why"
        )
    hosts = tuple(reports.get(target.name) or _unknown(target) for target in job.targets)
    return Report(
        verb=job.verb,
        version=VERSION,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - began, 3),
        interrupted=bool(interrupts),
        hosts=hosts,
        fleet=fleet.same_numbers({target.name: target.spec for target in job.targets}, hosts)
        if job.verb == "verify"
        else (),
    )


def _unknown(target: Target) -> HostReport:
    message = "the run was stopped while this host was being worked on"
    return HostReport(
        name=target.name,
        status=Status.FAILED,
        trouble=Trouble(
            message=message, hint="run again: podstead looks first and goes on from what is there"
        ),
    )


@contextlib.contextmanager
def _worker(job: Job, complaints: IO[bytes]) -> Iterator[subprocess.Popen[str]]:
    # a session of its own: Ctrl-C is for this process, which tells the worker what to do about it
    process = subprocess.Popen(
        [sys.executable, "-m", "podstead.remote.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
        start_new_session=True,
    )
    try:
        assert process.stdin is not None  # noqa: S101 - PIPE was asked for
        with contextlib.suppress(BrokenPipeError):  # a worker that died at once says why below
            process.stdin.write(job.model_dump_json() + "\n")
            process.stdin.close()
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _messages(worker: subprocess.Popen[str]) -> Iterator[Progress | Result]:
    assert worker.stdout is not None  # noqa: S101
    for line in worker.stdout:
        try:
            yield _MESSAGES.validate_json(line)
        except ValidationError as error:
            raise RunError(f"the worker process said something that is no message: {line[:200]!a}") from error


def _noise(complaints: IO[bytes]) -> str:
    """The last line that the worker left on standard error (a file: a full pipe would hold the worker up)."""
    complaints.seek(0)
    lines = [
        line for line in complaints.read().decode("utf-8", "backslashreplace").splitlines() if line.strip()
    ]
    return ascii(lines[-1])[1:-1] if lines else ""


Verb = Literal["apply", "check", "verify"]


def job_for(verb: Verb, hosts: Sequence[ResolvedHost], **options: object) -> Job:
    """A job over hosts; ``options`` are the fields of :class:`~podstead.job.Job`."""
    return Job.model_validate({"verb": verb, "targets": [target_of(host) for host in hosts], **options})
