"""What apply would do about a host that is verified: V29, and remedies that promise no change that apply would not make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from podstead.proof.checks import finding_of
from podstead.proof.finding import Finding, Verdict
from podstead.provision.change import Refusal
from podstead.provision.plan import Plan

_APPLY = "podstead apply"


def converged(wanted: Plan) -> Finding:
    """V29: the plan of this very look is empty. What apply refuses is told with the refusal's own remedy."""
    # ranges and obstacles that are refused have findings of their own, with causes
    refused = [refusal for refusal in wanted.refusals if not refusal.id.startswith(("host:", "subids:"))]
    pending = [change.id for change in wanted.changes]
    if not pending and not refused:
        return finding_of("V29", Verdict.PASS, found="nothing to change")
    cause = "the host is not as the document requires"
    return finding_of(
        "V29",
        Verdict.WARN,
        expected="nothing to change",
        found="; ".join([*([", ".join(pending)] if pending else []), *map(_reason, refused)]),
        cause=f"{cause}, and podstead apply refuses to change it" if refused else cause,
        remedy="; ".join(
            [
                *(["podstead apply; podstead check --diff shows the difference"] if pending else []),
                *dict.fromkeys(refusal.remedy for refusal in refused),
            ]
        ),
    )


def _reason(refusal: Refusal) -> str:
    return f"{refusal.id} is refused: {refusal.reason}"


def without_idle_apply(findings: Iterable[Finding], wanted: Plan) -> list[Finding]:
    """The same findings, where apply would change nothing without a remedy that begins with it."""
    return list(findings) if wanted.changes else [_without_apply(finding, wanted) for finding in findings]


def _without_apply(finding: Finding, wanted: Plan) -> Finding:
    first, _, rest = finding.remedy.partition("; ")
    if not first.startswith(_APPLY) or finding.verdict not in (Verdict.FAIL, Verdict.WARN):
        return finding
    refused = list(dict.fromkeys(f"{_reason(refusal)} ({refusal.remedy})" for refusal in wanted.refusals))[:3]
    nothing_to_do = f"podstead apply has nothing to change here{': ' if refused else ''}{'; '.join(refused)}"
    return replace(finding, remedy="; ".join(filter(None, (nothing_to_do, rest))))
