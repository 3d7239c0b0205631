"""An installation tells what it is at while it lasts, and waits for nothing that a package has started."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from podstead.host import frames
from podstead.visit import script
from tests.shells import SHELLS, lacking, run

pytestmark = pytest.mark.skipif(bool(lacking()), reason=f"needs {', '.join(lacking())}")

SCRIPTS = Path(script.__file__).parent / "scripts"
# as a package manager: lines that come one by one, a service that keeps everything open, and an exit code
MANAGER = """\
PS_MANAGERS=x PS_TELL=yes
ps_install_x() {
    echo "Unpacking $1"
    sleep 1.5
    sleep 20 &
    echo "Setting up $1"
    echo "a complaint" >&2
    sleep 1.5
    return $2
}
"""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("code", [0, 100])
def test_the_last_line_of_the_log_is_told_at_once_and_a_service_is_not_waited_for(
    shell: str, code: int, tmp_path: Path
) -> None:
    change = f"c1() {{ ps_install x crun {code}; }}\nps_all() {{ ps_change packages:install:names c1; ps_record end; }}\n"
    parts = [(SCRIPTS / name).read_text() for name in ("frame.sh", "record.sh", "apply.sh")]
    text = "\n".join(
        [f"PS_NONCE=0123456789abcdef\nPS_RUN={tmp_path}", *parts, f"PS_RUN={tmp_path}", MANAGER, change]
    )
    began = time.monotonic()
    done = run(shell, f"{text}\nps_framed apply ps_all 5>&2\n")
    assert time.monotonic() - began < 15, "the service lives for twenty seconds"
    told = [line for line in done.stderr.decode().splitlines() if line.startswith("@@podstead doing ")]
    assert told[:1] == ["@@podstead doing Unpacking crun"]
    assert told[1:] == ["@@podstead doing Setting up crun"], "a complaint names no package"
    records = frames.decode(done.stdout.decode().splitlines(), kind="apply", nonce="0123456789abcdef")
    assert [record.text.strip() for record in records.all("change")] == [str(code)]
    (log,) = [record.text for record in records.all("log")]
    assert log.splitlines() == ["Unpacking crun", "Setting up crun", "a complaint"]


LOGS = {
    "Downloading podman": "Get:5 http://deb.debian.org/debian bookworm/main amd64 podman amd64 4.3.1+ds1-8 [9,000 kB]",
    "Unpacking uidmap (1:4.13) ...": "Unpacking uidmap (1:4.13) ...",
    "Setting up crun (1.8) ...": "Setting up crun (1.8) ...\nCould not execute systemctl:  at /usr/bin/deb-systemd-invoke line 142.",
    "Processing triggers for man-db (2.11) ...": "Processing triggers for man-db (2.11) ...",
    "Downloading podman-4.9.4-1.el9.x86_64.rpm": "(1/10): podman-4.9.4-1.el9.x86_64.rpm   1.2 MB/s |  15 MB     00:12",
    "Installing podman-4.9.4-1.el9.x86_64  5/10": "  Installing       : podman-4.9.4-1.el9.x86_64  5/10",
    "Installing podman-5:5.2-1.fc41 100% | 9 MiB/s": "[ 5/20] Installing podman-5:5.2-1.fc41 100% | 9 MiB/s",
    "Installing podman-4.3.1.x86_64 [..done]": "(1/5) Installing: podman-4.3.1.x86_64 [..done]",
    "Retrieving podman-4.3.1.x86_64 (main) (1/5), 15 MiB": "Retrieving: podman-4.3.1.x86_64 (main) (1/5), 15 MiB",
    "installing podman...": "installing podman...",
    "installing crun": "(2/5) installing crun",
    "downloading podman-5.0.3-1-x86_64": " podman-5.0.3-1-x86_64 downloading...",
    "Installing podman (4.3.1-r2)": "(1/20) Installing podman (4.3.1-r2)\nExecuting busybox-1.36.1-r5.trigger",
    "": "Reading package lists...\nGet:1 http://deb.debian.org/debian bookworm InRelease [151 kB]\n"
    "Get:3 http://deb.debian.org/debian bookworm/main amd64 Packages [8,786 kB]\ndebconf: unable to initialize frontend: Dialog\n"
    "Installing new version of config file /etc/x ...\nFetched 15 MB in 2s (7,500 kB/s)",
}
"""What is told -> the log that it is told of, as each package manager writes it without a terminal."""


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_told_names_a_package(shell: str) -> None:
    parts = [(SCRIPTS / name).read_text() for name in ("record.sh", "apply.sh")]
    noise = "Could not execute systemctl:  at /usr/bin/deb-systemd-invoke line 142."
    calls = [f"printf '%s\\n' '{log}' '{noise}' | ps_package; echo ." for log in LOGS.values()]
    done = run(shell, "\n".join([*parts, *calls]))
    assert done.stdout.decode() == "".join(f"{told}\n.\n" if told else ".\n" for told in LOGS)


@pytest.mark.parametrize("shell", SHELLS)
def test_who_stops_reading_does_not_end_an_installation(shell: str, tmp_path: Path) -> None:
    parts = [(SCRIPTS / name).read_text() for name in ("record.sh", "apply.sh")]
    text = "\n".join(
        [*parts, MANAGER, f"( ps_install x crun 0 && echo finished ) >{tmp_path}/log 2>&1 5>{tmp_path}/gone"]
    )
    (tmp_path / "gone").symlink_to("/dev/full")
    run(shell, text)
    assert "finished" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("to", ["", " | cat", " >/dev/null"])
def test_nothing_is_left_that_tells_wherever_the_output_goes(shell: str, to: str, tmp_path: Path) -> None:
    parts = [(SCRIPTS / name).read_text() for name in ("record.sh", "apply.sh")]
    short = "PS_MANAGERS=x PS_TELL=yes\nps_install_x() { echo a line; }\n"
    began = time.monotonic()
    run(shell, "\n".join([*parts, short, f"( ps_install x crun ){to} 5>&2"]))
    (tmp_path / "log").touch()
    run(shell, "\n".join([*parts, short, f"( set -e; ps_install x crun ) >{tmp_path}/log 5>&2"]))
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_told_where_nobody_has_said_to_listen(shell: str, tmp_path: Path) -> None:
    parts = [(SCRIPTS / name).read_text() for name in ("record.sh", "apply.sh")]
    short = "PS_MANAGERS=x\nps_install_x() { echo a line; sleep 1.5; }\n"
    done = run(shell, "\n".join([*parts, short, f"( ps_install x crun ) >{tmp_path}/log 5>&2"]))
    assert (tmp_path / "log").read_text() == "a line\n"
    assert done.stderr == b""


@pytest.mark.parametrize("shell", SHELLS)
def test_no_other_program_holds_what_is_read_to_its_end(shell: str, tmp_path: Path) -> None:
    parts = [(SCRIPTS / name).read_text() for name in ("frame.sh", "record.sh", "apply.sh")]
    shown = "[ -e /proc/self/fd/5 ] && echo open >&6; sh -c '[ -e /proc/self/fd/5 ]' && echo inherited >&6; :"
    functions = f"ps_observe() {{ {shown}; }}\nps_install_x() {{ {shown}; }}\nc1() {{ ps_install x y; }}\nc2() {{ {shown}; }}\n"
    changes = "ps_changes() { ps_change packages:install:names c1; ps_change session:alice:bus c2; }\n"
    text = "\n".join(
        [
            "PS_NONCE=0123456789abcdef",
            *parts,
            f"PS_RUN={tmp_path} PS_MANAGERS=x PS_TELL=yes",
            functions,
            changes,
        ]
    )
    run(shell, f"{text}\nps_framed apply ps_apply_and_look 5>&2 6>{tmp_path}/held\n")
    assert (tmp_path / "held").read_text() == ""
