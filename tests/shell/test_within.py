"""The limits that root holds around what runs as a user, under each shell."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podstead.visit import script
from tests.shells import SHELLS, lacking, needs, run

pytestmark = [
    pytest.mark.skipif(bool(lacking()), reason=f"needs {', '.join(lacking())}"),
    pytest.mark.lasts(150),
]

each_shell = pytest.mark.parametrize("shell", SHELLS)
HEAD = script.assembled("apply_as_user.sh")


def within(shell: str, arguments: str) -> tuple[int, bytes, float]:
    """Exit code, output and seconds of ps_within."""
    began = time.monotonic()
    done = run(shell, f'{HEAD}ps_within {arguments}\necho " $?"\n')
    out, _, code = done.stdout.rpartition(b" ")
    return int(code), out, time.monotonic() - began


def wait_until(what: Callable[[], bool], seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def running(mark: str) -> list[str]:
    """Processes with a word in their command line."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in words:
            found.append(place.parent.name)
    return found


@each_shell
@pytest.mark.parametrize(
    ("command", "code", "out"),
    [
        ("9 100 printf '%s' 'a  b'", 0, b"a  b"),
        ("9 100 sh -c 'echo x; exit 3'", 3, b"x\n"),
        ("9 100 /no/such/program", 127, b""),
        ("9 5 printf 123456789", 0, b"12345"),
        ("9 100 sh -c 'echo seen >&2'", 0, b""),
    ],
)
def test_what_ends_by_itself_is_told_as_it_is(shell: str, command: str, code: int, out: bytes) -> None:
    assert within(shell, f"{command} </dev/null")[:2] == (code, out)


@each_shell
@pytest.mark.parametrize(
    "command",
    [
        "sh -c 'trap \"\" TERM INT HUP; sleep 60; sleep 60'",
        "sh -c 'kill -STOP $$'",
        "sh -c 'setsid sleep 60 & echo done'",
        "sh -c 'yes >/dev/null'",
    ],
    ids=["deaf", "stopped", "keeps-the-pipe", "busy"],
)
def test_what_does_not_end_is_cut_off(shell: str, command: str) -> None:
    code, _, seconds = within(shell, f"2 100 {command} </dev/null")
    assert code == 124
    assert seconds < 20


@each_shell
def test_a_flood_ends_at_its_limit(shell: str) -> None:
    code, out, seconds = within(shell, "30 1000 yes </dev/null")
    assert (code, len(out)) == (141, 1000)
    assert seconds < 20


@each_shell
def test_the_command_is_given_nothing_of_roots_but_its_own_streams(shell: str, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("words\n")
    text = f"exec 3>&1 4>&1 5>&1 6>&1 7>&1 8>&1 9>&1\n{HEAD}ps_within 9 1000 sh -c 'cat; for n in 3 4 5 6 7 8 9; do (: >&$n) 2>/dev/null && echo open $n; done' <{tmp_path}/in\n"
    assert run(shell, text).stdout == b"words\n"


@pytest.mark.parametrize("shell", ["dash", "bash"])  # busybox always has a setsid of its own
def test_without_setsid_nothing_is_run_at_all(shell: str, tmp_path: Path) -> None:
    for name in ("sh", "head", "sleep", "touch", "env"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    argv = [str(shutil.which(SHELLS[shell][0])), "-s"]
    text = f"{script.source('session.sh')}ps_within 9 9 touch {tmp_path}/ran\necho $?\n"
    done = subprocess.run(argv, input=text, capture_output=True, text=True, env={"PATH": str(tmp_path)}, check=False, timeout=60)  # fmt: skip
    assert (done.stdout, (tmp_path / "ran").exists()) == ("127\n", False)


@each_shell
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_the_group_ends_when_the_script_is_killed(shell: str, how: signal.Signals) -> None:
    mark = f"{os.getpid()}{how.value}5555"
    process = subprocess.Popen([*SHELLS[shell], "-s"], stdin=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None
    process.stdin.write(f"{HEAD}ps_within 500 100 sleep {mark} </dev/null\n".encode())
    process.stdin.flush()
    wait_until(lambda: running(mark) != [])
    os.killpg(process.pid, how)
    process.stdin.close()
    process.wait(timeout=15)
    wait_until(lambda: running(mark) == [])


@pytest.fixture
def stale() -> Iterator[Path]:
    if needs(root=True):
        pytest.skip(f"needs {needs(root=True)}")
    made = Path(tempfile.mkdtemp(prefix=f".{os.getpid()}-", dir="/run"))
    (made / "in.0").touch()
    # of a process that cannot be: the largest number is one less (proc(5), pid_max)
    place = made.rename(f"/run/podstead-run.4194304.{made.name[-6:]}")
    yield place
    shutil.rmtree(place, ignore_errors=True)


@each_shell
@pytest.mark.parametrize("how", [None, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_folder_of_a_run_is_gone_however_it_ends_and_old_ones_are_removed(
    shell: str, how: signal.Signals | None, stale: Path
) -> None:
    text = f'{HEAD}ps_folder || exit 9\necho "$PS_FOLDER"\nsleep 60 & ps_workers=$!\nwait\n'
    process = subprocess.Popen(
        [*SHELLS[shell], "-s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(text if how else text.replace("sleep 60", "sleep 1"))
    process.stdin.close()
    folder = Path(process.stdout.readline().strip())
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.name.split(".")[1] == str(process.pid)  # while it lives, no other run removes the folder
    assert not stale.exists()
    if how:
        process.send_signal(how)
    assert process.wait(timeout=15) == (143 if how else 0)
    process.stdout.close()
    assert not folder.exists()


@each_shell
def test_a_step_as_a_user_says_when_it_was_late(shell: str) -> None:
    if needs(root=True):
        pytest.skip(f"needs {needs(root=True)}")
    text = f"PS_STEP_SECONDS=1\n{HEAD}(set -e; ps_user_step nobody sh -c 'echo said >&2; exit 4')\necho $?\n"
    text += "(set -e; ps_user_step nobody sleep 60)\necho $?\n"
    lines = run(shell, text).stdout.decode().splitlines()
    assert lines == ["said", "1", "podstead: late as nobody, this was not done within 1 s", "124"]


@each_shell
def test_no_user_can_say_that_the_plan_was_overtaken(shell: str) -> None:
    """Exit code 75 makes podstead plan and apply anew (ps_overtaken)."""
    if needs(root=True):
        pytest.skip(f"needs {needs(root=True)}")
    text = f'{HEAD}for n in 75 16 2 255; do (set -e; ps_user_step nobody sh -c "exit $n"); echo $?; done\n'
    assert run(shell, text).stdout.decode().split() == ["1"] * 4


@pytest.mark.parametrize("shell", ["dash", "bash"])  # busybox always has a setsid of its own
def test_what_ended_without_a_number_is_late_and_ends_nobody_else(shell: str, tmp_path: Path) -> None:
    """As when the process that tells it was killed: dash ends at a return without a number."""
    (tmp_path / "setsid").write_text("#!/bin/sh\necho end\n")
    (tmp_path / "setsid").chmod(0o755)
    text = f"{HEAD}PATH={tmp_path}:$PATH\nps_within 9 9 true\necho $?\n"
    assert run(shell, text).stdout == b"124\n"


@each_shell
def test_a_user_removes_what_their_own_runs_left_that_were_killed(shell: str) -> None:
    """Not what is younger than a day, for it may be at work where this machine cannot look; not what is another's."""
    if needs(root=True):
        pytest.skip(f"needs {needs(root=True)}")
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        place.chmod(0o1777)
        old = time.time() - 100_000
        for name, uid, when in (("old", 65534, old), ("new", 65534, time.time()), ("his", 1, old)):
            folder = place / f"podstead-run.4194304.{name}abc"
            folder.mkdir()
            (folder / "in.0").touch()
            os.chown(folder / "in.0", uid, uid)
            os.chown(folder, uid, uid)
            os.utime(folder, (when, when))
        (place / "podstead-run.4194304.linked").symlink_to(place / "podstead-run.4194304.newabc")
        env = {**os.environ, "TMPDIR": made}
        done = run(shell, f"cd /\n{HEAD}ps_folder || exit 9\n", env=env, user=True)
        assert (done.returncode, done.stderr) == (0, b"")
        left = sorted(one.name.rpartition(".")[2] for one in place.iterdir())
        assert left == ["hisabc", "linked", "newabc"]
        assert (place / "podstead-run.4194304.newabc/in.0").exists()


@each_shell
def test_who_is_known_is_not_taken_for_another_user(shell: str) -> None:
    """What was looked up for one user is of no use after a command of another one's."""
    text = f"{HEAD}ps_know nobody; PS_KNOWN=nobody\n"
    text += "ps_as_user 9 99 daemon sh -c 'echo $USER $(id -un)'\nps_as_user 9 99 nobody sh -c 'echo $USER $HOME $(id -un)'\n"
    lines = run(shell, text).stdout.decode().split("\n")
    assert lines == ["daemon daemon", "nobody /nonexistent nobody", ""]
