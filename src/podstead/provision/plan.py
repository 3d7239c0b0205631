"""From spec and state to an ordered plan. A pure function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from podstead.document.spec import HostSpec
from podstead.host.state import HostState
from podstead.provision import accounts, engine, looks, packages, session, storage, subids, sysctls
from podstead.provision.change import Change, NotApplicable, Refusal


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
    outcome = (
        packages.plan(spec, state.packages, state.platform)
        + packages.plan_helpers(spec, state.packages, state.platform)
        + accounts.plan(spec, state.accounts)
        + subids.plan(
            spec,
            state.subids,
            state.accounts,
            state.users_with_storage,
            state.facts.host.all("lock"),
        )
        + sysctls.plan(spec, state.sysctls, container=state.platform.container, allowed=named)
        + session.plan(spec, state.session, state.platform)
        + storage.plan(spec, state.storage, state.packages, state.session, state.platform)
        + engine.plan(
            spec,
            state.engine,
            state.packages,
            state.accounts,
            with_storage=state.users_with_storage,
            tools=state.platform.tools,
            allowed=named,
        )
        + session.plan_migrate(spec, state.session, state.subids, state.accounts, allowed=named)
        + looks.plan(spec, state.unseen, state.accounts)
    )
    ordered = sorted(outcome.changes, key=lambda change: change.phase)  # stable: parts keep their own order
    return Plan(changes=tuple(ordered), refusals=outcome.refusals, not_applicable=outcome.not_applicable)
