"""
Starts podstead as ``python -m podstead`` does, from a process that has imported already what every start imports.

Each run is a process of its own, with its own arguments, environment, folder and streams. Only the time that Python takes to
import the same modules again, hundreds of times, is saved. How podstead itself starts is tested where it is started without this
(``tests/install``, ``tests/cli/test_cli.py``).
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

#: What a verb that connects to hosts imports anyway, in the order in which it does.
MODULES = ("podstead.cli.main", "podstead.cli.verbs.check", "podstead.fleet.run", "podstead.inventory.load")
#: What decides how Python itself starts: no process can change these for itself.
_OF_PYTHON = ("PYTHON", "LC_", "LANG")
_LARGEST = 1 << 20


def run(
    words: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    input: str = "",  # noqa: A002 - the name subprocess.run uses
    timeout: float = 60.0,
    prefix: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run podstead to its end, without a terminal; ``prefix`` is a command that runs another one, such as nsenter."""
    argv = ["podstead", *map(str, words)]
    env = os.environ if env is None else env
    settings = tuple(sorted((name, text) for name, text in env.items() if name.startswith(_OF_PYTHON)))
    asked = json.dumps({"words": argv[1:], "env": dict(env), "cwd": str(cwd or Path.cwd())})
    with contextlib.ExitStack() as stack:
        given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        given.write(input.encode())
        given.seek(0)
        reader, writer = os.pipe()
        answers = stack.enter_context(open(reader, encoding="ascii"))  # noqa: PTH123 - a descriptor
        try:
            fds = [given.fileno(), out.fileno(), err.fileno(), writer]
            socket.send_fds(_server(settings, tuple(prefix)), [asked.encode()], fds)
        finally:
            os.close(writer)
        pid = int(answers.readline())
        if not select.select([answers], [], [], timeout)[0]:
            os.kill(pid, 9)
            raise subprocess.TimeoutExpired(argv, timeout, _text(out), _text(err))
        return subprocess.CompletedProcess(argv, int(answers.readline()), _text(out), _text(err))


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode().replace("\r\n", "\n")


@cache
def _server(settings: tuple[tuple[str, str], ...], prefix: tuple[str, ...]) -> socket.socket:
    """Start the process that others are forked from; it ends when the tests do."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LARGEST)
    with theirs:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "tests.support.preloaded"],
            stdin=theirs.fileno(),
            cwd=Path(__file__).parents[2],
            env={"PATH": os.environ["PATH"], **dict(settings)},
        )
    atexit.register(_end, ours, process)
    return ours


def _end(asked: socket.socket, process: subprocess.Popen[bytes]) -> None:
    asked.close()
    process.wait(30)


def _serve(asked: socket.socket) -> dict[str, object] | None:
    """Fork for each thing that is asked for, and tell how it ended. Returns what to run in the new process, else None."""
    running: dict[int, tuple[int, int]] = {}
    while True:
        for ready in select.select([asked.fileno(), *running], [], [])[0]:
            if ready in running:
                pid, answer = running.pop(ready)
                os.close(ready)
                _tell(answer, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                os.close(answer)
                continue
            message, fds, _, _ = socket.recv_fds(asked, _LARGEST, 4)
            if not message:
                return None
            pid = os.fork()
            if pid == 0:
                for number, fd in enumerate(fds[:3]):
                    os.dup2(fd, number)
                os.closerange(3, 1024)
                todo: dict[str, object] = json.loads(message)
                return todo
            for fd in fds[:3]:
                os.close(fd)
            _tell(fds[3], pid)
            running[os.pidfd_open(pid)] = pid, fds[3]


def _tell(answer: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # who asked has given up
        os.write(answer, f"{number}\n".encode())


def _streams() -> None:
    """The three streams as Python makes them when it starts."""
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        old = getattr(sys, name)
        text = open(  # noqa: SIM115 - it lasts as long as the process
            number,
            "r" if number == 0 else "w",
            encoding=old.encoding,
            errors=old.errors,
            buffering=1 if number == 2 else -1,
            closefd=False,
        )
        setattr(sys, name, text)
        setattr(sys, f"__{name}__", text)


def _main() -> None:
    asked = socket.socket(fileno=os.dup(0))
    for name in MODULES:
        importlib.import_module(name)
    gc.freeze()
    todo = _serve(asked)
    if todo is None:
        return
    asked.detach()
    match todo:
        case {"words": list(words), "env": dict(env), "cwd": str(cwd)}:
            os.environ.clear()
            os.environ.update(env)
            os.chdir(cwd)
            sys.path[0] = cwd
            sys.argv[1:] = words
            _streams()
            runpy.run_module("podstead", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
