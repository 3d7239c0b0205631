"""What a user's probe takes for its own: its folders and its processes, beside those of others who use the same names."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from podstead.visit import script
from tests.shells import SHELLS, needs, run

each_shell = pytest.mark.parametrize("shell", SHELLS)
FUNCTIONS = "".join(
    map(script.source, ("storage.sh", "probe_helpers.sh", "probe_space.sh", "probe_start.sh"))
)
NAME = f"{os.getpid():08x}"
NOBODY = 65534
DAY = 100_000

pytestmark = pytest.mark.skipif(bool(needs(root=True)), reason=f"needs {needs(root=True)}")


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of nobody's that everybody can enter; nothing that is of this name in /tmp stays."""
    place = Path(f"/tmp/probe-space-{os.getpid()}")
    place.mkdir(mode=0o755)
    os.chown(place, NOBODY, NOBODY)
    yield place
    shutil.rmtree(place, ignore_errors=True)
    for kind in "rth":
        one = Path(f"/tmp/podstead.{kind}{NAME}")
        if one.is_symlink():
            one.unlink()
        shutil.rmtree(one, ignore_errors=True)


def as_nobody(shell: str, home: Path, text: str) -> list[str]:
    """Run text with the functions of the probe, as nobody with that home and no runtime folder."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C"}
    values = f"PS_NONCE={NAME * 4}\nPS_UIDMAP=\nchild=\nT=\nR=\nH=\nL=\nK=\nW=\nN={NAME}\n"
    done = run(shell, f"cd /\n{FUNCTIONS}{values}{text}\n", env=env, user=True)
    return done.stdout.decode().split()


def folder(place: Path, *, owner: int = NOBODY, age: float = 300, mark: str | None = None) -> Path:
    place.mkdir()
    if mark is not None:
        (place / "mark").write_text(mark)
        os.chown(place / "mark", owner, owner)
    os.chown(place, owner, owner)
    when = time.time() - age
    os.utime(place, (when, when))
    return place


def own_mark() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    return f"{boot}{Path('/proc/self/ns/pid').readlink()}\n"


# --- processes ---

WORKING = """\
cd "$B"
mkdir -p .podstead.$N/fs .podstead.$N/vol/x .podstead.$N-other else b/podstead.$N podstead.$N
mount -t tmpfs fuse "$B/b/podstead.$N"
mount -t tmpfs fuse "$B/.podstead.$N/vol/x"
T=$B/.podstead.$N R=$B/podstead.$N
say() { eval "name_$!=$1"; all="$all $!"; }
# what is not ended must not hold the pipe that the test reads
sh -c 'exec sleep 30' >/dev/null 2>&1 & say here
unshare -m sleep 30 >/dev/null 2>&1 & say elsewhere
unshare -m sh -c 'mount --bind "$1" "$2" && cd / && set -- && exec sleep 30' x "$T/fs" "$B/else" >/dev/null 2>&1 & say container
unshare -m sh -c 'mount -t tmpfs x "$1" && cd / && exec sleep 30' x "$T/fs" >/dev/null 2>&1 & say view
sh -c 'sleep 30; :' x "$T/s" >/dev/null 2>&1 & say argument
sh -c 'sleep 30; :' x "$R" >/dev/null 2>&1 & say folder
sh -c 'sleep 30; :' x "$T-other" >/dev/null 2>&1 & say longer
sh -c 'sleep 30; :' x "/x$T/s" >/dev/null 2>&1 & say inside
setpriv --reuid 1 sh -c 'sleep 30; :' x "$T/s" >/dev/null 2>&1 & say another
sleep 2
"""


@each_shell
def test_only_processes_that_are_certainly_of_the_probe_count(shell: str, tmp_path: Path) -> None:
    """Never for a mount that others see as well: anybody who may mount (fusermount) chooses its name.

    The list alone is asked for: what is on it is killed.
    """
    tmp_path = tmp_path / "a b"
    tmp_path.mkdir()
    text = f"B='{tmp_path}'\nN={NAME}\n{WORKING}found=$(ps_working)\n"
    text += 'for p in $found; do eval "echo \\${name_$p-unknown}"; done\nkill $all 2>/dev/null\n'
    # a user who may end one's own alone: all capabilities but that one are root's
    argv = ["unshare", "-m", "setpriv", "--bounding-set", "-kill", "--inh-caps", "-kill", "--", *SHELLS[shell], "-s"]  # fmt: skip
    done = subprocess.run(
        argv, input=FUNCTIONS + text, text=True, capture_output=True, check=False, timeout=60
    )
    assert sorted(done.stdout.split()) == ["argument", "container", "folder", "view"], done.stderr


# --- folders ---


@each_shell
@pytest.mark.parametrize("kind", ["r", "t", "h"])
def test_what_another_user_has_made_under_the_same_name_is_left_alone(
    shell: str, kind: str, home: Path
) -> None:
    place = folder(Path(f"/tmp/podstead.{kind}{NAME}"), owner=1, age=DAY, mark=own_mark())
    (place / "t").mkdir(mode=0o755)
    os.mkfifo(place / "t/pause.pid", 0o644)
    for text in ("ps_sweep", "ps_clear_left"):
        assert as_nobody(shell, home, f"{text}\necho done") == ["done"]
    assert (place / "t/pause.pid").exists()


@each_shell
def test_a_link_to_a_folder_of_ones_own_is_no_folder_of_a_probe(shell: str, home: Path) -> None:
    mine = folder(home / "mine", age=DAY, mark=own_mark())
    for kind in "rth":
        Path(f"/tmp/podstead.{kind}{NAME}").symlink_to(mine)
    (home / f".podstead.{NAME}").symlink_to(mine)
    assert as_nobody(shell, home, "ps_sweep\nps_clear_left\necho done") == ["done"]
    assert (mine / "mark").exists()


@each_shell
@pytest.mark.parametrize("kind", ["pipe", "link", "long", "another's"])
def test_only_a_small_file_of_ones_own_tells_the_pause_process(shell: str, kind: str, home: Path) -> None:
    place = folder(Path(f"/tmp/podstead.r{NAME}"))
    (place / "t").mkdir(mode=0o777)
    pid = place / "t/pause.pid"
    victim = subprocess.Popen(
        ["setpriv", "--reuid", str(NOBODY), "--clear-groups", "sh", "-c", "printf catatonit >/proc/$$/comm; read x"],
        stdin=subprocess.PIPE,
    )  # fmt: skip
    try:
        time.sleep(0.3)
        assert Path(f"/proc/{victim.pid}/comm").read_text() == "catatonit\n"
        text = f"{victim.pid}\n"
        (home / "pid").write_text(text)
        if kind == "pipe":
            os.mkfifo(pid, 0o644)
        elif kind == "link":
            pid.symlink_to(home / "pid")
        else:
            pid.write_text(text + "x" * 20 if kind == "long" else text)
        if kind == "long":
            os.chown(pid, NOBODY, NOBODY)
        assert as_nobody(shell, home, f"R={place}\nps_end_pause\necho done") == ["done"]
        assert victim.poll() is None
        pid.unlink()
        pid.write_text(text)
        os.chown(pid, NOBODY, NOBODY)
        assert as_nobody(shell, home, f"R={place}\nps_end_pause\necho done") == ["done"]
        assert victim.wait(timeout=10) == -9
    finally:
        victim.kill()
        victim.communicate()


@each_shell
@pytest.mark.parametrize(
    ("mark", "age", "stays"),
    [
        ("own", 300, False),
        ("own", 5, True),
        ("boot", 300, True),
        ("namespace", 300, True),
        ("none", 300, True),
        ("empty", 300, True),
        ("boot", DAY, False),
        ("none", DAY, False),
    ],
)
def test_a_folder_is_swept_only_if_nobody_can_be_at_work_in_it(
    shell: str, mark: str, age: float, stays: bool, home: Path
) -> None:
    boot, namespace = own_mark().split()
    texts = {
        "own": own_mark(),
        "boot": f"00000000-0000-4000-8000-000000000000\n{namespace}\n",
        "namespace": f"{boot}\npid:[1]\n",
        "empty": "",
    }
    place = folder(home / f".podstead.{NAME}", age=age, mark=texts.get(mark))
    as_nobody(shell, home, "ps_clear_left")
    assert place.exists() is stays


@each_shell
@pytest.mark.parametrize(
    "place", ["/tmp/podstead.r", "/tmp/podstead.h", "/tmp/podstead.t", "HOME/.podstead."]
)
def test_each_folder_is_swept_by_itself(shell: str, place: str, home: Path) -> None:
    """A run that is killed while it clears up leaves some of them."""
    left = folder(Path(f"{place.replace('HOME', str(home))}{NAME}"), mark=own_mark())
    as_nobody(shell, home, "ps_clear_left")
    assert not left.exists()
    left = folder(left)
    as_nobody(shell, home, "K=yes\nps_sweep")
    assert not left.exists()


@each_shell
def test_a_folder_that_somebody_has_open_stays(shell: str, home: Path) -> None:
    place = folder(home / f".podstead.{NAME}", age=DAY, mark=own_mark())
    as_nobody(shell, home, f"exec 9<{place}\nps_clear_left")
    assert place.exists()


@each_shell
def test_a_probe_marks_its_folders_and_holds_one_open(shell: str, home: Path) -> None:
    said = as_nobody(
        shell, home, 'ps_space && cat "$T/mark" "$R/mark" && readlink /proc/self/fd/9; echo "$T"; ps_clean'
    )
    assert said == [*own_mark().split(), *own_mark().split(), f"{home}/.podstead.{NAME}", f"{home}/.podstead.{NAME}"]  # fmt: skip
    assert list(home.iterdir()) == []
