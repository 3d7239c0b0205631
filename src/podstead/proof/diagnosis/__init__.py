"""From failed checks to the cause that can be proved: behaviour first, configuration to explain it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable
from dataclasses import replace

from podstead.proof import catalogue, remedy
from podstead.proof.checks import CHECKS
from podstead.proof.diagnosis import (
    cgroups,
    helpers,
    hosts,
    kernel,
    leftovers,
    neighbours,
    network,
    ranges,
    runtime,
    session,
    start,
    storage,
)
from podstead.proof.diagnosis.sign import CONTAINERS, Diagnosis, Sign
from podstead.proof.finding import Finding, Verdict
from podstead.proof.judges.needs import own_podman_starts
from podstead.proof.judges.start import starts
from podstead.proof.subject import Subject

#: All who look, from the ground up: what is lower explains what is higher.
DIAGNOSES: tuple[Diagnosis, ...] = tuple(
    entry
    for module in (
        kernel,
        hosts,
        helpers,
        ranges,
        neighbours,
        start,
        leftovers,
        session,
        cgroups,
        runtime,
        storage,
        network,
    )
    for entry in module.register.entries
)

Match = tuple[Diagnosis, Sign]

_OF_PODMAN = {check.id for check in CHECKS.values() if own_podman_starts in check.needs} | {"V31"}
"""What nobody can say of a user whose Podman does not start."""
_MAP = {"V05", "V10"}
"""What spoils the map of the helpers spoils Podman's; what is seen only in containers may leave both whole."""


def signs(subject: Subject) -> list[Match]:
    """Every failure mode that is there, or that cannot be ruled out, the most specific first."""
    return [(diagnosis, sign) for diagnosis in DIAGNOSES if (sign := diagnosis.look(subject)) is not None]


def explain(findings: Iterable[Finding], subject: Subject) -> list[Finding]:
    """The same findings with their causes, and further ones for failure modes without a symptom."""
    findings, matches = list(findings), signs(subject)
    stopped = starts(subject) is not True and any(
        finding.check == "V31" and finding.verdict is Verdict.FAIL for finding in findings
    )
    # where Podman does not start, what explains that explains all that only Podman shows, and nothing else is blamed
    podman_matches = (
        [match for match in matches if "V31" in match[0].explains and match[1].proved][:1]
        if stopped
        else matches
    )
    map_works = any(finding.check == "V10" and finding.verdict is Verdict.PASS for finding in findings)
    explained = [
        _explained(
            finding,
            _possible_causes(finding, podman_matches, matches, map_works=map_works),
            subject,
            stopped=stopped,
        )
        for finding in findings
    ]
    named = {finding.ref for finding in explained if finding.verdict in (Verdict.FAIL, Verdict.WARN)}
    for diagnosis, sign in matches:
        if diagnosis.alone is None or diagnosis.ref in named or not sign.proved:
            continue
        check = diagnosis.explains[0]
        if stopped and check in _OF_PODMAN:
            continue
        at = next((index for index, finding in enumerate(explained) if finding.check == check), None)
        if at is None or (diagnosis.alone is Verdict.PASS and explained[at].verdict is not Verdict.PASS):
            continue
        standalone = _blamed_on(
            replace(explained[at], verdict=sign.verdict or diagnosis.alone, expected="", found="", others=()),
            diagnosis,
            sign,
            subject,
        )
        if explained[at].verdict in (Verdict.FAIL, Verdict.WARN):
            explained.insert(at + 1, standalone)
        else:
            explained[at] = standalone
    return explained


def _possible_causes(
    finding: Finding, podman_matches: list[Match], matches: list[Match], *, map_works: bool
) -> list[Match]:
    """Whoever may be blamed for a failed check: where Podman's map is right, nothing that would have spoiled it."""
    found = podman_matches if finding.check in _OF_PODMAN else matches
    if map_works and finding.check in CONTAINERS:
        return [(diagnosis, sign) for diagnosis, sign in found if not _MAP.issubset(diagnosis.explains)]
    return found


def _explained(finding: Finding, matches: list[Match], subject: Subject, *, stopped: bool) -> Finding:
    if finding.verdict is Verdict.PASS or finding.verdict is Verdict.NOT_APPLICABLE:
        return finding
    check = finding.check
    if check in _OF_PODMAN and (stopped or finding.verdict is Verdict.COULD_NOT_LOOK):
        # what follows from a Podman that does not start; and what keeps it from making a namespace keeps it from starting
        check = "V31" if stopped else "V10" if check == "V31" else check
    fitting = [(diagnosis, sign) for diagnosis, sign in matches if check in diagnosis.explains]
    proved = [(diagnosis, sign) for diagnosis, sign in fitting if sign.proved]
    if finding.verdict is Verdict.COULD_NOT_LOOK and not subject.evidence.complete:
        proved = []  # the probe was cut short: that is why, whatever else is wrong
    others = tuple(diagnosis.ref for diagnosis, _ in fitting if not proved or diagnosis is not proved[0][0])
    if not proved:
        return replace(finding, others=others)
    return replace(_blamed_on(finding, *proved[0], subject), others=others)


def _blamed_on(finding: Finding, diagnosis: Diagnosis, sign: Sign, subject: Subject) -> Finding:
    mode = catalogue.load()[diagnosis.ref]
    return replace(
        finding,
        mode=mode.id,
        ref=mode.ref,
        severity=mode.severity,
        found=finding.found
        if sign.found in finding.found
        else "; ".join(filter(None, (sign.found, finding.found))),
        expected=sign.expected or finding.expected,
        cause=sign.cause or mode.title,
        remedy=remedy_of(diagnosis, sign, subject),
        costs=mode.costs,
    )


def remedy_of(diagnosis: Diagnosis, sign: Sign, subject: Subject) -> str:
    """What to do, with names and numbers in place of the catalogue's placeholders, so that a command can be pasted."""
    text = sign.remedy or catalogue.load()[diagnosis.ref].remedy_for(subject.state.platform.family)
    return remedy.fill(text, {**_own_values(subject, remedy.words(text)), **sign.values})


def _own_values(subject: Subject, wanted: Collection[str]) -> dict[str, str]:
    """What is known of the user: of their own range only where there is one, the same in both files."""
    account, graph, name = subject.account, subject.evidence.graph, shlex.quote(subject.user)
    values = {
        "USER": name,
        "UID": str(account.uid),
        "GROUP": str(account.gid),
        "HOME": shlex.quote(account.home),
        "OWNER": name,
        "OWNERUID": str(account.uid),
        "FOLDER": shlex.quote(graph.path) if graph is not None else "",
    }
    if len(subject.subuids) == 1 and subject.subuids == subject.subgids:
        values |= remedy.range_values(subject.subuids[0], old=True)
    if not {"FIRST", "LAST", "COUNT"}.isdisjoint(wanted):
        state = subject.state
        place = sum(other < subject.user for other in subject.spec.users)
        free = remedy.free_range(subject.spec, state.subids, state.accounts, account.uid, place=place)
        values |= remedy.range_values(free)
    return values
