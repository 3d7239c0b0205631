"""Findings by cause, and JUnit."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podstead.proof.finding import Finding, Severity, Verdict
from podstead.provision.change import Refusal
from podstead.report import junit
from podstead.report.causes import causes
from podstead.visit.record import ChangeRecord, ChangeStatus, HostReport, Report, Status, Trouble

BLIND = Verdict.COULD_NOT_LOOK


def finding(check: str, verdict: Verdict = Verdict.FAIL, **more: Any) -> Finding:
    return Finding(
        check=check,
        title=f"title of {check}",
        verdict=verdict,
        severity=Severity.BLOCK,
        **{"user": "alice", **more},
    )


def report(*findings: Finding, **more: Any) -> Report:
    host = HostReport(**{"name": "web1", "status": Status.FAILED, "findings": findings, **more})
    return Report(verb="verify", version="0", started="2026-11-03T10:00:00+00:00", seconds=1.5, hosts=(host,))


def test_one_cause_is_one_problem_with_all_its_checks() -> None:
    (one,) = causes(
        [
            finding("V05", ref="B04"),
            finding("V12", BLIND, ref="B04"),
            finding("V10", ref="B04"),
            finding("V04", Verdict.PASS),
            finding("V11", Verdict.NOT_APPLICABLE),
        ]
    )
    assert (one.finding.check, one.checks, one.could_not_look) == ("V05", ("V05", "V10"), ("V12",))


def test_one_cause_of_several_users_is_said_once_and_failures_come_first() -> None:
    found = causes(
        [
            finding("V27", Verdict.WARN, ref="H16"),
            finding("V06", BLIND, cause="cut short"),
            finding("V05", ref="B04"),
            finding("V05", ref="B04", user="bob"),
            finding("V07", BLIND, cause="cut short"),
            finding("V24"),
        ]
    )
    assert [(one.users, one.finding.ref, one.checks, one.could_not_look) for one in found] == [
        (("alice", "bob"), "B04", ("V05",), ()),
        (("alice",), "", ("V24",), ()),
        (("alice",), "", (), ("V06", "V07")),
        (("alice",), "H16", ("V27",), ()),
    ]


def test_no_text_is_repeated_and_each_remedy_says_whom_it_is_for() -> None:
    (one,) = causes(
        [
            finding("V02", ref="C15", cause="c", found="line 1; line 2", remedy="mend alice"),
            finding("V02", ref="C15", cause="c", found="line 2; line 3", remedy="mend bob", user="bob"),
            finding("V03", Verdict.WARN, ref="C15", cause="c", found="line 1", remedy="mend bob", user=""),
        ]
    )
    assert one.users == ("alice", "bob", "")
    assert one.found == "line 1; line 2; line 3"
    assert one.remedies == ((("alice",), "mend alice"), (("bob", ""), "mend bob"))


def test_junit_has_a_case_for_each_check_with_its_outcome() -> None:
    text = junit.document(
        report(
            finding("V05", found="EPERM", cause="nosuid", ref="B04", remedy="remount", costs=("needs root",)),
            finding("V06", BLIND, cause="cut short"),
            finding("V11", Verdict.NOT_APPLICABLE, cause="no pause process"),
            finding("V27", Verdict.WARN, cause="drift"),
            finding("V10", Verdict.PASS),
        )
    )
    (suite,) = ET.fromstring(text)
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "1", "skipped": "1"}
    cases = {case.get("name", "")[:3]: case for case in suite}
    failure = cases["V05"].find("failure")
    assert failure is not None
    assert failure.get("message") == "nosuid"
    assert all(
        part in (failure.text or "") for part in ("found: EPERM", "B04", "do: remount", "costs: needs root")
    )
    assert [child.tag for child in cases["V27"]] == ["system-out"]
    assert list(cases["V10"]) == []


@pytest.mark.parametrize(
    ("status", "failures"),
    [
        (ChangeStatus.CHANGED, "0"),
        (ChangeStatus.PENDING, "1"),
        (ChangeStatus.FAILED, "1"),
        (ChangeStatus.NOT_REACHED, "1"),
    ],
)
def test_junit_of_a_change_fails_when_it_was_not_made(status: ChangeStatus, failures: str) -> None:
    text = junit.document(report(changes=(ChangeRecord(id="a:b:c", title="t", status=status),)))
    assert ET.fromstring(text)[0].get("failures") == failures


def test_junit_of_a_host_out_of_reach_is_an_error_and_of_a_refusal_a_failure() -> None:
    unreachable = junit.document(
        report(status=Status.UNREACHABLE, trouble=Trouble(message="no route", hint="look"))
    )
    assert ET.fromstring(unreachable)[0].get("errors") == "1"
    refused = junit.document(report(refusals=(Refusal(id="host:a:b", title="t", reason="r", remedy="m"),)))
    assert ET.fromstring(refused)[0].get("failures") == "1"


@given(st.text(), st.text())
def test_whatever_a_host_says_is_xml_that_can_be_read_and_harmless(found: str, cause: str) -> None:
    text = junit.document(report(finding("V05", found=found, cause=cause)))
    assert ET.fromstring(text).get("failures") == "1"
    assert "\x1b" not in text
    assert "\x9b" not in text
