"""What apply would do about a host that is verified: V29, and remedies that promise no change that apply would not make."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from podstead.proof.checks import finding_of
from podstead.proof.finding import Finding, Verdict
from podstead.provision.change import Refusal
from podstead.provision.plan import Plan

_APPLY = "podstead apply"
_PLACE = re.compile(r"(?<!\S)/[^\s:]+:\d+\b")


def converged(wanted: Plan) -> Finding:
    """V29: the plan of this very look is empty. What apply refuses is told with the refusal's own remedy."""
    # ranges and obstacles that are refused have findings of their own, with causes
    refused = [refusal for refusal in wanted.refusals if not refusal.id.startswith(("host:", "subids:"))]
    pending = [change.id for change in wanted.changes]
    if not pending and not refused:
        return finding_of("V29", Verdict.PASS, found="nothing to change")
    cause = "the host is not as the document requires"
    if refused:
        cause += f", and podstead apply refuses to change {'some of it' if pending else 'it'}"
    steps = ["podstead apply; to see the difference: podstead check --diff"] if pending else []
    several = len(steps) + len(refused) > 1
    return finding_of(
        "V29",
        Verdict.WARN,
        expected="nothing to change",
        found="; ".join([*([", ".join(pending)] if pending else []), *map(_reason, refused)]),
        cause=cause,
        remedy="; ".join(
            [
                *steps,
                *(f"{refusal.id}: {refusal.remedy}" if several else refusal.remedy for refusal in refused),
            ]
        ),
    )


def _reason(refusal: Refusal) -> str:
    return f"{refusal.id} is refused: {refusal.reason}"


def without_idle_apply(findings: Iterable[Finding], wanted: Plan) -> list[Finding]:
    """The same findings; where apply would change nothing about one, its remedy says so and does not begin with apply."""
    return [_without_apply(finding, wanted) for finding in findings]


def _without_apply(finding: Finding, wanted: Plan) -> Finding:
    first, _, rest = finding.remedy.partition("; ")
    if not first.startswith(_APPLY) or finding.verdict not in (Verdict.FAIL, Verdict.WARN):
        return finding
    refused = [refusal for refusal in wanted.refusals if _is_about(refusal, finding)]
    if not refused and wanted.changes:
        return finding
    # the reason repeats what a file holds: it is told with what was found, and is no step that anybody would paste
    reasons = [f"podstead apply refuses this: {refusal.reason}" for refusal in refused]
    steps = ["podstead apply refuses this", *(refusal.remedy for refusal in refused)]
    return replace(
        finding,
        found="; ".join(filter(None, (finding.found, *reasons))),
        remedy="; ".join(
            filter(None, (*(steps if refused else ["podstead apply has nothing to change here"]), rest))
        ),
    )


def _is_about(refusal: Refusal, finding: Finding) -> bool:
    """A refusal is about a user, or about a thing that a finding names: a kernel setting, a line of a file."""
    if finding.user and f":{finding.user}:" in refusal.id:
        return True
    part, _, name = refusal.id.rpartition(":")[0].partition(":")
    text = f"{finding.found} {finding.expected} {finding.cause}"
    if part == "sysctls" and name in text:
        return True
    return bool(set(_PLACE.findall(refusal.reason)) & set(_PLACE.findall(text)))
