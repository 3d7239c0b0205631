"""Lanes of hosts that are broken, looked at and mended. They run side by side, and each takes the next damage that is left."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from podstead.proof import remedy
from podstead.proof.finding import Finding, Verdict
from podstead.visit.record import HostReport, Status
from tests.lab import Host
from tests.real_hosts.controller import Controller, Ran
from tests.real_hosts.damage.case import Damage, Outcome, tried

_WRONG = (Verdict.FAIL, Verdict.WARN, Verdict.COULD_NOT_LOOK)
_NAMED = (Verdict.FAIL, Verdict.WARN)


def _left_to_apply(finding: Finding) -> bool:
    """Whether a remedy promises that apply mends it; one that needs a permission by name says so."""
    text = finding.remedy.partition("; ")[0]
    return text.startswith("podstead apply") and not re.search(
        r"has nothing to change here|podstead apply refuses this|only with --allow", text
    )


class Lane:
    """Hosts that take a damage each and are looked at in one run: a run costs about as much for one host as for four."""

    def __init__(self, controller: Controller, hosts: Sequence[Host], inventory: Path) -> None:
        self.controller = controller
        self.hosts = tuple(hosts)
        self.inventory = inventory
        self.seen: dict[tuple[Damage, str], str] = {}
        self.false_alarms: list[str] = []

    def expect_green(self, what: str) -> None:
        """No failure, no warning, nothing that could not be checked, on any host."""
        ran = self.run("verify", self.hosts)
        for host in self.hosts:
            self._expect_green(what, ran.host(host.name))

    def go(self, damages: Mapping[Host, Damage]) -> dict[Host, BaseException]:
        """The whole of one damage on each host. Return what went wrong."""
        wrong: dict[Host, BaseException] = {}
        # that a mend by hand has worked shows in the next look: it must name the next damage and nothing else
        made = _each(damages, wrong, lambda host: _sh(host, damages[host].make))
        named = self._looked(
            "verify", made, wrong, lambda host, said: self._expect_named(host, damages[host], said)
        )
        done = self._looked(
            "apply", named, wrong, lambda host, said: self._expect_applied(host, damages[host], said)
        )
        repaired = [host for host in done if damages[host].outcome is Outcome.REPAIRED]
        self._looked("verify", repaired, wrong, lambda host, said: _expect_repaired(damages[host], said))
        # what apply has repaired may leave nothing to mend
        loose = {*wrong, *repaired}
        _each(damages, wrong, lambda host: _sh(host, damages[host].mend, strict=host not in loose))
        if wrong:  # what is not as it was must not make the next ones fail
            self.run("apply", list(wrong))
        return wrong

    def run(self, verb: str, hosts: Sequence[Host]) -> Ran:
        return self.controller.json(verb, self.inventory, "-l", ",".join(host.name for host in hosts))

    def _looked(
        self,
        verb: str,
        hosts: Sequence[Host],
        wrong: dict[Host, BaseException],
        expect: Callable[[Host, HostReport], None],
    ) -> list[Host]:
        """One run over these hosts; those of which it said what was expected."""
        if not hosts:
            return []
        try:
            ran = self.run(verb, hosts)
            assert ran.code == ran.report.exit_code, f"exit code {ran.code} for\n{_wrongs(ran)}"
        except BaseException as error:  # noqa: BLE001 - the tests of these damages are told
            wrong.update(dict.fromkeys(hosts, error))
            return []
        return _each(hosts, wrong, lambda host: expect(host, ran.host(host.name)))

    def _expect_green(self, what: str, said: HostReport) -> None:
        wrong = [f"{said.name}: {_text(one)}" for one in _wrong(said)]
        self.false_alarms += [f"after {what}: {text}" for text in wrong]
        assert (wrong, said.status) == ([], Status.OK), f"after {what}: " + (
            "\n".join(wrong) or str(said.trouble)
        )

    def _expect_named(self, host: Host, damage: Damage, said: HostReport) -> None:
        """verify names this cause, and nothing that has nothing to do with it."""
        if damage.outcome is Outcome.HARMLESS:
            self._expect_green(damage.name, said)
            return
        # V29 says that apply has something to do, or would refuse: that is seen in apply itself
        wrong = [one for one in _wrong(said) if one.check != "V29"]
        named = {one.ref for one in wrong if one.verdict in _NAMED}
        texts = "\n".join(map(_text, wrong))
        of_it = [one for one in wrong if one.ref == damage.ref]
        more = named - {damage.ref, *damage.related}
        self.false_alarms += [f"{damage.ref} {damage.name}, {host.name}: {ref}" for ref in more]
        assert damage.ref in named, f"{host.name} does not name {damage.ref}:\n{texts}"
        assert not more, f"{host.name} names more, {', '.join(sorted(more))}:\n{texts}"
        assert all(one.remedy and one.cause for one in of_it), (
            f"{host.name} says no cause, or not what to do:\n{texts}"
        )
        assert damage.outcome is Outcome.REPAIRED or not any(map(_left_to_apply, of_it)), (
            f"{host.name} leaves to apply what apply does not do:\n{texts}"
        )
        assert not any(remedy.words(one.remedy) for one in wrong), (
            f"{host.name} prints a remedy with a word that was to be filled in:\n{texts}"
        )
        expected = Status.OK if damage.warns else Status.FAILED
        assert said.status is expected, f"{host.name} is {said.status}, not {expected}:\n{texts}"
        self.seen[damage, host.release] = "detected"

    def _expect_applied(self, host: Host, damage: Damage, said: HostReport) -> None:
        """apply repairs it, refuses it with what to do, or has nothing to do with it."""
        problem = _unlike(said, damage.outcome)
        assert not problem, problem
        expected = {Outcome.REPAIRED: Status.CHANGED, Outcome.REFUSED: Status.FAILED}.get(
            damage.outcome, Status.OK
        )
        assert said.status is expected, f"apply left {host.name} {said.status}, not {expected}"
        self.seen[damage, host.release] = damage.outcome.value


class Site:
    """All lanes, each in a thread of its own. Damages are begun in order, as soon as the first test asks."""

    def __init__(self, lanes: Sequence[Lane], damages: Sequence[Damage], *, everything: bool = True) -> None:
        self.lanes = tuple(lanes)
        self.damages = tuple(damages)
        self.everything = everything
        """Whether each damage is done on each release that it can be done on."""
        assert len(set(damages)) == len(damages), "a damage is done once"
        self._results: dict[Damage, Future[None]] = {damage: Future() for damage in self.damages}
        self._left = [
            (damage, release) for damage in self.damages for release in tried(damage, everything=everything)
        ]
        there = {host.release for lane in self.lanes for host in lane.hosts}
        assert {release for _, release in self._left} <= there, "a damage would wait for ever for its host"
        self._open = Counter(damage for damage, _ in self._left)
        self._errors: dict[Damage, list[BaseException]] = {damage: [] for damage in self.damages}
        self._taking = Lock()
        self._pools = [ThreadPoolExecutor(1) for _ in lanes]
        # booted after podstead apply, which has nothing more to do (V29)
        self._ready = [
            pool.submit(lane.expect_green, "apply")
            for pool, lane in zip(self._pools, self.lanes, strict=True)
        ]
        self._worked = [
            pool.submit(self._work, lane, ready)
            for pool, lane, ready in zip(self._pools, self.lanes, self._ready, strict=True)
        ]
        self._last = [
            pool.submit(lane.expect_green, "the last damage")
            for pool, lane in zip(self._pools, self.lanes, strict=True)
        ]

    def prepared(self) -> None:
        """Wait until all hosts are healthy."""
        _together(self._ready)

    def result(self, damage: Damage) -> None:
        """Wait until a damage has been done, and fail as it has failed."""
        _together([self._results[damage]])

    def finished(self) -> None:
        """Wait until all damages have been done, and all hosts are healthy again."""
        _together(self._last)

    def _work(self, lane: Lane, ready: Future[None]) -> None:
        """Do one round of damages after the other, as long as there is one for this lane."""
        while damages := self._next(lane):
            wrong: dict[Host, BaseException] = {}
            try:
                # the test of the healthy hosts says what was wrong
                assert ready.exception() is None, "the hosts were not healthy to begin with"
                wrong = lane.go(damages)
            except BaseException as error:  # noqa: BLE001 - the tests that ask for them are told
                wrong = dict.fromkeys(damages, error)
            for host, damage in damages.items():
                self._done(damage, wrong.get(host))

    def _done(self, damage: Damage, error: BaseException | None) -> None:
        """A damage was done on one release: with the last one its result is known."""
        with self._taking:
            self._errors[damage] += [error] if error else []
            self._open[damage] -= 1
            if self._open[damage]:
                return
        errors = self._errors[damage]
        if errors:
            self._results[damage].set_exception(
                errors[0] if len(errors) == 1 else AssertionError("\n\n".join(map(str, errors)))
            )
        else:
            self._results[damage].set_result(None)

    def _next(self, lane: Lane) -> dict[Host, Damage]:
        """For each host of a lane the next damage that is left for its release."""
        taken: dict[Host, Damage] = {}
        with self._taking:
            for host in lane.hosts:
                task = next((task for task in self._left if task[1] == host.release), None)
                if task is not None:
                    self._left.remove(task)
                    taken[host] = task[0]
        return taken

    def stop(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        with self._taking:
            self._left.clear()
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools:
            pool.shutdown(wait=True)

    @property
    def seen(self) -> Mapping[tuple[Damage, str], str]:
        return {key: value for lane in self.lanes for key, value in lane.seen.items()}

    @property
    def false_alarms(self) -> list[str]:
        return [text for lane in self.lanes for text in lane.false_alarms]


def _each(
    hosts: Iterable[Host], wrong: dict[Host, BaseException], step: Callable[[Host], None]
) -> list[Host]:
    """Do a step for each host, side by side. Return those with which it went well."""
    hosts = list(hosts)
    with ThreadPoolExecutor(len(hosts)) as pool:
        errors = [future.exception() for future in [pool.submit(step, host) for host in hosts]]
    for host, error in zip(hosts, errors, strict=True):
        if error is not None:
            wrong.setdefault(host, error)
    return [host for host, error in zip(hosts, errors, strict=True) if error is None]


def _sh(host: Host, text: str, *, strict: bool = True) -> None:
    """Run a script as root in a host."""
    host.sh(text if strict else f"set +e; {text}", check=strict)


def _expect_repaired(damage: Damage, said: HostReport) -> None:
    wrong = [
        f"{said.name}: {_text(one)}"
        for one in _wrong(said)
        if not (one.verdict is Verdict.WARN and one.ref in damage.still_warns)
    ]
    assert (wrong, said.status) == ([], Status.OK), "after apply:\n" + "\n".join(wrong)


def _together(futures: Sequence[Future[None]]) -> None:
    """All errors in one, so that what was seen in another lane is not lost."""
    errors = [error for future in futures if (error := future.exception()) is not None]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise AssertionError("\n\n".join(map(str, errors)))


def _wrong(host: HostReport) -> list[Finding]:
    return [one for one in host.findings if one.verdict in _WRONG]


def _wrongs(ran: Ran) -> str:
    return "\n".join(f"{host.name}: {_text(one)}" for host in ran.report.hosts for one in _wrong(host))


def _unlike(report: HostReport, outcome: Outcome) -> str:
    """What apply did, where it is not what it should do."""
    made = [f"{one.id} {one.status.value} {one.log}".strip() for one in report.changes]
    refused = [f"{one.id}: {one.reason}; {one.remedy}" for one in report.refusals]
    good = {
        Outcome.REPAIRED: bool(made) and not refused,
        Outcome.REFUSED: bool(refused) and not made and all(one.remedy for one in report.refusals),
        Outcome.LEFT: not made and not refused,
        Outcome.HARMLESS: not made and not refused,
    }[outcome]
    return "" if good else f"{report.name} is not {outcome.value}: changed {made}, refused {refused}"


def _text(one: Finding) -> str:
    return f"{one.check} {one.verdict.value} {one.user} [{one.ref} {one.cause}] found: {one.found} expected: {one.expected}"
