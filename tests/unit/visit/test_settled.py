"""What podstead says of its own apply: it promises no change that apply would not make."""

from __future__ import annotations

from dataclasses import replace

import pytest

from podstead.host.sysctls import DROP_IN
from podstead.proof import catalogue
from podstead.proof.finding import Verdict
from podstead.proof.verdict import findings
from podstead.provision.change import Refusal
from podstead.provision.plan import Plan
from podstead.report.steps import steps
from podstead.visit.obstacles import intended
from podstead.visit.settled import converged, without_idle_apply
from tests.model_host import spec_of
from tests.real_hosts.damage.case import Damage
from tests.real_hosts.damage.case import Outcome as Ended
from tests.real_hosts.damage.every import DAMAGES
from tests.support.subjects import SPEC, host, no_grant, subject
from tests.unit.proof.test_diagnosis_ranges import lines

USERNS = "user.max_user_namespaces"
DECIDED = "/etc/sysctl.d/97-hardening.conf"


def refused() -> Plan:
    """A stop-gap of the administrator's: apply refuses to undo it."""
    on = host(live={**host().live, USERNS: "0"}, files={**host().files, DECIDED: f"{USERNS} = 0\n"})
    spec = spec_of(**{**SPEC, "sysctls": {USERNS: {"at_least": 28633}}})
    return intended(spec, on.state(spec.users))


def only(outcome: Plan) -> Plan:
    """What is said of this setting, on a host where all else is settled."""
    return replace(outcome, changes=(), refusals=tuple(one for one in outcome.refusals if USERNS in one.id))


def test_what_apply_refuses_is_not_said_to_be_mended_by_apply() -> None:
    outcome = only(refused())
    (refusal,) = outcome.refusals
    finding = converged(outcome)
    assert finding.verdict is Verdict.WARN
    assert f"{refusal.id} is refused: {DECIDED}:1 sets {USERNS} = 0" in finding.found
    assert finding.remedy == refusal.remedy
    assert not finding.remedy.startswith("podstead apply")
    assert finding.cause.endswith("and podstead apply refuses to change it")


def test_a_remedy_of_a_user_says_why_apply_would_do_nothing() -> None:
    outcome = only(refused())
    one = subject(on=host(live={**host().live, USERNS: "0"}), sysctls={USERNS: {"at_least": 28633}})
    first = replace(findings(one)[0], verdict=Verdict.FAIL, remedy="podstead apply; by hand: look")
    named = replace(first, found=f"{USERNS} is 0")
    unrelated, about = without_idle_apply([first, named], outcome)
    assert unrelated.remedy == "podstead apply has nothing to change here; by hand: look"
    (refusal,) = outcome.refusals
    assert about.remedy == f"podstead apply refuses this; {refusal.remedy}; by hand: look"
    assert about.found == f"{USERNS} is 0; podstead apply refuses this: {refusal.reason}"


def test_what_is_refused_to_one_user_is_said_whatever_else_is_pending() -> None:
    first = replace(findings(subject())[0], verdict=Verdict.FAIL, remedy="podstead apply; by hand: look")
    about = Refusal(
        id=f"subids:{first.user}:ranges", title="t", reason="the file is damaged", remedy="mend it"
    )
    plan = replace(refused(), refusals=(about, Refusal(id="packages:x", title="t", reason="r", remedy="do")))
    assert plan.changes
    (told,) = without_idle_apply([first], plan)
    assert told.remedy == "podstead apply refuses this; mend it; by hand: look"
    assert told.found.endswith("podstead apply refuses this: the file is damaged")
    (kept,) = without_idle_apply([first], replace(plan, refusals=plan.refusals[1:]))
    assert kept == first


def test_a_line_that_a_refusal_names_is_not_left_to_apply() -> None:
    first = replace(
        findings(subject())[0], verdict=Verdict.WARN, user="", remedy="podstead apply; by hand: look"
    )
    refusal = Refusal(
        id="subids:alice:ranges", title="t", reason="nobody can read it: /etc/subuid:2: 'zz'", remedy="do"
    )
    plan = replace(refused(), refusals=(refusal,))
    for found, is_refused in (("/etc/subuid:2: 'zz'", True), ("/etc/subuid:20: x", False), ("zz", False)):
        (told,) = without_idle_apply([replace(first, found=found)], plan)
        assert told.remedy.startswith("podstead apply refuses this") is is_refused, found


def test_what_a_file_holds_never_becomes_a_step() -> None:
    first = replace(findings(subject())[0], verdict=Verdict.FAIL, remedy="podstead apply; by hand: look")
    reason = "nobody can read this line: rm -rf /home; reboot"
    refusal = Refusal(id=f"subids:{first.user}:ranges", title="t", reason=reason, remedy="mend it")
    (told,) = without_idle_apply([first], replace(refused(), refusals=(refusal,)))
    assert [step.text for step in steps(told.remedy)] == [
        "podstead apply refuses this",
        "mend it",
        "by hand: look",
    ]
    assert reason in told.found


def test_what_is_pending_and_what_is_refused_are_told_apart() -> None:
    plan = refused()
    assert plan.changes
    assert plan.refusals
    finding = converged(plan)
    assert finding.cause.endswith("and podstead apply refuses to change some of it")
    assert finding.remedy.startswith(
        f"podstead apply; to see the difference: podstead check --diff; {plan.refusals[0].id}: "
    )


@pytest.mark.parametrize("refusals", [(), (Refusal(id="packages:x", title="t", reason="r", remedy="do"),)])
def test_nothing_is_promised_where_the_plan_is_empty(refusals: tuple[Refusal, ...]) -> None:
    one = replace(findings(subject())[0], verdict=Verdict.FAIL, remedy="podstead apply (it computes a range)")
    (told,) = without_idle_apply([one], Plan(refusals=refusals))
    assert told.remedy.startswith("podstead apply has nothing to change here")


def test_an_empty_plan_is_settled() -> None:
    assert converged(Plan()).verdict is Verdict.PASS


APPLIED = {ref for ref, mode in catalogue.load().items() if mode.applied}


ELSEWISE = {
    "a fourth field": "the line can mean two things: its remedy does not begin with podstead apply",
    "two lines glued together": "the line can mean two things: its remedy does not begin with podstead apply",
    "a lock of nobody": "it may belong to any program: its remedy does not begin with podstead apply",
    "a container runs under the old map": "refused until it is allowed by name, which the remedy says",
    "no conmon": "a file of an installed package is gone: the plan is empty, and the remedy says so",
}
"""Damages of a mode that apply mends in other cases. A run on real hosts looks at their remedies (site.py)."""


@pytest.mark.parametrize("damage", [one for one in DAMAGES if one.ref in APPLIED], ids=lambda one: one.name)
def test_what_apply_is_said_to_mend_it_mends_on_a_real_host(damage: Damage) -> None:
    """The damages are made on real hosts, and apply is run there (tests/real_hosts/damage)."""
    mended = damage.outcome in (Ended.REPAIRED, Ended.HARMLESS)
    assert mended is (damage.name not in ELSEWISE)


@pytest.mark.parametrize(
    "line", ["alice:524288:65536:note", "alice:524288:65536bob:600000:65536", "alice:many:65536"]
)
def test_a_line_that_apply_does_not_mend_is_not_left_to_apply(line: str) -> None:
    found = findings(subject(no_grant(), lines(f"{line}\n")))
    told = {one.remedy for one in found if one.ref == "C15"}
    assert len(told) == 1
    assert not told.pop().startswith("podstead apply")


@pytest.mark.parametrize("line", ["alice:524288:65536 ", "alice:524288:65536\r", "alice:524288:65536 # hers"])
def test_a_line_that_apply_mends_is_left_to_it(line: str) -> None:
    found = findings(subject(no_grant(), lines(f"{line}\n")))
    assert {one.remedy.startswith("podstead apply") for one in found if one.ref == "C15"} == {True}


@pytest.mark.parametrize("ref", sorted(catalogue.load()))
def test_settings_of_the_kernel_by_hand_come_before_those_of_apply(ref: str) -> None:
    for text in catalogue.load()[ref].remedy.values():
        for word in text.replace(";", " ").split():
            if word.startswith("/etc/sysctl.d/"):
                assert word < DROP_IN
