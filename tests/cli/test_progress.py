"""Live progress on a real pseudo-terminal, plain lines in a log, and Ctrl-C: the hosts are real (and silent) servers."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podstead.cli.progress import Board
from podstead.visit.job import Progress, Result
from podstead.visit.record import HostReport, Status


class Silent:
    """A server that takes connections and says nothing: a host that is being connected to for as long as one likes."""

    def __init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._guests: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            guest, _ = self._door.accept()
            self._guests.append(guest)
            if not self._open:
                break

    _open = True

    def close(self) -> None:
        """Hang up on everybody and be gone."""
        if self._open:
            self._open = False
            socket.create_connection(("127.0.0.1", self.port)).close()  # wakes accept
            self._thread.join()
            self._door.close()
            for guest in self._guests:
                guest.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    yield server
    server.close()


@dataclass
class Seen:
    """podstead on a terminal, and what it has printed so far."""

    process: subprocess.Popen[bytes]
    master: int
    text: str = field(default="")

    def until(self, what: str, condition: Callable[[str], object], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not condition(self.text):
            assert time.monotonic() < end, f"waited for {what}:\n{self.text}"
            self.read(0.2)

    def read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other side is gone
            return False
        self.text += data.decode()
        return bool(data)

    def end(self) -> int:
        while self.read(0.2) or self.process.poll() is None:
            if self.process.poll() is not None and not select.select([self.master], [], [], 0.2)[0]:
                break
        return self.process.wait(30)


@contextmanager
def on_terminal(*words: str, rows: int = 24, columns: int = 80) -> Iterator[Seen]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    env |= {name: value for name, value in os.environ.items() if name in ("PYTHONPATH", "XDG_STATE_HOME")}
    process = subprocess.Popen(
        [sys.executable, "-m", "podstead", *words],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=env,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Seen(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def fleet(tmp_path: Path, port: int, count: int) -> str:
    """Many names for one silent server; each is a host of its own for podstead."""
    hosts = "".join(f"    h{number}: {{}}\n" for number in range(1, count + 1))
    path = tmp_path / "hosts.yml"
    variables = f"{{ansible_host: 127.0.0.1, ansible_port: {port}, podstead: {{users: {{alice: {{}}}}}}}}"
    path.write_text(f"all:\n  hosts:\n{hosts}  vars: {variables}\n")
    return str(path)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text)


def test_a_terminal_shows_who_is_busy_with_what_and_for_how_long(tmp_path: Path, silent: Silent) -> None:
    with on_terminal("check", "-i", fleet(tmp_path, silent.port, 30), "-f", "20", rows=8) as seen:
        seen.until("a clock that runs", lambda text: re.search(r" 1 s +h\d+: connecting", plain(text)))
        seen.until("the summary", lambda text: "0 of 30 done, 20 in progress, 10 remaining" in plain(text))
        assert "and 16 more hosts" in plain(seen.text)
        # the picture never is higher than the terminal: the cursor goes up by less than that
        assert max(map(int, re.findall(r"\x1b\[(\d+)A", seen.text)), default=0) < 8
        assert seen.text.count("\x1b[1A") < 8 * seen.text.count("in progress")


def test_ctrl_c_once_starts_no_further_host_and_waits_for_those_in_hand(
    tmp_path: Path, silent: Silent
) -> None:
    with on_terminal("check", "-i", fleet(tmp_path, silent.port, 3), "-f", "1") as seen:
        seen.until("the first host", lambda text: "h1: connecting" in text)
        seen.process.send_signal(signal.SIGINT)
        seen.until("an answer", lambda text: "interrupted" in text)
        assert "no further hosts are started; waiting for those in progress: h1 (" in plain(
            seen.text
        ).replace("\n", "")
        assert seen.process.poll() is None
        silent.close()
        code, text = seen.end(), plain(seen.text)
    assert code == 130
    assert "fatal: [h1]: UNREACHABLE!" in text
    assert "skipping: [h2, h3] => not started: the run was interrupted" in text


def test_ctrl_c_twice_stops_at_once_and_says_what_each_host_is_in(tmp_path: Path, silent: Silent) -> None:
    with on_terminal("check", "-i", fleet(tmp_path, silent.port, 4), "-f", "2") as seen:
        seen.until("two hosts", lambda text: "h2: connecting" in text)
        seen.process.send_signal(signal.SIGINT)
        seen.until("an answer", lambda text: "interrupted" in text)
        began = time.monotonic()
        seen.process.send_signal(signal.SIGINT)
        code, text = seen.end(), plain(seen.text)
    assert (code, time.monotonic() - began < 10) == (130, True)
    assert "stopped at once; in the middle of: h1, h2" in text
    assert "fatal: [h1, h2]: FAILED! => the run was stopped while this host was being" in text
    assert "skipping: [h3, h4] => not started: the run was interrupted" in text


def test_a_log_gets_plain_lines_even_where_colour_is_forced(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "podstead", "check", "-v", "-i", fleet(tmp_path, 1, 1)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "FORCE_COLOR": "1"},
        timeout=60,
    )
    assert done.stderr == "h1: connecting\nh1: unreachable\n"


def test_a_trace_says_what_the_connections_do(tmp_path: Path, silent: Silent) -> None:
    silent.close()
    done = subprocess.run(
        [sys.executable, "-m", "podstead", "check", "-vvv", "-i", fleet(tmp_path, silent.port, 1)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert f"h1: connecting, attempt 1: ssh 127.0.0.1:{silent.port}" in done.stderr
    assert done.returncode == 4


NAMES = st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=60)


@given(
    hosts=st.dictionaries(NAMES, NAMES, max_size=30),
    width=st.integers(20, 200),
    height=st.integers(1, 50),
    now=st.floats(0, 1e6),
)
def test_the_board_fits_every_terminal(hosts: dict[str, str], width: int, height: int, now: float) -> None:
    board = Board(len(hosts) + 5)
    for name, doing in hosts.items():
        board.take(Progress(host=name, doing=doing), 0.0)
    lines = board.lines(now, width, height)
    assert len(lines) <= max(height - 1, 3)
    assert all(len(line) < width for line in lines)


def test_the_summary_counts_done_failed_in_hand_and_left() -> None:
    board = Board(6)
    for name in ("a", "b", "c"):
        board.take(Progress(host=name, doing="looking"), 1.0)
    board.take(Result(report=HostReport(name="a", status=Status.OK)), 2.0)
    board.take(Result(report=HostReport(name="b", status=Status.UNREACHABLE)), 2.0)
    assert board.summary() == "2 of 6 done (1 failed), 1 in progress, 3 remaining"
    board.stopping = True
    assert board.summary().endswith("3 will not be started")


def test_a_long_step_says_what_it_is_at() -> None:
    board = Board(1)
    doing = "install podman, uidmap, crun, netavark, aardvark-dns, passt"
    board.take(Progress(host="web1", doing=doing), 10.0)
    board.take(Progress(host="web1", doing=doing, detail="Setting up crun (1.14)"), 20.0)
    assert (
        board.lines(70.0, 80, 24)[0]
        == "  1:00 min  web1: install podman, uidmap, crun, ...: Setting up crun (1.14)"
    )
    board.take(Progress(host="web1", doing="looking"), 80.0)
    assert board.lines(81.0, 80, 24)[0] == "     1 s    web1: looking"


@pytest.mark.parametrize("host", ["web1", "web1.example.com", f"web1.{'a-long-name.' * 8}example.com"])
@pytest.mark.parametrize(
    ("detail", "package"),
    [
        ("Setting up golang-github-containers-common (0.50.1+ds1-4) ...", "golang-github-containers-common"),
        ("Unpacking containernetworking-plugins (1.1.1+ds1-3+b4) ...", "containernetworking-plugins"),
        ("Downloading aardvark-dns", "aardvark-dns"),
    ],
)
def test_on_eighty_columns_the_package_can_be_read(host: str, detail: str, package: str) -> None:
    board = Board(1)
    doing = "install podman, uidmap, crun, netavark, aardvark-dns, passt"
    board.take(Progress(host=host, doing=doing, detail=detail), 10.0)
    (row, _) = board.lines(70.0, 80, 24)
    assert row.startswith("  1:00 min  web1")
    assert f"{package} " in f"{row} "
    assert len(row) < 80


def test_who_is_at_it_longest_comes_first_with_the_time_of_the_step() -> None:
    board = Board(2)
    board.take(Progress(host="old", doing="connecting"), 0.0)
    board.take(Progress(host="new", doing="connecting"), 50.0)
    board.take(Progress(host="old", doing="making 3 changes"), 60.0)
    assert board.lines(187.0, 80, 24)[:2] == [
        "  2:07 min  old: making 3 changes",
        "  2:17 min  new: connecting",
    ]
