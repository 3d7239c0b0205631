"""A user whose own programs lie, hang, flood or forge: said as could-not-look or failure, and nobody else is touched."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from podstead.proof.finding import Finding, Verdict
from tests.lab import Host
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import Controller, Ran, wait_for
from tests.real_hosts.snapshot import files_of, leftovers, processes_of

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(330)]

ESC = "\x1b"
USERS: dict[str, object] = {"alice": {}, "bob": {}}
LIMIT = "25"
"""Seconds for a probe: long enough for bob's on a busy machine, since it is the same for both."""
CONTAINERS = ("V17", "V18", "V19", "V20", "V23", "V24")


@pytest.fixture(scope="module")
def pair(booting: Booting, controller: Controller) -> Iterator[tuple[Host, Path]]:
    """A host on which alice and bob are ready."""
    with booting("debian-13", ready=True) as host:
        inventory = controller.inventory({host.name: controller.reach()}, users=USERS)
        assert controller.json("apply", inventory).code == 0
        yield host, inventory


def shim(host: Host, program: str, body: str) -> None:
    """Put a program of alice's own in front of the real one, in alice's whole session."""
    host.ssh("alice", "mkdir -p ~/bin ~/.config/environment.d")
    path = host.path(f"/home/alice/bin/{program}")
    path.write_text(f'#!/bin/sh\n{body}\nexec /usr/bin/{program} "$@"\n')
    path.chmod(0o755)
    host.path("/home/alice/.config/environment.d/hostile.conf").write_text(
        "PATH=/home/alice/bin:/usr/bin:/bin\n"
    )
    host.sh("chown -R alice: /home/alice/bin /home/alice/.config")
    restart(host)


def restart(host: Host) -> None:
    # reset-failed forgets how often it was started: each test starts it twice, and systemd allows five in ten seconds
    host.sh("systemctl reset-failed user@1001.service || :; systemctl restart user@1001.service")
    wait_for("alice's session", lambda: host.path("/run/user/1001/bus").exists())


@pytest.fixture(autouse=True)
def undone(pair: tuple[Host, Path]) -> Iterator[None]:
    host, _ = pair
    yield
    host.sh("rm -rf /home/alice/bin /home/alice/.config")
    restart(host)


def verify(pair: tuple[Host, Path], controller: Controller, *words: str) -> Ran:
    """Verify, and see to it that nothing is left, and that bob is told nothing but good."""
    host, inventory = pair
    before = files_of(host), processes_of(host, "alice")
    ran = controller.json("verify", inventory, "--probe-timeout", LIMIT, *words)
    assert ESC not in ran.out + ran.err
    assert leftovers(host) == []
    # a login of alice's that was ending when it was looked may be gone since
    until = time.monotonic() + 30
    while (more := sorted(set(processes_of(host, "alice")) - set(before[1]))) and time.monotonic() < until:
        time.sleep(0.1)
    assert more == []
    assert files_of(host) == before[0]
    bobs = [one for one in ran.host(host.name).findings if one.user == "bob" and one.check != "V28"]
    assert [one for one in bobs if one.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)] == []
    return ran


def of_alice(ran: Ran) -> dict[str, Finding]:
    return {one.check: one for one in ran.report.hosts[0].findings if one.user == "alice"}


@pytest.mark.parametrize(
    "moment", ["top)", "unshare)", "run)", "--version)"], ids=["top", "unshare", "run", "version"]
)
def test_a_podman_that_hangs_and_ignores_signals_is_cut_off_and_leaves_nothing(
    pair: tuple[Host, Path], controller: Controller, moment: str
) -> None:
    # --version is asked only where podman info does not name a version
    unnamed = """info) /usr/bin/podman "$@" | grep -v '"Version"'; exit;;""" if moment == "--version)" else ""
    hangs = f"{moment} trap '' TERM INT HUP; sleep 300;;"
    shim(pair[0], "podman", f"for w; do case $w in {unnamed} {hangs} esac; done")
    ran = verify(pair, controller)
    found = of_alice(ran)
    assert ran.code == 1
    assert "cut short after" in found["V20"].cause
    after = CONTAINERS[1:4] if moment == "top)" else CONTAINERS
    assert {found[check].verdict for check in after} == {Verdict.COULD_NOT_LOOK}
    assert Verdict.FAIL not in {one.verdict for one in found.values()}
    assert {found[f"V0{n}"].verdict for n in (1, 2, 3, 5, 6, 7, 8, 9)} == {Verdict.PASS}, (
        "seen before it hung"
    )


def test_a_container_that_podman_does_not_remove_is_ended(
    pair: tuple[Host, Path], controller: Controller
) -> None:
    """As when Podman is killed while it clears up: what it leaves runs as a subordinate ID, and is alice's to end."""
    shim(pair[0], "podman", "for w; do case $w in rm) exit 1;; esac; done")
    found = of_alice(verify(pair, controller))
    assert found["V17"].verdict is Verdict.PASS


def test_a_newuidmap_that_hangs_is_cut_off(pair: tuple[Host, Path], controller: Controller) -> None:
    shim(pair[0], "newuidmap", "trap '' TERM; sleep 300")
    found = of_alice(verify(pair, controller))
    assert {found[check].verdict for check in ("V05", "V06", "V10", "V17")} == {Verdict.COULD_NOT_LOOK}
    assert "cut short after" in found["V10"].cause


def test_a_podman_that_floods_is_bounded(pair: tuple[Host, Path], controller: Controller) -> None:
    shim(
        pair[0],
        "podman",
        'case $* in *unshare*) yes "$(printf "\\033[31mflood")" | head -c 300000000; exit 0;; esac',
    )
    ran = verify(pair, controller)
    found = of_alice(ran)
    assert ran.code == 1
    assert found["V10"].verdict in (Verdict.FAIL, Verdict.COULD_NOT_LOOK)
    assert len(ran.out) < 2_000_000


def test_a_podman_that_prints_binary_and_escapes_reaches_no_terminal(
    pair: tuple[Host, Path], controller: Controller
) -> None:
    shim(pair[0], "podman", "head -c 20000 /dev/urandom; printf '\\033]0;owned\\007\\033[2J\\233'; exit 3")
    found = of_alice(verify(pair, controller))
    assert found["V31"].verdict is Verdict.FAIL
    for words in ((), ("-v",)):
        ran = controller.podstead("verify", "-i", pair[1], "--for", "alice", *words)
        assert ESC not in ran.out + ran.err
        assert "\x07" not in ran.out
        assert "\x9b" not in ran.out


def test_a_podman_that_says_nothing_and_succeeds_proves_nothing(
    pair: tuple[Host, Path], controller: Controller
) -> None:
    shim(pair[0], "podman", "exit 0")
    found = of_alice(verify(pair, controller))
    wrong = (Verdict.FAIL, Verdict.COULD_NOT_LOOK)
    assert all(
        found[check].verdict in wrong for check in ("V10", "V12", "V13", "V14", "V15", "V16", *CONTAINERS)
    )


def test_what_subordinate_ids_own_is_removed_though_podman_is_no_help(
    pair: tuple[Host, Path], controller: Controller
) -> None:
    """As a container leaves it that is cut off while Podman makes it: root of the namespace has to remove it."""
    shim(
        pair[0],
        "podman",
        'for w; do [ "$last" != --root ] || root=$w; last=$w; done\n'
        "case $* in *unshare*) exit 0;; *keep-id*)"
        " /usr/bin/podman unshare sh -c 'mkdir -p $1/deep/er && chown -R 5:5 $1/deep && chmod 700 $1/deep' sh $root"
        " && sleep 300;; esac",
    )
    found = of_alice(verify(pair, controller))
    assert found["V19"].verdict is Verdict.COULD_NOT_LOOK


def test_what_was_left_when_everything_was_killed_at_once_is_removed_by_the_next_verify(
    pair: tuple[Host, Path], controller: Controller
) -> None:
    """What is still at work keeps its folder."""
    host, inventory = pair
    process = controller.start("verify", "-i", inventory, "--for", "alice")
    files = "find /home/alice -path '*/.podstead.*/s/vfs/dir/*/*' 2>/dev/null | head -n 1"
    wait_for("a container's files", lambda: host.sh(files, check=False).stdout != "")
    host.sh("systemctl kill -s KILL 'session-*.scope' user@1001.service")
    process.communicate(timeout=120)
    restart(host)
    left = leftovers(host)
    assert left != []
    work = "mkdir ~/.podstead.0123abcd; (cat /proc/sys/kernel/random/boot_id; readlink /proc/self/ns/pid) >~/.podstead.0123abcd/mark"
    host.ssh("alice", f"{work}; sleep 300 9<~/.podstead.0123abcd >/dev/null 2>&1 & sleep 1")
    try:
        host.sh(f"touch -d '2 minutes ago' {' '.join(left)} ~alice/.podstead.0123abcd")
        ran = controller.json("verify", inventory, "--for", "alice")
        assert ran.code == 0, str(ran)
        assert leftovers(host) == ["/home/alice/.podstead.0123abcd"]
    finally:
        host.sh("pkill -u alice -x sleep; rm -r ~alice/.podstead.0123abcd")


# What alice does with everything that is laid out for bob to be tried, as often as she can.
SWAPS = {
    "link": "mv $d/secret $d/x && ln -s ~bob/private $d/secret",
    "pipe": "mv $d/secret $d/x && mkfifo -m 666 $d/secret",
    "exchange": '[ -e $d/y ] || ln -s ~bob/private $d/y; perl -e "syscall(316, -100, \\$ARGV[0], -100, \\$ARGV[1], 2) for 1..50" $d/secret $d/y',
    "own": "mv $d/secret $d/x && echo mine >$d/secret",
}


@pytest.mark.parametrize("swap", SWAPS)
def test_who_exchanges_what_another_user_is_tried_with_makes_them_neither_fail_nor_pass(
    pair: tuple[Host, Path], controller: Controller, swap: str
) -> None:
    host, inventory = pair
    host.sh(
        "echo for-bob-alone >~bob/private; chown bob: ~bob/private; chmod 600 ~bob/private; chmod 755 ~bob"
    )
    loop = "while :; do for d in /tmp/podstead.h*; do [ ! -e $d/own ] || { [ -e $d/x ] || { SWAP; }; }; done; done"
    host.path("/tmp/swap").write_text(loop.replace("SWAP", SWAPS[swap]))
    host.ssh("alice", "setsid sh /tmp/swap >/dev/null 2>&1 </dev/null & sleep 1")
    try:
        ran = controller.json("verify", inventory, "--probe-timeout", "60")
    finally:
        host.sh("pkill -KILL -u alice -f /tmp/swap; rm -f /tmp/swap ~bob/private")
    found = {one.user: one for one in ran.host(host.name).findings if one.check == "V28"}
    assert found["bob"].verdict is Verdict.COULD_NOT_LOOK, found
    # where she is quicker than her own script, she lays out nothing at all
    assert re.search("that alice provided|there was nothing of alice's", found["bob"].cause)
    assert found["alice"].verdict is Verdict.PASS
    assert "for-bob-alone" not in ran.out + ran.err
    assert leftovers(host) == []


def test_a_mount_of_a_probes_name_ends_nobody(pair: tuple[Host, Path], controller: Controller) -> None:
    """Anybody may mount a file system of their own (fusermount(1)); its name is then seen by everybody."""
    host, inventory = pair
    watch = (
        'setsid sh -c \'until d=$(ls -d /home/alice/.podstead.* 2>/dev/null | head -n 1) && [ -n "$d" ]; do sleep 0.05; done;'
        " mkdir -p /tmp/b/podstead.${d##*.}; mount -t tmpfs tmpfs /tmp/b/podstead.${d##*.}' >/dev/null 2>&1 </dev/null &"
    )
    host.ssh(
        "alice",
        "setsid sleep 600 >/dev/null 2>&1 </dev/null & setsid unshare -rm sleep 601 >/dev/null 2>&1 </dev/null & sleep 1",
    )
    host.sh(watch)
    ran = controller.json("verify", inventory, "--for", "alice", "--probe-timeout", "60")
    mounted = host.sh("ls /tmp/b").stdout
    left = host.sh("ps -u alice -o args= | grep -c 'sleep 60[01]' || :").stdout
    host.sh("pkill -u alice -x sleep; umount /tmp/b/*; rm -rf /tmp/b")
    assert (mounted.startswith("podstead."), left, ran.code) == (True, "2\n", 0)


def test_a_user_who_forges_records_speaks_for_nobody_else(
    pair: tuple[Host, Path], controller: Controller
) -> None:
    """The script comes on standard input of a shell that is the user's own process: its nonce is no secret to them."""
    forged = (
        "n=$(tr '\\0' '\\n' </proc/$PPID/environ | sed -n s/^PS_NONCE=//p); n=${n:-0}; "
        "printf '\\n@@%s who\\nbob\\n0\\n0\\n\\n@@%s probe bob\\nbase64\\nAAAA\\n\\n@@%s end\\n\\n@@podstead end %s\\n' $n $n $n $n"
    )
    shim(pair[0], "podman", forged)
    found = of_alice(verify(pair, controller))
    assert found["V01"].found.startswith("alice (1001:1001)")
