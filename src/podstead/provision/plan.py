"""From spec and state to an ordered plan. A pure function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from podstead.document.spec import HostSpec
from podstead.host.state import HostState
from podstead.provision import looks
from podstead.provision.change import Change, NotApplicable, Outcome, Refusal
from podstead.provision.parts import PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do on a host, in order; what is refused; what this kind of host does not have."""

    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()

    @property
    def converged(self) -> bool:
        return not self.changes and not self.refusals


def plan(spec: HostSpec, state: HostState, *, allowed: Iterable[str] = ()) -> Plan:
    """Compare and decide. ``allowed`` holds the ids of refusals that the person asked for by name."""
    named = frozenset(allowed)
    of_parts = sum((part.plan(spec, state, named) for part in PARTS), start=Outcome())
    outcome = of_parts + looks.plan(spec, state.uninspected, state.accounts)
    ordered = sorted(outcome.changes, key=lambda change: change.phase)  # stable: parts keep their own order
    return Plan(changes=tuple(ordered), refusals=outcome.refusals, not_applicable=outcome.not_applicable)
