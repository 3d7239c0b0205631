"""What only several reports together show."""

from __future__ import annotations

from typing import Any

import pytest

from podstead.errors import Exit
from podstead.fleet import compare
from podstead.proof.finding import Finding, Severity, Verdict
from podstead.visit.record import Grant, HostReport, Report, Status
from tests.model_host import spec_of


def finding(check: str, verdict: Verdict, user: str = "alice") -> Finding:
    return Finding(check=check, title="a title", verdict=verdict, severity=Severity.MAJOR, user=user)


def host(name: str, **more: Any) -> HostReport:
    return HostReport(**{"name": name, "status": Status.OK, **more})


def report(*hosts: HostReport, **more: Any) -> Report:
    return Report(
        verb="verify", version="0", started="2026-11-03T10:00:00+00:00", seconds=0, hosts=hosts, **more
    )


def grant(start: int) -> dict[str, Grant]:
    return {"alice": Grant(uids=(f"{start}:65536",), gids=(f"{start}:65536",))}


BY_UID = spec_of(users={"alice": {}}, subids={"allocation": "by-uid"})
ANY = spec_of(users={"alice": {}})


def test_a_user_whose_ranges_differ_is_found_where_the_policy_is_by_uid() -> None:
    hosts = (
        host("a", grants=grant(524288)),
        host("b", grants=grant(524288)),
        host("c", grants=grant(589824)),
    )
    (found,) = compare.same_numbers(dict.fromkeys("abc", BY_UID), hosts)
    assert (found.check, found.verdict, found.user) == ("V03", Verdict.FAIL, "alice")
    assert "a, b: UIDs 524288:65536" in found.found
    assert "c: UIDs 589824:65536" in found.found
    assert report(*hosts, fleet=(found,)).exit_code is Exit.FAILED


def test_other_policies_and_equal_ranges_are_no_finding() -> None:
    differing = (host("a", grants=grant(524288)), host("b", grants=grant(589824)))
    assert compare.same_numbers(dict.fromkeys("ab", ANY), differing) == ()
    equal = (host("a", grants=grant(524288)), host("b", grants=grant(524288)))
    assert compare.same_numbers(dict.fromkeys("ab", BY_UID), equal) == ()


V30 = finding("V30", Verdict.NOT_APPLICABLE, user="")


def compared(
    now: list[Finding], before: list[Finding], boots: tuple[str, str] = ("one", "two")
) -> tuple[Finding, Status]:
    earlier = report(host("a", boot_id=boots[0], findings=tuple(before)))
    after = compare.with_reboot_verdict(report(host("a", boot_id=boots[1], findings=(*now, V30))), earlier)
    return next(one for one in after.hosts[0].findings if one.check == "V30"), after.hosts[0].status


def test_after_a_reboot_the_same_verdicts_are_a_pass() -> None:
    found, status = compared([finding("V26", Verdict.PASS)], [finding("V26", Verdict.PASS)])
    assert (found.verdict, status) == (Verdict.PASS, Status.OK)


@pytest.mark.parametrize("check", ["V10", "V11", "V21", "V22", "V26", "V27"])
def test_what_a_reboot_has_undone_is_a_failure_that_names_it(check: str) -> None:
    found, status = compared([finding(check, Verdict.FAIL)], [finding(check, Verdict.PASS)])
    assert (found.verdict, status) == (Verdict.FAIL, Status.FAILED)
    assert f"{check} of alice" in found.found


def test_what_was_wrong_before_is_not_the_reboots_fault() -> None:
    found, _ = compared([finding("V26", Verdict.FAIL)], [finding("V26", Verdict.FAIL)])
    assert found.verdict is Verdict.PASS


def test_without_a_reboot_nothing_is_proved() -> None:
    found, _ = compared([finding("V26", Verdict.PASS)], [finding("V26", Verdict.PASS)], ("one", "one"))
    assert found.verdict is Verdict.NOT_APPLICABLE


def test_a_report_that_does_not_know_the_host_is_no_pass() -> None:
    after = compare.with_reboot_verdict(
        report(host("b", boot_id="x", findings=(V30,))), report(host("a", boot_id="y"))
    )
    assert after.hosts[0].findings[0].verdict is Verdict.COULD_NOT_LOOK
    assert after.hosts[0].status is Status.FAILED


def test_a_host_of_which_only_other_checks_were_asked_for_is_left_alone() -> None:
    now = report(host("a", boot_id="two", findings=(finding("V10", Verdict.PASS),)))
    assert compare.with_reboot_verdict(now, report()).hosts == now.hosts
