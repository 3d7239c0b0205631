"""Bringing one host to its spec: look, plan, change, look again. Knows hosts only as a function that runs a script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from podstead.document import tags
from podstead.document.spec import HostSpec
from podstead.host import frames
from podstead.host.state import HostState, from_records
from podstead.plural import agree, counted
from podstead.provision import session, sysctls
from podstead.provision.change import Change, Phase, needs
from podstead.provision.plan import Plan
from podstead.visit import script
from podstead.visit.advice import advice
from podstead.visit.job import Job
from podstead.visit.kind import kind_of
from podstead.visit.look import WITHOUT_ROOT, NonceSource, RunScript, Visit, look
from podstead.visit.obstacles import intended
from podstead.visit.record import UNPREPARED, ChangeRecord, ChangeStatus, HostReport, Status, Trouble

MAX_ROUNDS = 4
"""Packages bring versions, accounts bring UIDs, ranges bring ID maps: each may show one more thing to do."""
MAX_OVERTAKEN = 12
"""How often a plan is made again because another program changed a file between the look and the change."""
OVERTAKEN = "75"
"""The exit code by which a change says so (EX_TEMPFAIL of sysexits.h)."""

UNKNOWN_PODMAN = (
    "this host's package lists do not say which Podman it will get; once that is known, packages:install:names (the programs "
    "that this Podman needs) and storage:driver:system may be added"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """What came back from one apply command."""

    records: tuple[ChangeRecord, ...]
    state: HostState

    overtaken: frozenset[str] = frozenset()
    """Changes that were not made because another program had changed the file since the look: to be planned again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSelection:
    """What of a plan was asked for: ``--tags``, ``--skip-tags`` and ``--start-at``."""

    job: Job
    skipped: frozenset[str]
    """Changes of the first plan that stand before ``--start-at``; they stay left out when it is done and gone."""

    @classmethod
    def of(cls, job: Job, first: Plan) -> TagSelection:
        ids = [change.id for change in first.changes]
        known = job.start_at in ids
        return cls(job=job, skipped=frozenset(ids[: ids.index(job.start_at)] if known else ()))

    def includes(self, name: str) -> bool:
        if not tags.wanted(name, self.job.tags, self.job.skip_tags) or name in self.skipped:
            return False
        start = self.job.start_at
        return not start or tags.position(tags.part_of(name)) >= tags.position(tags.part_of(start))

    def select(self, intended: Plan) -> Plan:
        return Plan(
            changes=tuple(change for change in intended.changes if self.includes(change.id)),
            refusals=tuple(refusal for refusal in intended.refusals if self.includes(refusal.id)),
            not_applicable=tuple(entry for entry in intended.not_applicable if self.includes(entry.id)),
        )


@dataclass(slots=True)
class Work:
    """What of a host's plan was done, what failed, and what is to be tried next."""

    done: list[tuple[ChangeRecord, Change]] = field(default_factory=list)
    failed: list[Change] = field(default_factory=list)
    rounds: int = 0
    replans: int = 0

    def next(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """The changes to make now: nothing that was tried, and nothing that needs what failed.

        A change that was made and is still wanted did not hold: that is reported, and never tried for ever.
        """
        if self.rounds >= MAX_ROUNDS or self.replans > MAX_OVERTAKEN:
            return ()
        made = {change for _, change in self.done}
        ids = {change.id for change in self.failed}
        return _batch(
            tuple(
                change
                for change in changes
                if change not in made
                and change.id not in ids
                and not any(needs(change, bad) for bad in self.failed)
            )
        )

    def rest_of(self, spec: HostSpec) -> HostSpec:
        """The spec without users who could not be given their ranges: those of the others must not be built on theirs."""
        without = {change.user for change in self.failed if change.phase is Phase.SUBIDS}
        users = {name: user for name, user in spec.users.items() if name not in without}
        return spec.model_copy(update={"users": users}) if without else spec

    def note(self, batch: Sequence[Change], result: ApplyResult) -> None:
        """Take in how a batch ended. What was overtaken, and what was not reached because of it, is planned again."""
        overtaken: list[tuple[ChangeRecord, Change]] = []
        for record, change in zip(result.records, batch, strict=True):
            if change.id in result.overtaken:
                overtaken.append((record, change))
            elif record.status is not ChangeStatus.NOT_REACHED:
                self.done.append((record, change))
                if record.status is ChangeStatus.FAILED:
                    self.failed.append(change)
        if overtaken:
            self.replans += 1
            if self.replans > MAX_OVERTAKEN:
                self.done += overtaken
        else:
            self.rounds += 1


def apply(spec: HostSpec, changes: Sequence[Change], run: RunScript, new_nonce: NonceSource) -> ApplyResult:
    """Make changes and look again, in one command. Raises LookError."""
    nonce = new_nonce()
    return parse_apply_output(changes, run(script.apply(spec, changes, nonce)), nonce)


def parse_apply_output(changes: Sequence[Change], output: Sequence[str], nonce: str) -> ApplyResult:
    """Read the output of the apply script: how each change ended, and the second look."""
    records = frames.decode(output, kind="apply", nonce=nonce)
    state = from_records(records)
    codes = {record.argument: record.text.strip() for record in records.all("change")}
    logs = {record.argument: record.text for record in records.all("log")}
    results = []
    for change in changes:
        code = codes.get(change.id)
        log = logs.get(change.id, "")
        status = (
            ChangeStatus.NOT_REACHED
            if code is None
            else ChangeStatus.CHANGED
            if code == "0"
            else ChangeStatus.FAILED
        )
        failed = status is ChangeStatus.FAILED
        results.append(
            ChangeRecord(
                id=change.id,
                title=change.title,
                status=status,
                diff=change.diff,
                log=_tail(log) if failed else "",
                hint=advice(log, state.accounts.by_name.get(change.user)) if failed else "",
            )
        )
    overtaken = frozenset(name for name, code in codes.items() if code == OVERTAKEN)
    return ApplyResult(records=tuple(results), state=state, overtaken=overtaken)


def converge(job: Job, visit: Visit, *, state: HostState | None = None) -> HostReport:
    """Check or apply, by ``job.verb``; ``state`` is a look that was just taken.

    Raises LookError when the host could not be inspected, and whatever ``visit.run`` raises.
    """
    spec = visit.spec
    visit.report_progress("looking")
    state = state or look(spec, visit.run, visit.new_nonce)
    first = intended(spec, state, allowed=job.allow)
    selection = TagSelection.of(job, first)
    remaining = selection.select(first)
    work = Work()
    while job.verb == "apply" and (batch := work.next(remaining.changes)):
        if not state.platform.is_root:
            return _needs_root(visit.name, state, remaining.changes)
        visit.report_progress(batch[0].title if len(batch) == 1 else f"making {len(batch)} changes")
        result = apply(spec, batch, visit.run, visit.new_nonce)
        work.note(batch, result)
        state = result.state
        remaining = selection.select(intended(work.rest_of(spec), state, allowed=job.allow))
    remaining = selection.select(intended(spec, state, allowed=job.allow)) if work.failed else remaining
    report = _report(visit.name, spec, state, remaining, work.done, job)
    return _with_follow_ups(report, spec, state, selection) if job.verb == "check" else report


def _with_follow_ups(
    report: HostReport, spec: HostSpec, state: HostState, selection: TagSelection
) -> HostReport:
    """Add what apply would do after the changes of this plan: check says exactly what apply does."""
    pending = {record.id for record in report.changes}
    creating = {name for name in spec.users if f"accounts:{name}:exists" in pending}
    records = [
        ChangeRecord(id=change_id, title=title, status=ChangeStatus.PENDING)
        for change_id, title in session.follows(spec, state, creating)
        if selection.includes(change_id)
    ]
    return report.model_copy(update={"changes": (*report.changes, *records)})


def _needs_root(name: str, state: HostState, changes: Sequence[Change]) -> HostReport:
    records = (
        ChangeRecord(id=change.id, title=change.title, status=ChangeStatus.NOT_REACHED, diff=change.diff)
        for change in changes
    )
    return HostReport(
        name=name,
        status=Status.FAILED,
        system=state.platform.name,
        kernel=state.platform.kernel,
        changes=tuple(records),
        trouble=Trouble(
            message=f"{counted(len(changes), 'change')} {agree(len(changes), 'needs', 'need')} root, and this is {state.platform.user}",
            hint="add --become (-b, with -K if sudo asks for a password), or connect as root (-u root)",
        ),
    )


def _batch(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Packages take minutes and have a command of their own, so that progress shows and versions are known after."""
    packages = tuple(change for change in changes if change.phase is Phase.PACKAGES)
    return packages or changes


def _report(
    name: str,
    spec: HostSpec,
    state: HostState,
    remaining: Plan,
    done: list[tuple[ChangeRecord, Change]],
    job: Job,
) -> HostReport:
    pending = {change.id: change for change in remaining.changes}
    records = [_confirmed(record, still=pending.get(record.id) == change) for record, change in done]
    reported = {
        record.id
        for record, change in done
        if record.status is ChangeStatus.FAILED or pending.get(record.id) == change
    }
    for change in pending.values():
        if change.id not in reported:
            status = ChangeStatus.PENDING if job.verb == "check" else ChangeStatus.NOT_REACHED
            records.append(ChangeRecord(id=change.id, title=change.title, status=status, diff=change.diff))
    return HostReport(
        name=name,
        status=_status(records, remaining),
        system=state.platform.name,
        kernel=state.platform.kernel,
        kind=kind_of(spec, state),
        changes=tuple(records),
        refusals=remaining.refusals,
        not_applicable=remaining.not_applicable,
        notes=_notes(spec, state, pending.values()),
    )


def _notes(spec: HostSpec, state: HostState, pending: Iterable[Change]) -> tuple[str, ...]:
    notes: tuple[str, ...] = () if spec.users else (UNPREPARED,)
    if not state.platform.is_root:
        notes += (WITHOUT_ROOT,)
    if not state.packages.podman() and any(change.phase is Phase.PACKAGES for change in pending):
        notes += (UNKNOWN_PODMAN,)
    return (*notes, *sysctls.notes(spec, state.sysctls))


def _confirmed(record: ChangeRecord, *, still: bool) -> ChangeRecord:
    """Say "changed" only for what the second look confirms."""
    if record.status is ChangeStatus.CHANGED and still:
        return record.model_copy(
            update={
                "status": ChangeStatus.FAILED,
                "log": "the command succeeded, but the difference is still there",
                "hint": "something on the host undoes the change (another configuration tool?)",
            }
        )
    return record


def _status(records: Sequence[ChangeRecord], remaining: Plan) -> Status:
    statuses = {record.status for record in records}
    if remaining.refusals or statuses & {ChangeStatus.FAILED, ChangeStatus.NOT_REACHED}:
        return Status.FAILED
    if ChangeStatus.PENDING in statuses:
        return Status.PENDING
    return Status.CHANGED if ChangeStatus.CHANGED in statuses else Status.OK


def _tail(log: str, lines: int = 12) -> str:
    return "\n".join(log.strip().splitlines()[-lines:])
