"""The isolation of two users, tried where the one whose things are tried puts other things in their place."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from podstead.host import frames
from podstead.host.frames import Records
from podstead.proof import evidence
from podstead.visit import script
from podstead.visit.quoting import assign
from tests.shells import SHELLS, needs, run

each_shell = pytest.mark.parametrize("shell", SHELLS)
OUTER, NOBODY, DAEMON = "a" * 32, f"{os.getpid():032x}"[::-1], "c" * 32
BESIDE = f"/tmp/podstead-peers-{os.getpid()}"
PLACE = Path(f"/tmp/podstead.h{NOBODY[:8]}")
FILES = script.assembled("probe.sh")
# nobody's map has nobody itself as container ID 5: no namespace is needed to lay out a file and a process of that ID's
VALUES = f"""
PS_COUNT=2
ps_values() {{
    case $1 in
    0) PS_USER=daemon PS_OWN={DAEMON} PS_VALUES="PS_UIDMAP='0 1 1'" ;;
    1) PS_USER=nobody PS_OWN={NOBODY} PS_VALUES="PS_NONCE={NOBODY}
PS_UIDMAP='0 1 1 3 65532 9'" ;;
    esac
    ps_know "$PS_USER"
}}
"""
HOLD = """\
t=/tmp/podstead.h$(printf %s "$PS_NONCE" | cut -c1-8)
mkdir -m 0755 "$t"; (umask 077; echo hidden >"$t/secret"); echo own >BESIDE.own
setsid sleep 60 >/dev/null 2>&1 & p=$!
until [ "$(cat /proc/$p/comm)" = sleep ]; do sleep 0.1; done
"""
TRIED = "user no-read\nuser signal\nroot no-read\nroot no-signal\n"
REACH = (
    f'cd "$ps_folder" && [ "$(echo $(stat -c %d:%i . ./secret))" = "$ps_same" ] || exit 1\nprintf "{TRIED}"\n'
)
AFTER = "setsid sh -c 'until [ -e BESIDE.go ]; do sleep 0.1; done; CHANGE' >/dev/null 2>&1 &\n"

pytestmark = pytest.mark.skipif(bool(needs(root=True)), reason=f"needs {needs(root=True)}")


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    shutil.rmtree(PLACE, ignore_errors=True)
    for name in ("own", "go"):
        Path(f"{BESIDE}.{name}").unlink(missing_ok=True)


def tried(shell: str, hold: str, reach: str = REACH) -> tuple[evidence.Evidence, Records]:
    """What daemon could reach of nobody's."""
    text = f"PS_NONCE={OUTER}\n{FILES}{VALUES}{assign('PS_HOLD', hold)}\n{assign('PS_REACH', reach)}\n"
    text = text.replace("BESIDE", BESIDE)
    text += f"all() {{ ps_folder; ps_record nonce 'daemon {DAEMON}'; ps_peer 0; "
    text += 'cat "$PS_FOLDER"/*; ps_record end; }\nps_framed probe all\n'
    out = run(shell, text).stdout.decode()
    seen = evidence.parse(out, nonce=OUTER)["daemon"]
    return seen, frames.decode(out, kind="probe", nonce=OUTER)


@each_shell
def test_what_stays_as_it_was_laid_out_is_believed(shell: str) -> None:
    seen, _ = tried(shell, HOLD + 'echo "$p"')
    assert (seen.peer, seen.peer_changed) == ("nobody", False)
    assert seen.reached == {"user read": False, "user signal": True, "root read": False, "root signal": False}
    assert not PLACE.exists()


@each_shell
@pytest.mark.parametrize(
    "swap",
    [
        'rm "$t/secret"; ln -s BESIDE.own "$t/secret"',
        'rm "$t/secret"; mkfifo -m 600 "$t/secret"',
        'rm "$t/secret"; mkdir -m 600 "$t/secret"',
        'rm "$t/secret"',
        'chmod 644 "$t/secret"',
        'chmod 700 "$t"',
        'mv "$t" "$t.away"; ln -s "$t.away" "$t"; trap "rm -rf $t.away" EXIT',
    ],
    ids=["link", "pipe", "folder", "gone", "open", "closed", "moved"],
)
def test_what_is_not_laid_out_as_it_should_be_is_not_tried(shell: str, swap: str) -> None:
    seen, records = tried(shell, f'{HOLD}{swap}\necho "$p"')
    assert (seen.peer, seen.peer_changed, seen.reached) == ("nobody", True, None)
    assert records.text("peer", "daemon nobody") == "none\n"


@each_shell
@pytest.mark.parametrize("pid", ["1", "$$; exec sleep 1", "", "x", "4194304"])
def test_a_process_that_is_not_that_containers_is_not_tried(shell: str, pid: str) -> None:
    seen, _ = tried(shell, f"{HOLD}echo {pid}")
    assert (seen.peer, seen.reached) == ("nobody", None)


@each_shell
@pytest.mark.parametrize(
    "change",
    [
        "mv $t/secret $t/x; ln -s BESIDE.own $t/secret; sleep 0.3; mv $t/x $t/secret",
        "mv $t $t.x; mkdir -m 0755 $t; sleep 0.3; rmdir $t; mv $t.x $t",
        "chmod 644 $t/secret; sleep 0.3; chmod 600 $t/secret",
        "kill -9 $p",
    ],
    ids=["secret", "folder", "mode", "process"],
)
def test_what_changes_meanwhile_is_not_believed_though_it_is_put_back(shell: str, change: str) -> None:
    hold = f'{HOLD}export p t\n{AFTER.replace("CHANGE", change)}sleep 0.5; echo "$p"'
    seen, records = tried(shell, hold, f"{REACH}: >BESIDE.go; sleep 1.5\n")
    assert (seen.peer, seen.peer_changed, seen.reached) == ("nobody", True, None)
    assert records.text("peer", "daemon nobody") == "none\n"


@each_shell
@pytest.mark.parametrize("kind", ["file", "link", "other"])
def test_the_reader_shows_nothing_of_what_it_reads_and_follows_no_link(
    shell: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "private").write_text("private words\nroot read\n")
    secret = tmp_path / "secret"
    secret.write_text("secret words\nroot read\n")
    same = [f"{one.stat().st_dev}:{one.stat().st_ino}" for one in (tmp_path, secret)]
    if kind != "file":
        secret.rename(tmp_path / "old")
        secret.symlink_to("private") if kind == "link" else secret.write_text("other")
    values = f"PS_UIDMAP='0 0 1'\nPS_GIDMAP='0 0 1'\nps_pid={os.getpid()}\nps_folder={tmp_path}\nps_same='{' '.join(same)}'\n"
    text = (
        f'{script.source("peers.sh")}{values}unshare() {{ return 1; }}\nexec 2>/dev/null\neval "$PS_REACH"\n'
    )
    out = run(shell, text).stdout.decode()
    assert out == ("user read\nuser signal\n" if kind == "file" else "")


@each_shell
@pytest.mark.parametrize(
    ("grant", "host"),
    [
        ("0 1000 1 1 524288 65536", "524292"),
        ("0 1000 1 1 7 2 3 100 9", "102"),
        ("0 1000 1 1 7 2", ""),
        ("", ""),
    ],
)
def test_the_host_id_of_container_id_5_comes_from_the_grant(shell: str, grant: str, host: str) -> None:
    text = f"{FILES}PS_VALUES={assign('X', assign('PS_UIDMAP', grant))[2:]}\nps_container_five\n"
    assert run(shell, text).stdout.decode() == host


@pytest.mark.parametrize("shell", ["dash", "bash"])  # busybox's setpriv cannot change the user
@pytest.mark.parametrize(
    ("code", "told"), [("ok", "ok\n"), ("13", "13\n"), ("@@x", ""), ("1 3", ""), ("", "")]
)
def test_nothing_but_a_number_of_a_users_process_enters_roots_words(shell: str, code: str, told: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        place.chmod(0o777)
        (place / "perl").write_text(f"#!/bin/sh\nprintf '%s' '{code}'\nenv >{made}/env\n")
        (place / "perl").chmod(0o755)
        env = {**os.environ, "SECRET": "of root", "PATH": f"{made}:{os.environ['PATH']}"}
        text = f"PS_NONCE={OUTER}\n{FILES}PS_USER=nobody PS_DENIED_GID=12345\nps_denied\n"
        done = run(shell, text, env=env)
        assert done.stdout.decode() == f"\n@@{OUTER} denied nobody\n{told}"
        assert "SECRET" not in (place / "env").read_text()


def test_the_map_of_the_users_values_is_read_as_it_is_written() -> None:
    assert re.fullmatch(r"PS_UIDMAP='?[0-9 ]*'?", assign("PS_UIDMAP", "0 1000 1 1 524288 65536"))


@each_shell
def test_a_user_who_hangs_keeps_nobody_else_waiting(shell: str, tmp_path: Path) -> None:
    """Whoever is free takes the next user: here the first ends only after all others have."""
    text = f"""{FILES}
PS_FOLDER={tmp_path} PS_JOBS=2 PS_COUNT=6
f() {{
    [ "$1" != 0 ] || {{ n=0; until [ -e {tmp_path}/done.5 ] || [ $n -gt 50 ]; do sleep 0.1; n=$((n + 1)); done; }}
    echo "$1"
    : >{tmp_path}/done.$1
}}
ps_pool f
"""
    assert run(shell, text).stdout.decode().split() == ["1", "2", "3", "4", "5", "0"]
