"""The last line says how much is wrong, where, and what the first thing is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from podstead.proof.checks import CHECKS
from podstead.proof.finding import Finding, Severity, Verdict
from podstead.provision.change import Refusal
from podstead.report.ending import last_line
from podstead.report.text import draw
from podstead.report.view import View
from podstead.visit.record import ChangeRecord, ChangeStatus, HostReport, Report, Status, Trouble


def report(*hosts: HostReport) -> Report:
    return Report(verb="verify", version="0", started="", seconds=0, hosts=hosts)


def finding(check: str, verdict: Verdict, *, cause: str = "", ref: str = "") -> Finding:
    return Finding(
        check=check,
        title=CHECKS[check].title,
        verdict=verdict,
        severity=Severity.BLOCK,
        user="alice",
        cause=cause,
        ref=ref,
    )


def host(name: str, *findings: Finding) -> HostReport:
    wrong = any(one.verdict in (Verdict.FAIL, Verdict.COULD_NOT_LOOK) for one in findings)
    return HostReport(name=name, status=Status.FAILED if wrong else Status.OK, findings=findings)


def change(status: ChangeStatus) -> ChangeRecord:
    return ChangeRecord(id="subids:alice:ranges", title="grant alice IDs", status=status)


BROKEN = finding("V05", Verdict.FAIL, cause="newuidmap is on a file system that is mounted nosuid", ref="B04")


def test_where_nothing_is_wrong_there_is_none() -> None:
    assert last_line(report()) == ""
    assert last_line(report(host("web1", finding("V10", Verdict.PASS), finding("V29", Verdict.WARN)))) == ""


def test_the_cause_is_named_where_it_was_proved_and_else_what_did_not_hold() -> None:
    assert last_line(report(host("web1", BROKEN))) == (
        "1 problem: web1: newuidmap is on a file system that is mounted nosuid"
    )
    assert last_line(report(host("web1", finding("V10", Verdict.FAIL)))) == (
        "1 problem: web1: Podman's ID map differs from the grant"
    )


def test_several_are_counted_with_their_hosts_and_the_first_is_named() -> None:
    unknown = finding("V06", Verdict.COULD_NOT_LOOK, cause="Podman is not installed")
    gone = HostReport(name="db1", status=Status.UNREACHABLE, trouble=Trouble(message="connection refused"))
    text = last_line(report(host("web1", BROKEN, unknown), host("web2"), gone))
    assert (
        text
        == "3 problems on 2 of 3 hosts; first: web1: newuidmap is on a file system that is mounted nosuid"
    )


def test_what_apply_could_not_do_is_a_problem_and_what_check_would_do_is_pending() -> None:
    refusal = Refusal(id="subids:bob:ranges", title="bob keeps the IDs", reason="r", remedy="d")
    failed = HostReport(
        name="web1", status=Status.FAILED, changes=(change(ChangeStatus.FAILED),), refusals=(refusal,)
    )
    assert last_line(report(failed)) == "2 problems; first: web1: failed: grant alice IDs"
    pending = HostReport(name="web1", status=Status.PENDING, changes=(change(ChangeStatus.PENDING),) * 2)
    assert last_line(report(pending)) == "2 changes pending"
    assert last_line(report(pending, host("web2"))) == "2 changes pending on 1 of 2 hosts"


def test_an_interrupted_run_is_called_so_whatever_else_is_known() -> None:
    stopped = report(host("web1", BROKEN)).model_copy(update={"interrupted": True})
    assert last_line(stopped).startswith("the run was interrupted; 1 problem: web1: newuidmap is on")
    assert last_line(report().model_copy(update={"interrupted": True})) == "the run was interrupted"


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_every_check_says_what_is_true_where_it_fails(check: str) -> None:
    assert CHECKS[check].fails not in ("", CHECKS[check].title)
    assert CHECKS[check].fails[0] == CHECKS[check].fails[0].lower() or CHECKS[check].fails.startswith(
        ("Podman", "ICMP")
    )


def test_what_a_host_says_is_harmless_on_a_terminal() -> None:
    bad = HostReport(name="x\x1b[2J", status=Status.FAILED, trouble=Trouble(message="a\x1b]0;b\x07"))
    assert "\x1b" not in last_line(report(bad))


def text_of(one: Report, command: str, note: str = "", *, wraps: bool = False) -> str:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return wraps

    out = Terminal()
    draw(
        one, View(command=command, note=note), Console(file=out, width=80, color_system=None, highlight=False)
    )
    return out.getvalue()


def test_the_command_that_comes_next_is_named_and_never_wrapped() -> None:
    pending = report(HostReport(name="web1", status=Status.PENDING, changes=(change(ChangeStatus.PENDING),)))
    assert text_of(pending, "podstead apply web1").endswith(
        "1 change pending; to apply: podstead apply web1\n"
    )
    assert text_of(pending, "").endswith("\n1 change pending\n")
    long = "podstead apply web1 -e 'podstead={engine: {containers: {pids_limit: 0}}}' --for alice"
    ending = text_of(pending, long, "with -e as in this run", wraps=True)
    assert ending.endswith(f"\n1 change pending; to apply, with -e as in this run:\n  {long}\n")


def test_after_a_good_apply_the_proof_comes_next_and_after_a_bad_one_nothing_does() -> None:
    done = HostReport(name="web1", status=Status.CHANGED, changes=(change(ChangeStatus.CHANGED),))
    bad = HostReport(name="web1", status=Status.FAILED, changes=(change(ChangeStatus.FAILED),))
    for hosts, ending in (
        ((done,), "\nto prove that it works: podstead verify web1\n"),
        ((done, bad), "\n1 problem on 1 of 2 hosts: web1: failed: grant alice IDs\n"),
    ):
        one = report(*hosts).model_copy(update={"verb": "apply"})
        assert text_of(one, "podstead verify web1").endswith(ending)
    assert "to prove" not in text_of(report(done), "podstead apply web1")
