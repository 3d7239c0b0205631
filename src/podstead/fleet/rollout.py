"""A change goes over many hosts batch by batch, and stops where too many fail: in the change, or in the proof that it works."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from podstead.errors import RunError
from podstead.fleet.run import INTERRUPTED, OnInterrupt, OnProgress, across_hosts, not_started, run
from podstead.fleet.strategy import Budget, Count, Order, Size, batches, canaries, ordered
from podstead.plural import counted
from podstead.visit.job import Job, Target
from podstead.visit.record import HostReport, Report, Status, Trouble, Verb

Proof = Literal["each", "canary", "end", "never"]
PROOFS: Final = get_args(Proof)
_NOT_APPLIED: Final = (Status.FAILED, Status.UNREACHABLE, Status.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """How a change is rolled out.

    ``canary``: one host of each kind, found by a look at all, is the first batch. ``prove`` says what ``verify`` has to find
    right before the run goes on or ends: the first batch (``canary``), every batch (``each``), all hosts after the last batch
    (``end``). A host whose proof fails counts as failed.
    """

    serial: tuple[Size, ...] = ()
    order: Order = "inventory"
    canary: bool = False
    budget: Budget = field(default_factory=Budget)
    prove: frozenset[Proof] = frozenset()


def roll_out(
    job: Job,
    strategy: Strategy,
    *,
    on_progress: OnProgress | None = None,
    on_interrupt: OnInterrupt | None = None,
) -> Report:
    """Do a job, batch by batch. The report has the hosts in the order of the job; of a proved host also what was found.

    Raises :class:`~podstead.errors.RunError` where the run as a whole was impossible.
    """
    rollout = _Rollout(job, strategy, on_progress, on_interrupt)
    try:
        rollout.go()
    except KeyboardInterrupt:  # between two batches, where no run takes it; what is done has to be told
        rollout.why = INTERRUPTED
        if not rollout.runs:
            raise
    return rollout.report()


@dataclass(slots=True)
class _Rollout:
    """A run in progress: what has become of the hosts, and the reports of what was run so far."""

    job: Job
    strategy: Strategy
    on_progress: OnProgress | None
    on_interrupt: OnInterrupt | None
    reports: dict[str, HostReport] = field(default_factory=dict)
    proved: set[str] = field(default_factory=set)
    runs: list[Report] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    why: str = ""
    """Why no other host is started."""

    def go(self) -> None:
        """Apply to each batch, and prove it where that is asked for, until a reason to stop is there."""
        targets = {target.name: target for target in self.job.targets}
        names = ordered(list(targets), self.strategy.order)
        count = Count(self.strategy.budget)
        first = self._canaries([targets[name] for name in names], count) if self.strategy.canary else ()
        others = [name for name in names if name not in first and name not in self.reports]
        every = (*((first,) if first else ()), *batches(others, self.strategy.serial, len(names)))
        for number, batch in enumerate(every):
            if not self.why:
                self._batch([targets[name] for name in batch], count, is_first=number == 0)
        if "end" in self.strategy.prove and not self.why:
            count.start_batch(len(targets))
            self._prove(targets.values(), count)

    def _batch(self, targets: Sequence[Target], count: Count, *, is_first: bool) -> None:
        prove = self.strategy.prove
        is_canary = is_first and "canary" in prove
        count.start_batch(len(targets))
        self._run(self.job.verb, targets, count)
        if is_canary or "each" in prove:
            self._prove(targets, count)
        if is_canary:
            self.why = self.why or count.canary

    def _canaries(self, targets: Sequence[Target], count: Count) -> tuple[str, ...]:
        """Look at all hosts, and choose one of each kind. Those that cannot be looked at have failed."""
        count.start_batch(len(targets))
        looked = self._do("check", targets, None)
        uninspected = [host for host in looked.hosts if not host.kind]
        for host in uninspected:
            self.reports[host.name] = host
        exceeded = count.add(uninspected)
        self.why = INTERRUPTED if looked.interrupted else exceeded
        hosts_by_canary = canaries(looked.hosts)
        kinds = {host.name: ", ".join(filter(None, host.kind.values())) for host in looked.hosts}
        self.notes = {
            name: f"the canary of {counted(number, 'host')} with {kinds[name]}"
            for name, number in hosts_by_canary.items()
        }
        return tuple(hosts_by_canary)

    def _prove(self, targets: Iterable[Target], count: Count) -> None:
        """Verify those hosts of which something can be proved and was not yet."""
        chosen = [
            target for target in targets if target.name not in self.proved and self._can_be_proved(target)
        ]
        if chosen and not self.why:
            self._run("verify", chosen, count)

    def _can_be_proved(self, target: Target) -> bool:
        """A host that is as it should be, and somebody to be proved."""
        report = self.reports.get(target.name)
        return bool(report and report.status not in _NOT_APPLIED and target.spec.users)

    def _do(self, verb: Verb, targets: Sequence[Target], limit: int | None) -> Report:
        job = self.job.model_copy(update={"verb": verb, "targets": tuple(targets), "fail_limit": limit})
        try:
            done = run(job, on_progress=self.on_progress, on_interrupt=self.on_interrupt)
        except RunError as error:
            if not self.runs:
                raise
            trouble = Trouble(message=error.message, hint=error.hint)
            hosts = (
                HostReport(name=target.name, status=Status.FAILED, trouble=trouble) for target in targets
            )
            done = self.runs[-1].model_copy(update={"hosts": tuple(hosts), "seconds": 0.0})
        self.runs.append(done)
        return done

    def _run(self, verb: Verb, targets: Sequence[Target], count: Count) -> None:
        done = self._do(verb, targets, count.left)
        exceeded = count.add(done.hosts)
        self.why = INTERRUPTED if done.interrupted else exceeded
        for host in done.hosts:
            before = self.reports.get(host.name)
            if host.status is Status.SKIPPED:
                self.reports[host.name] = before or not_started(host.name, self.why)
            else:
                self.reports[host.name] = proved(before, host) if before else host
                if verb == "verify":
                    self.proved.add(host.name)

    def report(self) -> Report:
        """Everything that was run, as one report."""
        proved_hosts = [
            self.reports[target.name] for target in self.job.targets if target.name in self.proved
        ]
        return self.runs[0].model_copy(
            update={
                "verb": self.job.verb,
                "hosts": tuple(self._host(target) for target in self.job.targets),
                "seconds": round(sum(done.seconds for done in self.runs), 3),
                "interrupted": self.why == INTERRUPTED,
                "fleet": across_hosts(self.job, proved_hosts) if proved_hosts else (),
            }
        )

    def _host(self, target: Target) -> HostReport:
        host = self.reports.get(target.name) or not_started(target.name, self.why)
        notes = []
        if host.status is not Status.SKIPPED and target.name in self.notes:
            notes.append(self.notes[target.name])
        to_prove = not self.strategy.prove.isdisjoint(("each", "end"))
        if to_prove and self.why and target.name not in self.proved and self._can_be_proved(target):
            notes.append(f"not verified: {self.why}")
        return host.model_copy(update={"notes": (*host.notes, *notes)}) if notes else host


def proved(applied: HostReport, verified: HostReport) -> HostReport:
    """One report of what was done on a host and of what was found there afterwards."""
    bad = verified.status in (Status.FAILED, Status.UNREACHABLE)
    return applied.model_copy(
        update={
            "status": verified.status if bad else applied.status,
            "findings": verified.findings,
            "trouble": applied.trouble or verified.trouble,
            "notes": tuple(dict.fromkeys((*applied.notes, *verified.notes))),
            "boot_id": verified.boot_id,
            "grants": verified.grants,
            "capacity": verified.capacity,
            "connections": applied.connections + verified.connections,
            "commands": applied.commands + verified.commands,
            "seconds": round(applied.seconds + verified.seconds, 3),
        }
    )
