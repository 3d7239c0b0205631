"""Commands in remedies mean the hosts of the run, and can be pasted."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podstead.proof import catalogue
from podstead.proof.finding import Verdict
from podstead.provision.change import Refusal, allowing
from podstead.report.commands import Commands
from podstead.report.steps import steps
from podstead.visit.record import ChangeRecord, ChangeStatus, HostReport, Report, Status, Trouble
from tests.unit.report.test_ending import finding

OF_WEB = Commands(
    {
        "apply": "web -i hosts.yml -t subids",
        "check": "web -i hosts.yml -t subids",
        "verify": "web -i hosts.yml",
    }
)


@pytest.mark.parametrize(
    ("remedy", "completed"),
    [
        ("podstead apply", "podstead apply web -i hosts.yml -t subids"),
        ("podstead apply; by hand: ls", "podstead apply web -i hosts.yml -t subids; by hand: ls"),
        ("podstead apply (it grants)", "podstead apply web -i hosts.yml -t subids (it grants)"),
        (
            "to override it: podstead apply --allow sysctls:a.b:boot",
            "to override it: podstead apply web -i hosts.yml -t subids --allow sysctls:a.b:boot",
        ),
        (
            "podstead apply --allow 'host:a b;c:x'; look",
            "podstead apply web -i hosts.yml -t subids --allow 'host:a b;c:x'; look",
        ),
        ("to see: podstead check --diff", "to see: podstead check web -i hosts.yml -t subids --diff"),
        (
            "correct it; then run podstead apply",
            "correct it; then run podstead apply web -i hosts.yml -t subids",
        ),
        ("podstead verify --check V10", "podstead verify web -i hosts.yml --check V10"),
        ("podstead apply refuses this: it is damaged", "podstead apply refuses this: it is damaged"),
        ("podstead apply removes the other", "podstead apply removes the other"),
        ("podstead apply @local", "podstead apply @local"),
        ("podstead explain C10", "podstead explain C10"),
    ],
)
def test_a_command_without_hosts_gets_those_of_the_run(remedy: str, completed: str) -> None:
    assert OF_WEB.completed(remedy) == completed


def test_what_may_be_a_secret_is_named_beside_the_command() -> None:
    again = Commands({"apply": "web"}, missing="-e")
    assert (
        again.completed("podstead apply; by hand: ls")
        == "podstead apply web (with -e as in this run); by hand: ls"
    )
    command, note, *_ = steps(again.completed("podstead apply --allow x"))
    assert (command.text, command.command) == ("podstead apply web --allow x", True)
    assert note.text == "(with -e as in this run)"


def test_every_remedy_and_hint_of_a_report_is_completed() -> None:
    remedy, change = "podstead apply", "subids:alice:ranges"
    one = HostReport(
        name="web1",
        status=Status.FAILED,
        changes=(ChangeRecord(id=change, title="t", status=ChangeStatus.FAILED, hint=remedy),),
        refusals=(Refusal(id=change, title="t", reason="r", remedy=remedy),),
        findings=(replace(finding("V05", Verdict.FAIL), remedy=remedy),),
        trouble=Trouble(message="m", hint=remedy),
    )
    fleet = (replace(finding("V05", Verdict.FAIL), remedy=remedy),)
    report = Report(verb="verify", version="1", started="2026", seconds=1, hosts=(one,), fleet=fleet)
    text = OF_WEB.of_report(report).to_json()
    assert text.count("podstead apply web -i hosts.yml -t subids") == 5
    assert Commands().of_report(report) == report


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20)


@given(NAMES)
def test_the_words_of_the_run_never_get_into_the_name_of_a_change(name: str) -> None:
    change = f"host:{name}:x"
    words = shlex.split(OF_WEB.completed(allowing(change)))
    assert words == ["podstead", "apply", "web", "-i", "hosts.yml", "-t", "subids", "--allow", change]


@pytest.mark.parametrize("ref", sorted(catalogue.load()))
def test_every_command_of_the_catalogue_that_needs_hosts_gets_them(ref: str) -> None:
    for text in catalogue.load()[ref].remedy.values():
        for step in steps(OF_WEB.completed(text)):
            if step.command and step.text.startswith(("podstead apply", "podstead check", "podstead verify")):
                assert step.text.split()[2:5] == ["web", "-i", "hosts.yml"], step.text
