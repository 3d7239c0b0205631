"""Verification seen from outside: several users, several hosts, selections, a reboot, and the script to carry away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from podstead.proof.checks import CHECKS
from podstead.proof.finding import Finding, Verdict
from podstead.visit.record import Report
from tests.lab import Host
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import Controller, SshLog
from tests.real_hosts.snapshot import files_of, leftovers

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(180)]

BOTH: dict[str, object] = {"alice": {}, "bob": {}}
NOT_HERE = {"V11", "V25", "V30"}
"""No pause process, no cgroup controllers on this kernel, no earlier report."""


@pytest.fixture(scope="module")
def pair(booting: Booting, controller: Controller) -> Iterator[tuple[Host, Path]]:
    """A host on which alice and bob are ready."""
    with booting("debian-13", ready=True) as host:
        inventory = controller.inventory({host.name: controller.reach()}, users=BOTH)
        assert controller.json("apply", inventory).code == 0
        yield host, inventory


def verdicts(report: Report, user: str) -> dict[str, Verdict]:
    return {one.check: one.verdict for one in report.hosts[0].findings if one.user == user}


def test_every_check_is_made_and_passes_where_it_applies(
    pair: tuple[Host, Path], controller: Controller
) -> None:
    host, inventory = pair
    log = SshLog(host)
    log.mark()
    ran = controller.json("verify", inventory)
    assert ran.code == 0, str(ran)
    for user in BOTH:
        of_user = verdicts(ran.report, user)
        assert set(of_user) == set(CHECKS) - {"V29", "V30"}
        assert {check for check, one in of_user.items() if one is not Verdict.PASS} == NOT_HERE - {"V30"}
    assert verdicts(ran.report, "") == {
        "V03": Verdict.PASS,
        "V29": Verdict.PASS,
        "V30": Verdict.NOT_APPLICABLE,
    }
    assert log.counted() == (1, 1), "one connection; one command looks and proves both users"
    assert ran.host(host.name).capacity is not None


def test_containers_of_users_with_overlapping_ranges_reach_each_other_and_it_is_shown(
    pair: tuple[Host, Path], controller: Controller
) -> None:
    host, inventory = pair
    before = {path: host.path(path).read_text() for path in ("/etc/subuid", "/etc/subgid")}
    try:
        for path in before:
            host.path(path).write_text("alice:524288:65536\nbob:524288:65536\n")
        ran = controller.json("verify", inventory)
    finally:
        for path, text in before.items():
            host.path(path).write_text(text)
    found = {(one.user, one.check): one for one in ran.report.hosts[0].findings}
    for user, peer in (("alice", "bob"), ("bob", "alice")):
        shown = found[user, "V28"]
        assert (shown.verdict, shown.ref) == (Verdict.FAIL, "C10")
        assert f"{user} can read and signal what a container of {peer} owns" in shown.found
    assert ran.code == 1
    assert leftovers(host) == []


def test_users_and_checks_can_be_chosen(pair: tuple[Host, Path], controller: Controller) -> None:
    _, inventory = pair
    ran = controller.json("verify", inventory, "--for", "bob", "--check", "v10", "--check", "V03")
    assert ran.code == 0
    assert [(one.user, one.check) for one in ran.report.hosts[0].findings] == [
        ("bob", "V03"),
        ("bob", "V10"),
        ("", "V03"),
    ]
    junit = controller.podstead("verify", "-i", inventory, "--for", "bob", "-o", "junit")
    suite = ET.fromstring(junit.out)[0]
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "4")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--user", "alice"), "or prove it: --for alice"),
        (("--for", "root"), "root's Podman is not rootless"),
        (("--check", "V99"), "there is no check V99"),
        (("--since", "/dev/null"), "is not a report that podstead wrote"),
    ],
)
def test_a_wrong_choice_is_an_input_error_before_anything_connects(
    pair: tuple[Host, Path], controller: Controller, words: tuple[str, ...], said: str
) -> None:
    host, inventory = pair
    log = SshLog(host)
    log.mark()
    ran = controller.podstead("verify", "-i", inventory, *words)
    assert ran.code == 2
    assert said in ran.err
    assert log.counted()[1] == 0


def test_what_was_proved_is_compared_after_a_reboot(
    booting: Booting, controller: Controller, tmp_path: Path
) -> None:
    with booting("debian-13", ready=True) as host:
        inventory = controller.inventory({host.name: controller.reach()})
        before = tmp_path / "before.json"
        controller.json("verify", inventory, "--output-file", str(before))
        same = controller.json("verify", inventory, "--since", str(before))
        assert (
            "not been rebooted"
            in next(one for one in same.report.hosts[0].findings if one.check == "V30").cause
        )
        host.reboot()
        after = controller.json("verify", inventory, "--since", str(before))
        assert after.code == 0, str(after)
        assert verdicts(after.report, "")["V30"] is Verdict.PASS
        host.sh("rm /etc/sysctl.d/99-podstead.conf; loginctl disable-linger alice")
        host.reboot()
        lost = controller.json("verify", inventory, "--since", str(before))
        shown = next(one for one in lost.report.hosts[0].findings if one.check == "V30")
        assert (lost.code, shown.verdict) == (1, Verdict.FAIL)
        assert all(f"{check} of alice" in shown.found for check in ("V21", "V26"))


def test_a_user_whose_ranges_differ_between_hosts_is_found_under_by_uid(
    pair: tuple[Host, Path], booting: Booting, controller: Controller
) -> None:
    host, _ = pair
    with booting("debian-12", podman=True) as other:
        names = {host.name: controller.reach(), other.name: controller.reach()}
        other.sh("for f in /etc/subuid /etc/subgid; do echo alice:900000:65536 >$f; done")
        inventory = controller.inventory(names, subids={"allocation": "by-uid"})
        controller.json("apply", inventory)
        ran = controller.json("verify", inventory)
        (found,) = ran.report.fleet
        assert (found.user, found.verdict, ran.code) == ("alice", Verdict.FAIL, 1)
        assert f"{other.name}: UIDs 900000:65536" in found.found
        text = controller.podstead("verify", "-i", inventory)
        assert "the same numbers, because subids.allocation is by-uid" in text.out


# --- the script to carry away ---


@pytest.fixture(scope="module")
def script(controller: Controller) -> str:
    return controller.podstead("verify", "--print-script").out


def judged(controller: Controller, answer: str, *words: str) -> Report:
    ran = controller.podstead("judge", "-", "-o", "json", *words, input=answer)
    return Report.model_validate_json(ran.out)


def wrong(report: Report) -> list[Finding]:
    return [
        one
        for one in report.hosts[0].findings
        if one.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE) and one.check != "V29"
    ]


_LISTENER = r"""use IO::Socket::INET;
my $first = 20000 + getpwnam("alice") % 1000 * 12;
my @taken = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $_, Listen => 1, ReuseAddr => 1) or die $! } $first .. $first + 10;
open(my $f, ">", "/run/taken") or die; sleep 300;"""


def test_ports_that_others_listen_at_are_left_alone(pair: tuple[Host, Path], controller: Controller) -> None:
    host, inventory = pair
    host.path("/root/listener.pl").write_text(_LISTENER)
    host.sh(
        "systemd-run -q --unit=taken perl /root/listener.pl; timeout 20 sh -c 'until [ -e /run/taken ]; do sleep 0.1; done'"
    )
    try:
        ran = controller.json("verify", inventory, "--for", "alice")
    finally:
        host.sh("systemctl stop taken; rm /run/taken")
    assert verdicts(ran.report, "alice")["V24"] is Verdict.PASS
    assert ran.code == 0, str(ran)


@pytest.mark.parametrize("shell", ["dash", "bash --posix", "busybox ash"])
def test_the_script_proves_the_same_under_every_shell(
    pair: tuple[Host, Path], controller: Controller, script: str, shell: str
) -> None:
    host, inventory = pair
    if shell.startswith("busybox"):
        host.sh("DEBIAN_FRONTEND=noninteractive apt-get -y -q install busybox-static >/dev/null")
    host.path("/root/check.sh").write_text(script)
    before = files_of(host)
    answer = host.sh(f"{shell} /root/check.sh alice bob 2>/dev/null").stdout
    report = judged(controller, answer)
    assert wrong(report) == []
    direct = controller.json("verify", inventory).report
    for user in BOTH:
        assert verdicts(report, user) == verdicts(direct, user)
    assert files_of(host) == before
    assert leftovers(host) == []


def test_the_script_proves_its_caller_without_root(
    pair: tuple[Host, Path], controller: Controller, script: str
) -> None:
    host, _ = pair
    host.path("/srv/check.sh").write_text(script)
    report = judged(controller, host.ssh("alice", "sh /srv/check.sh 2>/dev/null").stdout)
    assert wrong(report) == []
    assert {one.user for one in report.hosts[0].findings} == {"alice", ""}
    assert any("without root" in note for note in report.hosts[0].notes)
    refused = host.ssh("alice", "sh /srv/check.sh bob", check=False)
    assert (refused.returncode, "only root" in refused.stderr) == (2, True)


def test_what_is_no_whole_answer_is_said_to_be_none(
    pair: tuple[Host, Path], controller: Controller, script: str
) -> None:
    host, _ = pair
    host.path("/root/check.sh").write_text(script)
    answer = host.sh("sh /root/check.sh alice 2>/dev/null").stdout
    for text in ("", "hello\n", answer[: len(answer) // 2], answer.replace("A", "!")):
        ran = controller.podstead("judge", "-", input=text)
        assert ran.code == 2
        assert "give the file with everything that the script printed" in ran.err
