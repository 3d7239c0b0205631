"""``podstead up`` on a real host: it shows, asks, applies and proves, and says what can be done now."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.lab import Host
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import Controller, Ran

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(40)]

LIMITS = ("-e", "podstead={engine: {containers: {pids_limit: 0}}}")
"""The hosts of the lab have no pids controller to lend (tests/lab/README.md)."""


@pytest.fixture(scope="module")
def host(booting: Booting) -> Iterator[Host]:
    with booting("debian-13", podman=True) as made:
        yield made


def reach(host: Host, user: str = "root") -> tuple[str, ...]:
    return (f"{user}@{host.name}", "--ssh-common-args", f"-F {host.lab.ssh_config}")


def on_a_terminal(controller: Controller, answer: str, *words: str) -> Ran:
    """Run podstead where standard input is a terminal, and answer when it asks; its output goes to pipes."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            controller.argv(*words),
            env=controller.env,
            cwd=controller.folder,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(0.5)
        os.write(ours, f"{answer}\n".encode())  # kept by the terminal until podstead asks
        out, err = process.communicate(timeout=200)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Traceback" not in out + err
    return Ran(process.returncode, out, err)


def test_without_a_terminal_it_changes_nothing_and_says_what_to_do(
    host: Host, controller: Controller
) -> None:
    ran = controller.podstead("up", *reach(host), "--for", "alice", *LIMITS)
    assert (ran.code, ran.out) == (2, "")
    assert "use --yes" in ran.err


def test_with_nobody_to_prepare_it_is_refused(host: Host, controller: Controller) -> None:
    ran = controller.podstead("up", *reach(host), "--yes", *LIMITS)
    assert (ran.code, ran.out) == (2, "")
    assert "podstead up --for alice" in ran.err


def test_no_changes_nothing(host: Host, controller: Controller) -> None:
    for answer in ("n", ""):
        ran = on_a_terminal(controller, answer, "up", *reach(host), "--for", "alice", *LIMITS)
        assert ran.code == 3, str(ran)
        assert "grant alice subordinate UIDs 524288:65536" in ran.out
        assert "changes on @ssh/root@" in ran.err
        assert ran.out.endswith("Nothing was changed.\n")
        assert not host.path("/etc/subuid").exists()


def test_yes_applies_and_proves_and_says_what_can_be_done(host: Host, controller: Controller) -> None:
    ran = on_a_terminal(controller, "y", "up", *reach(host, "admin"), "-b", "--for", "alice", *LIMITS)
    assert ran.code == 0, str(ran)
    play = [line.split("[")[1].split()[0] for line in ran.out.splitlines() if line.startswith("PLAY [")]
    assert play == ["check", "apply", "verify"]
    assert "  ready        alice: " in ran.out
    assert "Log in as alice, not with su or sudo, and try it:" in ran.out
    uid_map = host.ssh("alice", "podman unshare cat /proc/self/uid_map").stdout.split()
    assert uid_map == ["0", "1001", "1", "1", "524288", "65536"]
    assert "0, root          1001, alice alone\n  1 to 65536       524288 to 589823\n" in ran.out


def test_a_host_that_is_ready_is_proved_without_a_question(host: Host, controller: Controller) -> None:
    ran = controller.podstead("up", *reach(host), "--for", "alice", "--yes", *LIMITS)
    assert ran.code == 0, str(ran)
    assert "PLAY [apply" not in ran.out
    assert "alice on @ssh/root@" in ran.out


def test_a_host_that_cannot_be_made_ready_is_proved_and_not_called_ready(
    host: Host, controller: Controller
) -> None:
    gone = reach(host)[0] + ",root@gone.invalid"
    ran = controller.podstead("up", gone, *reach(host)[1:], "--for", "nobody-here", "--yes", *LIMITS)
    assert ran.code == 1, str(ran)
    assert "the host has no account nobody-here" in ran.out
    assert "unreachable=1" in ran.out
    assert "is ready for rootless Podman" not in ran.out


def test_who_is_not_reached_is_named_at_the_end_and_the_others_are_ready(
    host: Host, controller: Controller
) -> None:
    both = f"root@{host.name},root@gone.invalid"
    ran = controller.podstead("up", both, *reach(host)[1:], "--for", "alice", "--yes", *LIMITS)
    assert ran.code == 4, str(ran)
    assert "is ready for rootless Podman" in ran.out
    assert ran.out.splitlines()[-1].startswith(
        "@ssh/root@gone.invalid is not ready: the name gone.invalid cannot be resolved"
    )


def test_changes_that_only_root_can_make_are_said_before_anything_is_asked(
    host: Host, controller: Controller
) -> None:
    host.sh("rm /etc/containers/containers.conf.d/50-podstead.conf")
    ran = on_a_terminal(controller, "y", "up", *reach(host, "admin"), "--for", "alice", *LIMITS)
    assert ran.code == 2, str(ran)
    assert "only root can make these changes" in ran.err
    assert "Make " not in ran.err
    assert not host.path("/etc/containers/containers.conf.d/50-podstead.conf").exists()


def test_what_check_prints_to_apply_can_be_pasted(host: Host, controller: Controller) -> None:
    words = (f"root@{host.name}", *reach(host)[1:], "--for", "alice", *LIMITS)
    ran = controller.podstead("check", *words)
    assert ran.code == 3, str(ran)
    command = ran.out.splitlines()[-1].partition("; to apply: podstead ")[2]
    pasted = controller.podstead(*shlex.split(command))
    assert pasted.code == 0, f"{command}\n{pasted}"
    assert host.path("/etc/containers/containers.conf.d/50-podstead.conf").exists()


def test_check_shows_exactly_what_apply_does_for_an_account_that_it_creates(
    host: Host, controller: Controller
) -> None:
    words = (
        *reach(host),
        "--for",
        "newbie",
        "-e",
        "podstead={users: {newbie: {create: true}}}",
        *LIMITS,
        "-o",
        "json",
    )
    shown, applied = (controller.podstead(verb, *words) for verb in ("check", "apply"))
    assert (shown.code, applied.code) == (3, 0), f"{shown}\n{applied}"
    ids = [[change.id for change in ran.report.hosts[0].changes] for ran in (shown, applied)]
    assert ids[0] == ids[1] == ["accounts:newbie:exists", "subids:newbie:ranges", "session:newbie:linger"]


def test_who_looks_without_root_is_not_told_that_a_session_lacks_its_bus(
    host: Host, controller: Controller
) -> None:
    ran = controller.podstead("check", *reach(host, "bob"), "--for", "alice", *LIMITS, "-o", "json")
    assert ran.code == 0, str(ran)
    (report,) = ran.report.hosts
    assert [(one.id, one.reason.partition(":")[0]) for one in report.not_applicable if "alice" in one.id] == [
        ("session:alice:bus", "not looked at")
    ]
