"""A host's report as results of tasks: what Ansible prints a line for, and counts in its recap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from podstead.document.tags import PART_NAMES, part_of, position
from podstead.proof.finding import Verdict
from podstead.provision.change import NotApplicable, Refusal
from podstead.visit.record import ChangeRecord, ChangeStatus, HostReport, Status


class Kind(StrEnum):
    """How one thing ended."""

    OK = "ok"
    CHANGED = "changed"
    PENDING = "pending"
    FAILED = "failed"
    REFUSED = "refused"
    NOT_APPLICABLE = "not-applicable"
    NOT_REACHED = "not-reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of one task on one host; ``about`` is what it was about, None for a whole part."""

    part: str
    kind: Kind
    about: ChangeRecord | Refusal | NotApplicable | None = None


def parts_of(hosts: Sequence[HostReport], parts: Sequence[str]) -> tuple[str, ...]:
    """The parts that were asked for, and any other that a host has something to say about."""
    ids = [part_of(outcome.id) for host in hosts for outcome in _everything(host)]
    return tuple(dict.fromkeys((*parts, *sorted(ids, key=position))))


def _everything(host: HostReport) -> tuple[ChangeRecord | Refusal | NotApplicable, ...]:
    return (*host.changes, *host.refusals, *host.not_applicable)


def results(host: HostReport, parts: Sequence[str]) -> tuple[Result, ...]:
    """Every result of a host that was looked at, in the order of the tasks."""
    by_part: dict[str, list[Result]] = {part: [] for part in parts_of((host,), parts)}
    for outcome in _everything(host):
        by_part[part_of(outcome.id)].append(
            Result(part=part_of(outcome.id), kind=_kind(outcome, host), about=outcome)
        )
    looked_at = host.status not in (Status.UNREACHABLE, Status.SKIPPED) and not host.trouble
    return tuple(
        result for part, found in by_part.items() for result in _shown_for_part(part, found, looked_at)
    )


def _shown_for_part(part: str, found: list[Result], looked_at: bool) -> list[Result]:
    """What is not applicable is no reason for the rest of a part not to be ok."""
    nothing_to_do = all(result.kind is Kind.NOT_APPLICABLE for result in found)
    ok = looked_at and part in PART_NAMES and nothing_to_do
    return [Result(part=part, kind=Kind.OK), *found] if ok else found


def _kind(outcome: ChangeRecord | Refusal | NotApplicable, host: HostReport) -> Kind:
    if isinstance(outcome, Refusal):
        return Kind.REFUSED
    if isinstance(outcome, NotApplicable):
        return Kind.NOT_APPLICABLE
    if outcome.status is ChangeStatus.NOT_REACHED and not _stopped(host):
        return Kind.FAILED
    return Kind(outcome.status.value)


def _stopped(host: HostReport) -> bool:
    """Whether something else says why a change was not reached."""
    return host.trouble is not None or any(change.status is ChangeStatus.FAILED for change in host.changes)


def is_quiet(host: HostReport) -> bool:
    """Whether a host is as it should be."""
    return host.status is Status.OK and not host.trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The columns of Ansible's recap, the changes that are pending, and the checks that could not be made."""

    ok: int = 0
    changed: int = 0
    unreachable: int = 0
    failed: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0
    pending: int = 0
    unknown: int = 0
    """Checks that could not be made: no failures, and no passes."""


def counts(host: HostReport, parts: Sequence[str]) -> Counts:
    """Count as Ansible does: what was changed is ok, too; a host that could not be reached counts nothing else."""
    if host.status is Status.UNREACHABLE:
        return Counts(unreachable=1)
    if host.status is Status.SKIPPED:
        return Counts(skipped=1)
    kinds = [result.kind for result in results(host, parts if not host.findings else ())]
    verdicts = [finding.verdict for finding in host.findings]
    failed = kinds.count(Kind.FAILED) + kinds.count(Kind.REFUSED) + int(host.trouble is not None)
    failed += verdicts.count(Verdict.FAIL)
    unknown = verdicts.count(Verdict.COULD_NOT_LOOK)
    return Counts(
        ok=kinds.count(Kind.OK) + kinds.count(Kind.CHANGED) + verdicts.count(Verdict.PASS),
        changed=kinds.count(Kind.CHANGED),
        failed=failed or int(host.status is Status.FAILED and not unknown),
        unknown=unknown,
        skipped=kinds.count(Kind.NOT_APPLICABLE)
        + kinds.count(Kind.NOT_REACHED)
        + verdicts.count(Verdict.NOT_APPLICABLE),
        pending=kinds.count(Kind.PENDING),
    )
