"""Every finding about one subject: each check is judged, then the diagnosis looks for causes."""

from __future__ import annotations

import re
from typing import Final

from podstead.proof.check import Check, Judgement, absent, blind
from podstead.proof.checks import CHECKS, finding_of
from podstead.proof.diagnosis import explain
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import Subject

_UNKNOWN_OPTION: Final = re.compile(
    r"unknown (?:shorthand )?flag|unknown command|unrecognized (?:option|command)|flag provided but not defined"
)


def findings(subject: Subject) -> tuple[Finding, ...]:
    """Every check for one subject, in the order of their ids."""
    found = [judged(check, subject) for check in CHECKS.values() if not check.of_host]
    return tuple(explain(found, subject))


def judged(check: Check, subject: Subject) -> Finding:
    """What is found of one check, without its cause."""
    told = _told(check, subject)
    if told.verdict is Verdict.FAIL and _UNKNOWN_OPTION.search(told.found):
        # such a program has proved nothing: a newer Podman may have dropped the option
        told = blind(f"this version does not support an option that the probe uses: {told.found}")
    if told.verdict is Verdict.COULD_NOT_LOOK:
        told = blind(_of_probe(subject) or told.cause)
    return finding_of(
        check.id,
        told.verdict,
        user=subject.user,
        expected=told.expected,
        found=told.found,
        cause=told.cause,
    )


def _told(check: Check, subject: Subject) -> Judgement:
    if check.applies is not None and (why := check.applies(subject)):
        return absent(why)
    for need in check.needs:
        if why := need(subject):
            return blind(why)
    assert check.judge is not None  # noqa: S101 - those of the host are judged elsewhere
    return check.judge(subject)


def _of_probe(subject: Subject) -> str:
    """Where the whole probe failed, that is why something was not looked at, and not what would have come next."""
    seen = subject.evidence
    if not seen.who and not seen.context:
        return "the probe could not be started as this user"
    if seen.complete:
        return ""
    limit = "" if seen.seconds is None else f" after {seen.seconds} s"
    return f"the probe was cut short{limit}" + (
        " (with podstead verify, --probe-timeout sets the limit)" if limit else ""
    )
