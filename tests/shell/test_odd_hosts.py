"""The scripts on hosts that are not Debian: musl's getent, busybox's setpriv, a kernel that forbids user namespaces."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from podstead.host import frames
from podstead.visit import quoting, script
from tests.model_host import NONCE, spec_of
from tests.shells import SHELLS, needs, run, stays_clean

each_shell = pytest.mark.parametrize("shell", SHELLS)

_MUSL_GETENT = """#!/bin/sh
[ "$1" = passwd ] || exit 1
shift
for n; do grep "^$n:" "$ENTRIES" || exit 2; done
"""
_BUSYBOX_SETPRIV = """#!/bin/sh
echo 'Usage: setpriv [OPTIONS] PROG ARGS' >&2
echo '-d,--dump --nnp,--no-new-privs --inh-caps CAP --ambient-caps CAP' >&2
"""


@pytest.fixture
def root() -> None:
    lacking = needs(root=True)
    if lacking:
        pytest.skip(f"needs {lacking}")


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that everybody may enter: pytest's own are for the one who runs it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def path_with(folder: Path, **programs: str) -> dict[str, str]:
    """An environment in which these programs stand before the machine's own."""
    for name, text in programs.items():
        folder.joinpath(name).write_text(text, encoding="utf-8")
        folder.joinpath(name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def said(shell: str, text: str, env: Mapping[str, str] | None = None) -> list[str]:
    done = run(shell, text, env=env)
    assert done.stderr == b""
    return done.stdout.decode().splitlines()


@each_shell
def test_a_getent_that_stops_at_a_stranger_still_tells_all_that_it_knows(shell: str, tmp_path: Path) -> None:
    entries = tmp_path / "entries"
    entries.write_text("alice:x:1000:1000::/home/alice:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n")
    env = {**path_with(tmp_path, getent=_MUSL_GETENT), "ENTRIES": str(entries)}
    text = f"exec 2>/dev/null\n{script.source('observe.sh')}\nprintf '%s\\n' -x alice gone-away bob | ps_passwd\n"
    assert said(shell, text, env) == entries.read_text().splitlines()


@each_shell
def test_busyboxs_setpriv_is_not_taken_for_one_that_changes_the_user(shell: str, tmp_path: Path) -> None:
    text = f"{script.source('session.sh')}\nif ps_has_setpriv; then echo yes; else echo no; fi\n"
    assert said(shell, text) == ["no" if shell == "ash" else "yes"]  # busybox's shell calls its own
    assert said(shell, text, path_with(tmp_path, setpriv=_BUSYBOX_SETPRIV)) == ["no"]


@each_shell
@pytest.mark.parametrize("part", ["PS_HOLD", "PS_REACH"])
def test_isolation_ends_where_no_user_namespace_can_be_made(shell: str, part: str) -> None:
    values = "PS_UIDMAP='0 0 1'\nPS_GIDMAP='0 0 1'\nps_pid=1\nps_folder=/nonexistent\n"
    text = (
        f'{script.source("peers.sh")}\n{values}unshare() {{ return 1; }}\nexec 2>/dev/null\neval "${part}"\n'
    )
    before = set(Path("/tmp").glob("podstead.*"))
    done = subprocess.run(
        [*SHELLS[shell], "-s"], input=text, text=True, capture_output=True, check=False, timeout=30
    )
    assert done.stdout in ("", "user no-read\nuser signal\n")
    assert stays_clean(Path("/tmp"), before)


def looked(lines: list[str]) -> bytes:
    """What was seen with the user's own rights: packed, and the last record."""
    return frames.unpack("\n".join(lines[lines.index("@@" + NONCE + " look nobody") + 1 :]))


@pytest.mark.usefixtures("root")
@each_shell
def test_root_reads_a_users_settings_with_the_users_own_rights(shell: str, open_path: Path) -> None:
    secret = open_path / "secret"
    secret.write_text("for root alone\n")
    secret.chmod(0o600)
    home = open_path / "home"
    settings = home / ".config/containers/storage.conf"
    settings.parent.mkdir(parents=True)
    text = script.observe_header(spec_of(), NONCE) + script.assembled("observe.sh")
    text = f"PS_LOOK_SECONDS=20\nexec 2>/dev/null\n{text}\nps_user nobody 65534 {home}\n"
    settings.symlink_to(secret)
    assert b"for root alone" not in looked(said(shell, text))
    settings.unlink()
    settings.write_text("[storage]\n")
    assert b"[storage]" in looked(said(shell, text))


@pytest.mark.usefixtures("root")
@each_shell
def test_who_owns_files_in_storage_is_told_without_what_a_file_system_brings(
    shell: str, tmp_path: Path
) -> None:
    """A file system mounted there has root's lost+found; a link made by root is no file of the storage."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "lost+found").mkdir(parents=True)
    (elsewhere / "overlay").mkdir()
    os.chown(elsewhere, 1234, 1234)
    os.chown(elsewhere / "overlay", 99999, 99999)
    place = tmp_path / ".local/share/containers"
    place.mkdir(parents=True)
    (place / "storage").symlink_to(elsewhere)
    text = f"exec 2>/dev/null\nset -- alice 1234 {tmp_path}\n{script.assembled('observe_user.sh')}"  # as observe.sh runs it
    owners = [line.split("\t")[1] for line in said(shell, text) if line.startswith("graph.owner\t")]
    assert sorted(owners) == ["1234 1234", "99999 99999"]


def locks_seen(shell: str, place: Path, env: Mapping[str, str] | None = None) -> list[str]:
    """What root says of lock segments in a folder that is used for /dev/shm, in a mount namespace where one is mounted on."""
    text = script.assembled("observe.sh")
    text = f"PS_NONCE={NONCE}\n{text}".replace("/dev/shm", str(place))
    assert "ps_within 10 " in text
    text = text.replace("ps_within 10 ", "ps_within 2 ")
    text += f"mount -t tmpfs tmpfs {place}/libpod_rootless_lock_65534\nps_lock_segments\n"
    argv = ["unshare", "-m", *SHELLS[shell], "-s"]
    done = subprocess.run(argv, input=text, text=True, capture_output=True, check=False, timeout=60, env=env)
    return [line for line in done.stdout.splitlines() if str(place) in line]


@pytest.mark.usefixtures("root")
@each_shell
def test_root_does_not_look_at_a_lock_segment_that_is_a_file_system(shell: str, tmp_path: Path) -> None:
    (tmp_path / "libpod_rootless_lock_65534").mkdir()
    (tmp_path / "libpod_lock").write_text("lock")
    assert locks_seen(shell, tmp_path) == [f"4 0 {tmp_path}/libpod_lock"]


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("shell", ["dash", "bash"])  # busybox's shell calls its own
def test_a_look_at_lock_segments_that_hangs_is_cut_off(shell: str, tmp_path: Path) -> None:
    (tmp_path / "libpod_rootless_lock_65534").mkdir()
    env = path_with(tmp_path, stat="#!/bin/sh\ntrap '' TERM HUP INT\nexec sleep 100\n")
    began = time.monotonic()
    assert locks_seen(shell, tmp_path, env) == []
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("boundary", "ports"),
    [("0", "1"), ("1", "1"), ("80", "80 79"), ("1024", "1024 1023"), ("65536", "65535"), ("''", "1024 1023")],
)
@each_shell
def test_a_probe_tries_ports_that_there_are(shell: str, boundary: str, ports: str) -> None:
    assert said(shell, f"{script.source('probe_values.sh')}\nps_ports {boundary}\n") == [ports]


@pytest.mark.usefixtures("root")
@each_shell
def test_the_carried_script_does_not_take_root_for_a_rootless_user(shell: str, tmp_path: Path) -> None:
    place = tmp_path / "probe.sh"
    place.write_text(script.standalone(), encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if name != "SUDO_USER"}
    for words in ((), ("root",)):
        argv = [*SHELLS[shell], str(place), *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env=env)
        assert (done.returncode, done.stdout) == (2, "")
        assert "name the users" in done.stderr


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ("", ""),
        ('[storage]\n  graphroot = "/data/alice"\n', "/data/alice"),
        ('graphroot = "$HOME/pods"\n', "/home/al ice/pods"),
        ('rootless_storage_path = "/srv/$USER-$UID/x"\n', "/srv/alice-1000/x"),
        ('# graphroot = "/no"\n', ""),
        ('graphroot = "relative"\n', ""),
    ],
)
@each_shell
def test_the_place_of_storage_is_read_as_podman_reads_it(shell: str, settings: str, place: str) -> None:
    text = f"{script.source('storage.sh')}\nps_graphroot alice 1000 '/home/al ice' '{settings}'\n"
    assert "".join(said(shell, text)) == place


@each_shell
@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('graphroot = "/data/a b" # was "/old"', "/data/a b"),
        ("graphroot = '/data/alice'", "/data/alice"),
        ('  graphroot="/data/$USER"', "/data/alice"),
        ('# graphroot = "/data/alice"', ""),
    ],
)
def test_storage_is_where_the_file_says_however_toml_writes_it(shell: str, line: str, path: str) -> None:
    text = f"{script.assembled('storage.sh')}ps_graphroot alice 1000 /home/alice {quoting.word(line)}\n"
    text = text.replace("/etc/containers", "/nonexistent").replace("/usr/share/containers", "/nonexistent")
    assert said(shell, text) == ([path] if path else [])


@each_shell
def test_a_database_is_found_in_a_folder_with_a_blank_in_its_name(shell: str, tmp_path: Path) -> None:
    place = tmp_path / "a b"
    place.mkdir()
    (place / "db.sql").touch()
    text = f"{script.assembled('probe_start.sh')}ps_set={quoting.word(f'static_dir={place}')}\n"
    text += f"ps_has_database {tmp_path}/none && echo found\nps_set=\nps_has_database {tmp_path}/none || echo none\n"
    assert said(shell, text) == ["found", "none"]


@pytest.mark.usefixtures("root")
@each_shell
def test_root_does_not_work_in_the_folder_that_a_su_has_left_it(shell: str, tmp_path: Path) -> None:
    """TMPDIR may be a user's, who could put other files in place of root's; /run is read-only here."""
    text = f"mount -t tmpfs -o ro tmpfs /run\n{script.assembled('session.sh')}ps_folder && echo $PS_FOLDER\n"
    done = subprocess.run(
        ["unshare", "-m", *SHELLS[shell], "-s"],
        input=text,
        text=True,
        capture_output=True,
        check=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.stdout.startswith("/tmp/podstead-run.")


@each_shell
@pytest.mark.parametrize(
    ("kept", "codes", "folder", "fresh"),
    [
        ("no", " 0 0", "", ""),
        ("yes", " 0 0", "", "yes"),
        ("no", " 0 125", "", "yes"),
        ("no", "", "", "yes"),
        ("no", " 0 0", "vfs-images", "yes"),
    ],
)
def test_new_storage_is_looked_at_unless_the_users_own_is_new_and_starts(
    shell: str, tmp_path: Path, kept: str, codes: str, folder: str, fresh: str
) -> None:
    """Storage that another program has used, such as Buildah, has no database of Podman's and is not new."""
    (tmp_path / "storage" / folder).mkdir(parents=True)
    text = f"""{script.assembled("probe_engine.sh")}
T={tmp_path} R={tmp_path} PS_DO= PS_LAST=1 PS_GLAST=1
ps_own_start() {{ g={tmp_path}/storage kept={kept} started='{codes}'; }}
ps_version() {{ m=5; }}
ps_try() {{ out=; [ "$1" != inside ] || echo "fresh=${{12}}"; }}
ps_engine 2>/dev/null
"""
    assert [line for line in said(shell, text) if line.startswith("fresh=")] == [f"fresh={fresh}"]
