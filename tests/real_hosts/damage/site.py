"""Lanes of hosts that are broken, looked at and mended. They run side by side, and each takes the next damage that is left."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from podstead.proof import remedy
from podstead.proof.finding import Finding, Verdict
from podstead.visit.record import HostReport
from tests.lab import Host
from tests.real_hosts.controller import Controller, Ran
from tests.real_hosts.damage.case import Damage, Outcome, tried

_WRONG = (Verdict.FAIL, Verdict.WARN, Verdict.COULD_NOT_LOOK)
_NAMED = (Verdict.FAIL, Verdict.WARN)


def _left_to_apply(finding: Finding) -> bool:
    """Whether a remedy promises that apply mends it; one that needs a permission by name says so."""
    text = finding.remedy.partition("; ")[0]
    return text.startswith("podstead apply") and not re.search(
        r"has nothing to change here|only with --allow", text
    )


class Lane:
    """A host of each of some releases, which take a damage together and are looked at in one run."""

    def __init__(
        self, controller: Controller, hosts: Sequence[Host], inventory: Path, *, everything: bool = True
    ) -> None:
        self.everything = everything
        self.controller = controller
        self.hosts = tuple(hosts)
        self.inventory = inventory
        self.seen: dict[tuple[Damage, str], str] = {}
        self.false_alarms: list[str] = []

    def takes(self, damage: Damage) -> bool:
        """Whether there is a host of each release that a damage is done on."""
        return set(tried(damage, everything=self.everything)) <= {host.release for host in self.hosts}

    def prepare(self) -> None:
        """See that all hosts are healthy: booted after podstead apply, which has nothing more to do (V29)."""
        self.expect_green("apply", self.hosts)

    def go(self, damage: Damage) -> None:
        """The whole of one damage."""
        hosts = [host for host in self.hosts if host.release in tried(damage, everything=self.everything)]
        if not hosts:
            return
        # that a mend by hand has worked shows in the next look: it must name the next damage and nothing else
        try:
            self.do(hosts, damage.make)
            if damage.outcome is Outcome.HARMLESS:
                self.expect_green(damage.name, hosts)
            else:
                self.expect_named(hosts, damage)
            self.expect_applied(hosts, damage)
        except BaseException:
            self.do(hosts, damage.mend, strict=False)
            self.run("apply", hosts)  # what is not as it was must not make the next ones fail
            raise
        # what apply has repaired may leave nothing to mend
        self.do(hosts, damage.mend, strict=damage.outcome is not Outcome.REPAIRED)

    def finish(self) -> None:
        """The hosts are as healthy as they were."""
        self.expect_green("the last damage", self.hosts)

    def do(self, hosts: Sequence[Host], text: str, *, strict: bool = True) -> None:
        """Run a script as root in hosts, side by side."""
        script = text if strict else f"set +e; {text}"
        with ThreadPoolExecutor(len(hosts)) as pool:
            list(pool.map(lambda host: host.sh(script, check=strict), hosts))

    def run(self, verb: str, hosts: Sequence[Host]) -> Ran:
        return self.controller.json(verb, self.inventory, "-l", ",".join(host.name for host in hosts))

    def expect_green(self, what: str, hosts: Sequence[Host]) -> None:
        """No failure, no warning, nothing that could not be checked."""
        ran = self.run("verify", hosts)
        wrong = [f"{host.name}: {_text(one)}" for host in ran.report.hosts for one in _wrong(host)]
        self.false_alarms += [f"after {what}: {text}" for text in wrong]
        assert (wrong, ran.code) == ([], 0), f"after {what}: " + ("\n".join(wrong) or ran.err)

    def expect_named(self, hosts: Sequence[Host], damage: Damage) -> None:
        """verify names this cause, and nothing that has nothing to do with it."""
        ran = self.run("verify", hosts)
        problems = []
        for host in hosts:
            # V29 says that apply has something to do, or would refuse: that is seen in apply itself
            wrong = [one for one in _wrong(ran.host(host.name)) if one.check != "V29"]
            named = {one.ref for one in wrong if one.verdict in _NAMED}
            texts = "\n".join(map(_text, wrong))
            of_it = [one for one in wrong if one.ref == damage.ref]
            more = named - {damage.ref, *damage.related}
            if damage.ref not in named:
                problems.append(f"{host.name} does not name {damage.ref}:\n{texts}")
            elif more:
                self.false_alarms += [f"{damage.ref} {damage.name}, {host.name}: {ref}" for ref in more]
                problems.append(f"{host.name} names more, {', '.join(sorted(more))}:\n{texts}")
            elif not all(one.remedy and one.cause for one in of_it):
                problems.append(f"{host.name} says no cause, or not what to do:\n{texts}")
            elif damage.outcome is not Outcome.REPAIRED and any(map(_left_to_apply, of_it)):
                problems.append(f"{host.name} leaves to apply what apply does not do:\n{texts}")
            elif any(remedy.words(one.remedy) for one in wrong):
                problems.append(f"{host.name} prints a remedy with a word that was to be filled in:\n{texts}")
            else:
                self.seen[damage, host.release] = "detected"
        assert not problems, "\n".join(problems)
        expected = 0 if damage.warns else 1
        assert ran.code == expected, f"exit code {ran.code}, not {expected}:\n{_wrongs(ran)}"

    def expect_applied(self, hosts: Sequence[Host], damage: Damage) -> None:
        """apply repairs it, refuses it with what to do, or has nothing to do with it."""
        ran = self.run("apply", hosts)
        problems = [text for host in hosts if (text := _unlike(ran.host(host.name), damage.outcome))]
        assert not problems, "\n".join(problems)
        expected = 1 if damage.outcome is Outcome.REFUSED else 0
        assert ran.code == expected, f"apply ended with {ran.code}, not {expected}:\n{ran.err}"
        if damage.outcome is Outcome.REPAIRED:
            proved = self.run("verify", hosts)
            wrong = [
                f"{host.name}: {_text(one)}"
                for host in proved.report.hosts
                for one in _wrong(host)
                if not (one.verdict is Verdict.WARN and one.ref in damage.still_warns)
            ]
            assert (wrong, proved.code) == ([], 0), "after apply:\n" + "\n".join(wrong)
        for host in hosts:
            self.seen[damage, host.release] = damage.outcome.value


class Site:
    """All lanes, each in a thread of its own. Damages are begun in order, as soon as the first test asks."""

    def __init__(self, lanes: Sequence[Lane], damages: Sequence[Damage]) -> None:
        self.lanes = tuple(lanes)
        self.damages = tuple(damages)
        assert len(set(damages)) == len(damages), "a damage is done once"
        self._results: dict[Damage, Future[None]] = {damage: Future() for damage in self.damages}
        self._left = list(self.damages)
        self._taking = Lock()
        self._pools = [ThreadPoolExecutor(1) for _ in lanes]
        self._ready = [pool.submit(lane.prepare) for pool, lane in zip(self._pools, self.lanes, strict=True)]
        self._worked = [
            pool.submit(self._work, lane, ready)
            for pool, lane, ready in zip(self._pools, self.lanes, self._ready, strict=True)
        ]
        self._last = [pool.submit(lane.finish) for pool, lane in zip(self._pools, self.lanes, strict=True)]

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
        """Do one damage after the other, as long as there is one for this lane."""
        while damage := self._next(lane):
            result = self._results[damage]
            # the test of the healthy hosts says what was wrong
            if ready.exception() is not None:
                result.set_exception(AssertionError("the hosts were not healthy to begin with"))
                continue
            try:
                lane.go(damage)
            except BaseException as error:  # noqa: BLE001 - the test that asks for it is told
                result.set_exception(error)
            else:
                result.set_result(None)

    def _next(self, lane: Lane) -> Damage | None:
        with self._taking:
            damage = next((one for one in self._left if lane.takes(one)), None)
            if damage is not None:
                self._left.remove(damage)
            return damage

    def stop(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        with self._taking:
            self._left.clear()
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools:
            pool.shutdown(wait=True)

    @property
    def everything(self) -> bool:
        """Whether each damage is done on each release that it can be done on."""
        return all(lane.everything for lane in self.lanes)

    @property
    def seen(self) -> Mapping[tuple[Damage, str], str]:
        return {key: value for lane in self.lanes for key, value in lane.seen.items()}

    @property
    def false_alarms(self) -> list[str]:
        return [text for lane in self.lanes for text in lane.false_alarms]


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
