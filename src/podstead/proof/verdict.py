"""Every finding about one subject: each check is judged, then the diagnosis looks for causes."""

from __future__ import annotations

import re
from typing import Final

from podstead.proof.check import Check, Judgement, could_not_look, not_applicable
from podstead.proof.checks import CHECKS, finding_of
from podstead.proof.diagnosis import explain
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import Subject

_UNKNOWN_OPTION: Final = re.compile(
    r"unknown (?:shorthand )?flag|unknown command|unrecognized (?:option|command)|flag provided but not defined"
)


def findings(subject: Subject) -> tuple[Finding, ...]:
    """Every check for one subject, in the order of their ids."""
    found = [finding_of_check(check, subject) for check in CHECKS.values() if not check.of_host]
    return tuple(explain(found, subject))


def finding_of_check(check: Check, subject: Subject) -> Finding:
    """What is found of one check, without its cause."""
    judgement = _judgement(check, subject)
    if judgement.verdict is Verdict.FAIL and _UNKNOWN_OPTION.search(judgement.found):
        # such a program has proved nothing: a newer Podman may have dropped the option
        judgement = could_not_look(
            f"this version does not support an option that the probe uses: {judgement.found}"
        )
    if judgement.verdict is Verdict.COULD_NOT_LOOK:
        judgement = could_not_look(_probe_failure(subject) or judgement.cause)
    return finding_of(
        check.id,
        judgement.verdict,
        user=subject.user,
        expected=judgement.expected,
        found=judgement.found,
        cause=judgement.cause,
    )


def _judgement(check: Check, subject: Subject) -> Judgement:
    if check.applies is not None and (why := check.applies(subject)):
        return not_applicable(why)
    for need in check.needs:
        if why := need(subject):
            return could_not_look(why)
    assert check.judge is not None  # noqa: S101 - those of the host are judged elsewhere
    return check.judge(subject)


def _probe_failure(subject: Subject) -> str:
    """Where the whole probe failed, that is why something was not looked at, and not what would have come next."""
    evidence = subject.evidence
    if not evidence.who and not evidence.context:
        return "the probe could not be started as this user"
    if evidence.complete:
        return ""
    limit = "" if evidence.seconds is None else f" after {evidence.seconds} s"
    return f"the probe was cut short{limit}" + (
        " (with podstead verify, --probe-timeout sets the limit)" if limit else ""
    )
