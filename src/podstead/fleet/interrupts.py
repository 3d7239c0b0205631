"""Ctrl-C counted instead of raised: an exception may land anywhere, also where a host's result is being put down."""

from __future__ import annotations

import os
import selectors
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import IO, Self


class Interrupts:
    """Context manager that counts SIGINT instead of raising; :meth:`lines` yields None for each.

    A program that has a handler of its own keeps it, and so has one that ignores SIGINT (``nohup``, ``&``); signals
    reach the main thread alone.
    """

    def __init__(self) -> None:
        self.count = 0
        self._installed = False
        self._reading, self._writing = -1, -1

    def __enter__(self) -> Self:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        main = threading.current_thread() is threading.main_thread()
        self._installed = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._installed:
            signal.signal(signal.SIGINT, self._on_sigint)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        os.close(self._reading)
        os.close(self._writing)

    def _on_sigint(self, _signal: int, _frame: FrameType | None) -> None:
        self.count += 1
        os.write(self._writing, b"!")

    def lines(self, stream: IO[bytes]) -> Iterator[bytes | None]:
        """Every line of a stream until its end; None for each Ctrl-C, at once."""
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(stream.fileno(), selectors.EVENT_READ)
            selector.register(self._reading, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._reading in ready:
                    os.read(self._reading, 1)
                    yield None
                if stream.fileno() in ready:
                    data = os.read(stream.fileno(), 65536)
                    if not data:
                        break
                    *complete, rest = (rest + data).split(b"\n")
                    yield from complete
        if rest:
            yield rest
