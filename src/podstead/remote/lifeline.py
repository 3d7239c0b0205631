"""The worker process ends when the process that started it is gone, and leaves no folder behind, however either dies.

Standard input is the lifeline: the kernel closes it for a process that was killed with SIGKILL, too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gevent import monkey

_PREFIX = "podstead-worker-"
CONTROLLER_GONE = 70
"""Exit code of a worker whose controller is gone."""


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder for this run. Those of workers that were killed with SIGKILL are removed first."""
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        number = old.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if number.isdecimal() and not _alive(int(number)) and old.lstat().st_uid == os.geteuid():
                shutil.rmtree(old)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as made:
        watch(Path(made))
        yield Path(made)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


def watch(made: Path) -> None:
    """End this process at the end of standard input. A real thread: nothing that a greenlet does can hold it up."""

    def until_gone() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        shutil.rmtree(made, ignore_errors=True)
        os._exit(CONTROLLER_GONE)

    monkey.get_original("_thread", "start_new_thread")(until_gone, ())
