"""Reading what a host prints with a limit that holds while it is read: a host that floods costs this much and no more.

pyinfra keeps every line until the command has ended. The worker puts :func:`read_buffer` in the place of pyinfra's own
(``pyinfra.connectors.util``), which all connectors read through.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from queue import Queue
from typing import Any

from pyinfra.connectors import util

from podstead.host.frames import MAX_BYTES

MAX_LINES = 200_000
"""A frame is one line; what else is printed are banners and the complaints of programs."""
_CHUNK = 65536


class TooMuch(str):
    """Stands in the place of output that was more than the limit: a type, because a host may print any text."""

    __slots__ = ()


def install() -> None:
    """Let pyinfra's connectors in this process read within the limit. Only the worker process does this."""
    util.read_buffer = read_buffer


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
    while chunk := io.read(_CHUNK):
        data += chunk
        lines += chunk.count(b"\n")
        if len(data) > MAX_BYTES or lines > MAX_LINES:
            data.clear()
            output_queue.put(util.OutputLine(name, TooMuch()))
            _close(io)
            return
    text = data.decode("utf-8", "backslashreplace")
    for line in text.removesuffix("\n").split("\n") if text else ():
        output_queue.put(util.OutputLine(name, line))


def _close(io: Any) -> None:  # noqa: ANN401
    channel = getattr(io, "channel", None)
    with contextlib.suppress(OSError, EOFError):
        (channel or io).close()
