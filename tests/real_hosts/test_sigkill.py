"""Runs that are killed at any point leave no half-written file, and the next run converges."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from podstead.visit.record import Status
from tests.lab import Host
from tests.lab.process import children
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import Controller, wait_for
from tests.real_hosts.snapshot import leftovers

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(320)]

HEADER = "# Written by podstead; changes made here are overwritten.\n"
ALICE, BOB, BAD = "alice:524288:65536\n", "bob:589824:65536\n", "alice:524288:65536\r\n"
PORTS, PING = "net.ipv4.ip_unprivileged_port_start = 80\n", "net.ipv4.ping_group_range = 0 2000000\n"
# Each file, and every text that it may have: what it was, what it will be, and nothing between.
FILES: Mapping[str, tuple[str | None, ...]] = {
    "/etc/subuid": (BAD, ALICE, ALICE + BOB),
    "/etc/subgid": (ALICE, ALICE + BOB),
    "/etc/sysctl.d/99-podstead.conf": (HEADER + PORTS, HEADER + PORTS + PING),
    "/etc/containers/containers.conf.d/50-podstead.conf": (
        HEADER + "[containers]\npids_limit = 7\n",
        HEADER + "[containers]\npids_limit = 0\n",
    ),
    "/etc/systemd/system/user@.service.d/50-podstead.conf": (
        None,
        HEADER + "[Service]\nDelegate=cpu cpuset io memory pids\n",
    ),
}
_UNDO = """\
PATH=/usr/sbin:/usr/bin:/sbin:/bin
sed -i '/^bob:/d' /etc/subgid
loginctl disable-linger bob 2>/dev/null || :
systemctl stop user@1002
rm -f /etc/systemd/system/user@.service.d/50-podstead.conf
echo '1 0' >/proc/sys/net/ipv4/ping_group_range
"""
TRAPPED = (
    "mv",
    "cp",
    "chmod",
    "chown",
    "mktemp",
    "ln",
    "rm",
    "mkdir",
    "sync",
    "loginctl",
    "systemctl",
    "sha256sum",
)
# Stands before a program in PATH and counts calls. At the call with the number in /run/trap/at it kills the shell it
# was called from and all above it up to sshd, before or after its own work; or it says so and waits to be let go.
_TRAP = """\
#!/bin/sh
name=${0##*/}
n=none
set -C  # a file is made by the first alone
if [ -w /run/trap ]; then  # ordinary users are not counted
    n=1
    until true >/run/trap/call.$n; do n=$((n + 1)); done 2>/dev/null
    read -r at </run/trap/at
    read -r how </run/trap/how
fi
real() { PATH=/usr/sbin:/usr/bin:/sbin:/bin "$name" "$@"; }
if [ $n = none ] || [ $n != "$at" ]; then
    PATH=/usr/sbin:/usr/bin:/sbin:/bin
    exec "$name" "$@"
fi
case $how in
    wait) : >|/run/trap/reached; while [ ! -e /run/trap/go ]; do sleep 0.02; done; real "$@"; exit ;;
    after) real "$@" ;;
esac
pid=$$ up=
while pid=$(sed -n 's/^PPid:\\t//p' /proc/$pid/status) && [ "$pid" -gt 1 ]; do
    case $(cat /proc/$pid/comm) in sshd*) break ;; esac
    up="$up $pid"
done
/usr/bin/touch /run/trap/reached
kill -9 $up
"""


class Trap:
    """Programs of a host that end the run which calls them."""

    def __init__(self, host: Host, controller: Controller) -> None:
        self.host, self.controller = host, controller
        users: Mapping[str, object] = {"alice": {}, "bob": {}}
        self.inventory = controller.inventory({host.name: controller.reach()}, users=users)
        host.path("/usr/local/sbin/trap").write_text(_TRAP)
        host.sh("chmod 755 /usr/local/sbin/trap")

    def set(self, at: int, how: str) -> None:
        """Undo what runs have done, and set the trap at a call (0: only count)."""
        host = self.host
        for path, texts in FILES.items():
            if texts[0] is not None and path != "/etc/subgid":
                host.path(path).write_text(texts[0])
        names = " ".join(TRAPPED)
        host.sh(
            f"{_UNDO}rm -rf /run/trap; mkdir /run/trap; echo {at} >/run/trap/at; echo {how} >/run/trap/how\n"
            f"for n in {names}; do ln -sf trap /usr/local/sbin/$n; done"
        )

    def remove(self) -> None:
        names = " ".join(TRAPPED)
        self.host.sh(f"for n in {names}; do /bin/rm -f /usr/local/sbin/$n; done")

    @property
    def calls(self) -> int:
        return len(list(self.host.path("/run/trap").glob("call.*")))

    @property
    def reached(self) -> bool:
        return self.host.path("/run/trap/reached").exists()

    def idle(self) -> bool:
        """No command of podstead runs on the host."""
        return self.host.sh("pgrep -x timeout", check=False).returncode != 0


def text_of(host: Host, path: str) -> str | None:
    with contextlib.suppress(FileNotFoundError):
        return host.path(path).read_bytes().decode()
    return None


def assert_whole(host: Host) -> None:
    for path, texts in FILES.items():
        assert text_of(host, path) in texts, path


def assert_converges(trap: Trap) -> None:
    trap.remove()
    done = trap.controller.json("apply", trap.inventory)
    # a run that was killed at its very end has left nothing to do
    assert (done.code, done.host(trap.host.name).status in (Status.CHANGED, Status.OK)) == (0, True), str(
        done
    )
    for path, texts in FILES.items():
        assert text_of(trap.host, path) == texts[-1], path
    assert leftovers(trap.host) == []
    again = trap.controller.json("apply", trap.inventory)
    assert (again.code, again.report.changes) == (0, 0), str(again)


@pytest.fixture(scope="module")
def trap(ready: tuple[Host, Path], controller: Controller) -> Iterator[Trap]:
    made = Trap(ready[0], controller)
    yield made
    made.remove()
    made.host.sh(f"{_UNDO}sed -i '/^bob:/d' /etc/subuid; rm -rf /run/trap /usr/local/sbin/trap")
    assert controller.json("apply", ready[1]).code == 0


@pytest.fixture(scope="module")
def calls(trap: Trap) -> int:
    """How many calls of trapped programs one whole run makes."""
    trap.set(0, "never")
    done = trap.controller.json("apply", trap.inventory)
    assert done.code == 0, str(done)
    assert trap.calls > 20
    return trap.calls


#: Every second one in ``make test``, all of them in ``make soak``.
POINTS = range(0, 14, 1 if os.environ.get("PODSTEAD_SOAK") else 2)


@pytest.mark.parametrize("point", POINTS)
def test_a_run_killed_on_the_host_leaves_whole_files_and_the_next_converges(
    trap: Trap, calls: int, point: int
) -> None:
    trap.set(1 + point * (calls - 5) // 13, "after" if point // 2 % 2 else "before")
    killed = trap.controller.json("apply", trap.inventory)
    assert trap.reached
    report = killed.host(trap.host.name)
    assert (killed.code, report.status) == (1, Status.FAILED), str(killed)
    assert report.trouble is not None
    assert_whole(trap.host)
    assert_converges(trap)


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_run_killed_on_the_controller_leaves_whole_files_and_the_next_converges(
    trap: Trap, calls: int, part: int
) -> None:
    trap.set(part * calls // 4, "wait")
    process = trap.controller.start("apply", "-i", trap.inventory)
    wait_for("the trap", lambda: trap.reached)
    for pid in (process.pid, *children(process.pid)):
        os.kill(pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert_whole(trap.host)
    trap.host.sh(": >/run/trap/go")
    wait_for("the end of the run on the host", trap.idle)
    assert_whole(trap.host)
    trap.remove()
    done = trap.controller.json("apply", trap.inventory)
    assert done.code == 0, str(done)  # the host may have gone on to the end without us
    for path, texts in FILES.items():
        assert text_of(trap.host, path) == texts[-1], path
    assert leftovers(trap.host) == []
    assert trap.controller.json("apply", trap.inventory).report.changes == 0


# dpkg tells this program all it does. At the third package that is unpacked, everything is killed.
_LOGGER = """\
n=0
while read -r line; do
    case $line in 'status: '*': unpacked') n=$((n + 1)) ;; esac
    [ $n -lt 3 ] || { touch /run/killed; kill -9 $(pidof apt-get) $(pidof dpkg) $(pidof timeout); exit; }
done
"""


def test_an_installation_killed_half_way_is_finished_by_the_next_run(
    booting: Booting, controller: Controller
) -> None:
    with booting("debian-12") as host:
        host.path("/run/logger").write_text(_LOGGER)
        host.path("/etc/dpkg/dpkg.cfg.d/kill").write_text("status-logger=sh /run/logger\n")
        inventory = controller.inventory({host.name: controller.reach()})
        killed = controller.json("apply", inventory)
        assert killed.code == 1, str(killed)
        assert host.path("/run/killed").exists()
        assert host.root(["dpkg", "--audit"]).stdout != "", "the installation was interrupted"
        host.sh("rm /etc/dpkg/dpkg.cfg.d/kill")
        done = controller.json("apply", inventory)
        assert (done.code, done.host(host.name).status) == (0, Status.CHANGED), str(done)
        assert host.root(["dpkg", "--audit"]).stdout == ""
        assert leftovers(host) == []
        assert controller.json("apply", inventory).report.changes == 0
        assert controller.json("verify", inventory).code == 0
