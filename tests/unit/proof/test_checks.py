"""The checks of the verifier: each declared once, beside its judge, and judged in the same three steps."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from podstead.proof import judges
from podstead.proof.check import Check, Judgement, failed, passed
from podstead.proof.checks import CHECKS
from podstead.proof.finding import Verdict
from podstead.proof.verdict import finding_of_check
from tests.support.subjects import HEALTHY, subject

MODULES = sorted(path.stem for path in Path(judges.__file__).parent.glob("*.py") if path.stem != "__init__")
V05 = CHECKS["V05"]


@pytest.mark.parametrize("name", MODULES)
def test_every_check_that_a_module_declares_is_in_the_table(name: str) -> None:
    module = import_module(f"{judges.__name__}.{name}")
    declared = {key: one for key, one in vars(module).items() if isinstance(one, Check)}
    assert [key for key, one in declared.items() if CHECKS.get(one.id) is not one or key != one.id] == []


def test_the_checks_stand_in_the_order_of_their_ids_and_none_is_missing() -> None:
    assert list(CHECKS) == [f"V{number:02}" for number in range(1, len(CHECKS) + 1)]


def test_what_has_no_judge_is_judged_for_the_host() -> None:
    assert [check.id for check in CHECKS.values() if check.of_host] == ["V29", "V30"]


def unreachable(_subject: object) -> Judgement:
    raise AssertionError


def test_what_does_not_apply_is_not_looked_for() -> None:
    check = replace(V05, applies=lambda _: "no such thing here", needs=(lambda _: "dark",), judge=unreachable)
    found = finding_of_check(check, subject())
    assert (found.verdict, found.cause) == (Verdict.NOT_APPLICABLE, "no such thing here")


def test_what_was_not_looked_at_is_not_judged_and_the_first_reason_is_told() -> None:
    needs = (lambda _: "", lambda _: "the first", lambda _: "the second")
    found = finding_of_check(replace(V05, needs=needs, judge=unreachable), subject())
    assert (found.verdict, found.cause) == (Verdict.COULD_NOT_LOOK, "the first")


def test_a_probe_that_was_cut_short_is_the_reason_for_all_that_was_not_looked_at() -> None:
    check = replace(V05, needs=(lambda _: "the first",), judge=unreachable)
    found = finding_of_check(check, subject(replace(HEALTHY, complete=False, seconds=120)))
    assert (
        found.cause
        == "the probe was cut short after 120 s (with podstead verify, --probe-timeout sets the limit)"
    )


def test_an_option_that_a_program_does_not_know_is_no_failure() -> None:
    check = replace(V05, judge=lambda _: failed(expected="", found="Error: unknown flag: --map"))
    found = finding_of_check(check, subject())
    assert found.verdict is Verdict.COULD_NOT_LOOK
    assert "unknown flag: --map" in found.cause


def test_what_was_looked_at_and_is_good_is_a_pass_of_this_user() -> None:
    found = finding_of_check(
        replace(V05, needs=(lambda _: "",), judge=lambda _: passed("seen", "wanted")), subject()
    )
    assert (found.check, found.verdict, found.user, found.found, found.expected) == (
        "V05",
        Verdict.PASS,
        "alice",
        "seen",
        "wanted",
    )
