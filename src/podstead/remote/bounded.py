"""Reading what a host prints with a limit that holds while it is read: a host that floods costs this much and no more.

What a long step tells of itself on the way (``@@podstead doing ...``) is taken out and handed on at once.

pyinfra keeps every line until the command has ended. The worker puts :func:`read_buffer` in the place of pyinfra's own
(``pyinfra.connectors.util``), which all connectors read through.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from queue import Queue
from typing import Any

import gevent
from pyinfra.connectors import util

from podstead.host.frames import MAX_BYTES

MAX_LINES = 200_000
"""A frame is one line; what else is printed are banners and the complaints of programs."""
_CHUNK = 65536
_DOING = b"@@podstead doing "
_TELL = "podstead.tell"


class TooMuch(str):
    """Stands in the place of output that was more than the limit: a type, because a host may print any text."""

    __slots__ = ()


def install() -> None:
    """Let pyinfra's connectors in this process read within the limit. Only the worker process does this."""
    util.read_buffer = read_buffer


def hear(tell: Callable[[str], None]) -> None:
    """Hand what a long step tells of itself to ``tell``: for commands of this greenlet, and of those that it starts."""
    _shared()[_TELL] = tell


def _shared() -> dict[str, Any]:
    """What greenlets share with those that they start."""
    current = gevent.getcurrent()
    shared = current.spawn_tree_locals if isinstance(current, gevent.Greenlet) else None
    return {} if shared is None else shared


def read_buffer(
    name: str,
    io: Any,  # noqa: ANN401 - a channel's file of paramiko, or a pipe of gevent
    output_queue: Queue[util.OutputLine],
    print_output: bool = False,  # noqa: ARG001 - pyinfra's signature
    print_func: Callable[[str], str] | None = None,  # noqa: ARG001 - as above
) -> None:
    """Read to the end and put lines into the queue; over the limit close the way to the host and put TooMuch."""
    data = bytearray()
    lines = 0
    tell = _shared().get(_TELL) if name == "stderr" else None
    read = _as_it_comes if name == "stderr" else _whole_chunks
    line_start = 0  # where the last line begins
    while chunk := read(io):
        data += chunk
        if tell and b"\n" in chunk:
            line_start = _hand_on(data, line_start, tell)
        lines += chunk.count(b"\n")
        if len(data) > MAX_BYTES or lines > MAX_LINES:
            data.clear()
            output_queue.put(util.OutputLine(name, TooMuch()))
            _close(io)
            return
    text = data.decode("utf-8", "backslashreplace")
    for line in text.removesuffix("\n").split("\n") if text else ():
        output_queue.put(util.OutputLine(name, line))


def _whole_chunks(io: Any) -> bytes:  # noqa: ANN401
    return bytes(io.read(_CHUNK))


def _as_it_comes(io: Any) -> bytes:  # noqa: ANN401
    """What there is by now, or the next bytes, or nothing at the end."""
    channel = getattr(io, "channel", None)
    return bytes(channel.recv_stderr(_CHUNK) if channel is not None else io.read1(_CHUNK))


def _hand_on(data: bytearray, line_start: int, tell: Callable[[str], None]) -> int:
    """Take the whole lines that have the mark out of what has come since ``line_start``; return where the last line begins."""
    rest = bytearray()
    *complete, last = bytes(data[line_start:]).split(b"\n")
    for line in complete:
        if line.startswith(_DOING):
            tell(line.removeprefix(_DOING).decode("utf-8", "backslashreplace"))
        else:
            rest += line + b"\n"
    data[line_start:] = rest + last
    return line_start + len(rest)


def _close(io: Any) -> None:  # noqa: ANN401
    channel = getattr(io, "channel", None)
    with contextlib.suppress(OSError, EOFError):
        (channel or io).close()
