"""Verifying a host where some users cannot be probed: what is said of them, and of the host."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from podstead.proof.checks import CHECKS
from podstead.proof.finding import Finding, Severity, Verdict
from podstead.proof.verdict import findings
from podstead.visit import prove
from podstead.visit.job import Job
from podstead.visit.look import Visit
from tests.model_host import spec_of
from tests.support.subjects import host, subject

SPEC = spec_of(users={"alice": {}, "ghost": {}})


def verified() -> list[Finding]:
    """A look that succeeds, and a probe that brings nothing back; ghost has no account."""
    draw = itertools.count(1)

    def run(text: str) -> Sequence[str]:
        found = re.search("^PS_NONCE=([0-9a-f]+)$", text, re.MULTILINE)
        assert found
        return host().frame(SPEC.users, nonce=found[1])

    visit = Visit(
        name="web1",
        spec=SPEC,
        run=run,
        new_nonce=lambda: f"{next(draw):016x}",
        report_progress=lambda _: None,
    )
    report = prove.verify(Job(verb="verify", targets=()), visit)
    return list(report.findings)


def test_a_probe_that_brings_nothing_back_is_blind_for_the_checks_of_a_user_and_no_others() -> None:
    blind = [one for one in verified() if one.user == "alice"]
    assert [one.check for one in blind] == [one.check for one in findings(subject())]
    assert {(one.verdict, one.cause, one.remedy) for one in blind} == {
        (Verdict.COULD_NOT_LOOK, blind[0].cause, "")
    }
    assert "did not answer with podstead's probe data" in blind[0].cause
    assert {one.check: (one.title, one.severity) for one in blind} == {
        check.id: (check.title, check.severity) for check in CHECKS.values() if not check.of_host
    }


def test_a_user_without_an_account_is_one_failure() -> None:
    (one,) = (one for one in verified() if one.user == "ghost")
    assert (one.check, one.verdict, one.severity) == ("V01", Verdict.FAIL, Severity.BLOCK)
    assert (one.cause, one.remedy) == ("the host has no account ghost", "")


def test_the_checks_of_the_host_are_said_once_and_of_nobody() -> None:
    found = verified()
    for check in ("V29", "V30"):
        assert CHECKS[check].of_host
        assert [one.user for one in found if one.check == check] == [""]
