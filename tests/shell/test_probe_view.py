"""The view in which a user's Podman is started: what it writes to is a copy, except where the user could not write either."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from podstead.visit import script
from tests.shells import needs

pytestmark = pytest.mark.skipif(bool(needs(root=True)), reason=f"needs {needs(root=True)}")

PODMAN = """#!/bin/sh
cd "$HOME/store" || exit 1
(echo x >>db.sql) || exit 11
(echo x >>libpod/bolt_state.db) || exit 12
head -c 3 libpod/bolt_state.db
"""


@pytest.fixture
def home() -> Iterator[Path]:
    place = Path(f"/tmp/probe-view-{os.getpid()}")
    for folder in ("store/libpod", "t", "r", "bin"):
        (place / folder).mkdir(parents=True)
    for name in ("store/db.sql", "store/libpod/bolt_state.db"):
        (place / name).write_text("one")
    (place / "bin/podman").write_text(PODMAN)
    (place / "bin/podman").chmod(0o755)
    for one in (place, *place.rglob("*")):
        os.chown(one, 65534, 65534)
    yield place
    shutil.rmtree(place)


def started(shell: str, home: Path, prepare: str = "") -> tuple[str, str, str]:
    """How both commands ended, what the first printed, and what was too large, in a view of nobody's."""
    files = "".join(
        map(script.source, ("storage.sh", "probe_helpers.sh", "probe_space.sh", "probe_start.sh"))
    )
    text = f"""cd {home} || exit 1
{files}
{prepare}
export HOME={home} PATH={home}/bin:$PATH PS_UID=0 PS_GID=0
(setpriv --reuid 65534 --regid 65534 --clear-groups unshare -U -r -m {shell} -c "$ps_view" sh {home}/t {home}/r '' no yes .podstead.w {home}/store) \\
    3>start 4>/dev/null 5>rc 6>made 7>/dev/null 8>/dev/null 9>large
"""
    argv = ["unshare", "-m", "dash", "-s"]
    done = subprocess.run(argv, input=text, text=True, capture_output=True, check=False, timeout=60)
    rc, start, large = ((home / name).read_text() for name in ("rc", "start", "large"))
    assert rc, done.stderr
    return " ".join(rc.split()[:4]), start, large


each_shell = pytest.mark.parametrize("shell", ["dash", "busybox ash", "bash"])


@each_shell
def test_what_the_user_may_write_to_is_a_copy(shell: str, home: Path) -> None:
    kept = [home / "store/db.sql", home / "store/libpod/bolt_state.db"]
    before = [(one.read_text(), one.stat().st_mtime_ns, one.stat().st_ctime_ns) for one in kept]
    assert started(shell, home) == ("start 0 list 0", "one", "")
    assert [(one.read_text(), one.stat().st_mtime_ns, one.stat().st_ctime_ns) for one in kept] == before
    assert sorted(one.name for one in (home / "store").rglob("*")) == ["bolt_state.db", "db.sql", "libpod"]


@each_shell
@pytest.mark.parametrize(("name", "code"), [("db.sql", 11), ("libpod/bolt_state.db", 12)])
def test_what_the_user_may_not_write_to_is_no_copy(shell: str, name: str, code: int, home: Path) -> None:
    place = home / "store" / name
    prepare = f"mount --bind {place} {place} && mount -o remount,bind,ro {place} || exit 1"
    assert started(shell, home, prepare)[0] == f"start {code} list {code}"


@each_shell
@pytest.mark.parametrize("flags", ["", "nosuid,nodev,"])
def test_a_file_too_large_for_a_copy_can_be_read_and_is_told(shell: str, flags: str, home: Path) -> None:
    place = home / "store/libpod/bolt_state.db"
    os.truncate(place, 67108864)
    prepare = f"mount --bind {home} {home} && mount -o remount,bind,{flags}rw {home} && cd {home} || exit 1"
    assert started(shell, home, prepare) == ("start 12 list 12", "", f"bound {place}\n")
    assert place.stat().st_size == 67108864
    (home / "bin/podman").write_text("#!/bin/sh\nhead -c 3 $HOME/store/libpod/bolt_state.db\n")
    assert started(shell, home, prepare) == ("start 0 list 0", "one", f"bound {place}\n")
