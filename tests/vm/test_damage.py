"""Damage that only a machine with a kernel of its own can take: verify names it, and apply mends what is podstead's to mend."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from podstead.visit.record import Report
from tests.vm.controller import Controller, failures, host, refs
from tests.vm.machine import Machine

pytestmark = [pytest.mark.vm, pytest.mark.timeout(3000)]

_HARDENING = "/etc/sysctl.d/zz-hardening.conf"
_DELEGATE = "/etc/systemd/system/user@.service.d/50-podstead.conf"
_RESTART = "systemctl daemon-reload; systemctl restart user@1001.service"


@dataclass(frozen=True)
class Damage:
    """How something is broken, which entry of the catalogue that is, and how it is put right by hand."""

    ref: str
    breaks: str
    by_hand: str
    mended_by_apply: bool


DAMAGES = {
    "no-user-namespaces-live": Damage(
        ref="A01",
        breaks="sysctl -q -w user.max_user_namespaces=0",
        by_hand="sysctl -q -w user.max_user_namespaces=28633",
        mended_by_apply=True,
    ),
    "no-net-namespaces": Damage(
        ref="A09",
        breaks="sysctl -q -w user.max_net_namespaces=0",
        by_hand="sysctl -q -w user.max_net_namespaces=7000",
        mended_by_apply=False,
    ),
    "controllers-not-delegated": Damage(
        ref="F03", breaks=f"rm {_DELEGATE}; {_RESTART}", by_hand=_RESTART, mended_by_apply=True
    ),
    "no-kernel-keys": Damage(
        ref="I07",
        breaks="sysctl -q -w kernel.keys.maxkeys=1",
        by_hand="sysctl -q -w kernel.keys.maxkeys=200",
        mended_by_apply=False,
    ),
}


@pytest.fixture(scope="module")
def ready(controller: Controller) -> Controller:
    """A VM on which alice is ready."""
    code, report = controller.run("apply")
    assert code == 0, report
    return controller


@dataclass
class Seen:
    """What podstead said of one damage: exit codes and reports."""

    damage: Damage
    broken: tuple[int, Report]
    applied: tuple[int, Report]
    after: tuple[int, Report]


@pytest.fixture(scope="module", params=list(DAMAGES))
def seen(request: pytest.FixtureRequest, machine: Machine, ready: Controller) -> Seen:
    """One damage, looked at, and put right: at the end the host is good for the next one."""
    damage = DAMAGES[str(request.param)]
    machine.sh(damage.breaks)
    broken = ready.run("verify")
    if not damage.mended_by_apply:
        machine.sh(damage.by_hand)
    applied = ready.run("apply")
    after = ready.run("verify")
    machine.sh(damage.by_hand)  # where apply should have mended it and did not
    return Seen(damage, broken, applied, after)


def test_verify_fails_and_names_the_damage(seen: Seen) -> None:
    code, report = seen.broken
    assert (code, seen.damage.ref in refs(report)) == (1, True), "\n".join(failures(report))


def test_apply_mends_what_is_podsteads(seen: Seen) -> None:
    code, report = seen.applied
    assert (code, report.changes > 0) == (0, seen.damage.mended_by_apply), report
    code, report = seen.after
    assert (code, failures(report)) == (0, [])


@dataclass
class Fought:
    """What podstead said, and did, where a file that is read later forbids what it needs."""

    broken: tuple[int, Report]
    applied: tuple[int, Report]
    live: str
    freed: tuple[int, Report]
    after: tuple[int, Report]


@pytest.fixture(scope="module")
def hardening(machine: Machine, ready: Controller) -> Fought:
    machine.sh(f"echo user.max_user_namespaces=0 >{_HARDENING}; sysctl -q -p {_HARDENING}")
    broken = ready.run("verify")
    applied = ready.run("apply")
    live = machine.sh("sysctl -n user.max_user_namespaces").strip()
    machine.sh(f"rm {_HARDENING}")
    freed = ready.run("apply")
    return Fought(broken, applied, live, freed, ready.run("verify"))


def test_a_hardening_file_is_named(hardening: Fought) -> None:
    code, report = hardening.broken
    assert (code, "A01" in refs(report)) == (1, True), "\n".join(failures(report))


def test_a_hardening_file_that_is_read_later_is_not_fought(hardening: Fought) -> None:
    code, report = hardening.applied
    refused = {one.id: one.reason for one in host(report).refusals}
    assert code == 1, report
    assert _HARDENING in refused["sysctls:user.max_user_namespaces:boot"]
    assert hardening.live == "28633", "what is live now is podstead's to set"


def test_all_is_well_once_the_hardening_file_is_gone(hardening: Fought) -> None:
    assert hardening.freed[0] == 0, hardening.freed[1]
    code, report = hardening.after
    assert (code, failures(report)) == (0, [])
