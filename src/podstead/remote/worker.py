"""The worker process: ``python -m podstead.remote.worker``. A job as JSON on standard input, answers as JSON lines.

Whoever starts it keeps its standard input open: the worker ends with it.

gevent patches this process and no other (tested: importing podstead patches nothing).
"""

from __future__ import annotations

import gc

gc.set_threshold(100_000)  # what is imported is no garbage: to look for some takes a sixth of the start

from podstead.remote.patching import patch_all  # noqa: E402

patch_all()

import logging  # noqa: E402 - nothing may be imported before the patching
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402

from podstead.remote.lazily import load_later  # noqa: E402

# paramiko imports it for "Match exec" in ssh_config, which match_exec.py runs instead: an eighth of the worker's start
load_later("invoke")

import pyinfra  # noqa: E402

from podstead.printable import one_line  # noqa: E402
from podstead.remote import bounded, known_hosts, lifeline, match_exec  # noqa: E402
from podstead.remote.connections import JobRunner  # noqa: E402
from podstead.visit.job import Job, Progress, Result  # noqa: E402


class _OneLine(logging.Formatter):
    """A line for a person; what a host put into it is harmless."""

    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))


def trace() -> None:
    """Say on standard error what the connections do (``-vvv``). paramiko logs neither passwords nor data."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(relativeCreated)7d ms %(name)s: %(message)s"))
    for name, level in (("paramiko", logging.DEBUG), ("podstead", logging.INFO)):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level)


def main() -> int:
    """Do one job. Exit code 0 means: a result was written for every host."""
    pyinfra.logger.handlers[:] = [logging.NullHandler()]
    pyinfra.logger.propagate = False
    job = Job.model_validate_json(sys.stdin.readline())
    if job.trace:
        trace()
    # answers have standard output for themselves; whatever a library prints goes to standard error
    answers = os.fdopen(os.dup(1), "w", encoding="ascii", errors="backslashreplace")
    os.dup2(2, 1)

    def emit(message: Progress | Result) -> None:
        answers.write(message.model_dump_json(ensure_ascii=True) + "\n")
        answers.flush()

    bounded.install()
    known_hosts.install()
    match_exec.install()
    run = JobRunner(job, emit)

    def stop(_signal: int, _frame: object) -> None:
        run.stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    with lifeline.folder() as folder:
        run.all(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
