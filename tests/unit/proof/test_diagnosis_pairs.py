"""A cause is named only where it explains what failed: any two things may be wrong on one host at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from podstead.proof import diagnosis
from podstead.proof.diagnosis import DIAGNOSES, Match, explain, signs
from podstead.proof.diagnosis.sign import CONTAINERS
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import PING_RANGE, PORT_START
from podstead.proof.verdict import findings
from tests.support.subjects import host, no_container, no_grant, subject
from tests.unit.proof.test_diagnosis import BROKEN
from tests.unit.proof.test_diagnosis_ranges import lines

ORDER = {id(one): place for place, one in enumerate(DIAGNOSES)}
PROVED = sorted(ref for ref, one in BROKEN.items() if one.proved)


@cache
def plain(ref: str) -> tuple[Finding, ...]:
    """What the judges say of a broken host before anybody explains it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnosis, "signs", lambda _: [])
        return findings(BROKEN[ref].subject)


@cache
def own(ref: str) -> tuple[Match, ...]:
    return tuple(signs(BROKEN[ref].subject))


def both(ref: str, other: str) -> list[Finding]:
    """What is said of ``other``'s failed checks where the cause of ``ref`` is there as well."""
    refs = {one.ref for one, _ in own(other)}
    more = [(one, sign) for one, sign in own(ref) if one.ref == ref and one.ref not in refs]
    merged = sorted((*own(other), *more), key=lambda found: ORDER[id(found[0])])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnosis, "signs", lambda _: merged)
        return explain(plain(other), BROKEN[other].subject)


def verdicts(found: tuple[Finding, ...]) -> Mapping[str, Verdict]:
    return {one.check: one.verdict for one in found}


@pytest.mark.parametrize("ref", PROVED)
def test_a_cause_of_another_failure_is_not_blamed(ref: str) -> None:
    """Whatever ``ref`` does not explain, and whatever fails although the map that ``ref`` spoils is whole."""
    explained = {check for one in DIAGNOSES if one.ref == ref for check in one.explains}
    wrong = []
    for other in PROVED:
        if other == ref or ref in {one.ref for one, _ in own(other)}:
            continue
        passed = verdicts(plain(other)).get("V10") is Verdict.PASS
        for one in both(ref, other):
            if one.ref != ref or one.verdict is not Verdict.FAIL:
                continue
            if verdicts(plain(other))[one.check] is not Verdict.FAIL:
                continue  # a cause without a symptom, said for itself
            if passed and {"V05", "V10"} <= explained and one.check in CONTAINERS:
                wrong.append((other, one.check))
    assert wrong == []


def test_a_map_of_one_id_is_the_cause_and_not_what_follows_from_it() -> None:
    words = (
        "crun: write to `/proc/sys/net/ipv4/ping_group_range`: net.ipv4.ping_group_range: Invalid argument"
    )
    ill = no_grant()
    attempts = {
        **ill.attempts,
        **{
            name: one
            for name, one in no_container(words).attempts.items()
            if not one.ok and name in ("plain", "whole", "keep-id")
        },
    }
    found = findings(subject(replace(ill, attempts=attempts), lines("")))
    assert "G10" not in {one.ref for one in found} | {ref for one in found for ref in one.others}
    assert {one.ref for one in found if one.check == "V17"} == {"C01"}
    whole = findings(subject(no_container(words)))
    assert {one.ref for one in whole if one.check == "V17"} == {"G10"}


def test_where_nothing_can_be_written_to_proc_sys_that_is_the_one_cause() -> None:
    words = "crun: open /proc/sys/net/ipv4/ping_group_range: Read-only file system: OCI runtime error"
    read_only = host(container=True, live={PORT_START: "1024"}, read_only={PORT_START, PING_RANGE})
    found = findings(subject(no_container(words), read_only, sysctls={PORT_START: {"at_most": 80}}))
    assert {one.ref for one in found if one.ref} == {"J04"}
    assert {one.ref for one in found if one.check in ("V17", "V19", "V21")} == {"J04"}
