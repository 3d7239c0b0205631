"""What stands in the way of rootless Podman and is not podstead's to change: apply refuses it and says what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from podstead.document.spec import HostSpec
from podstead.host.state import HostState
from podstead.proof import catalogue
from podstead.proof.diagnosis import DIAGNOSES, remedy_of
from podstead.proof.evidence import Evidence
from podstead.proof.subject import Subject, subject_of
from podstead.provision.change import Refusal
from podstead.provision.part import Meaning
from podstead.provision.plan import Plan, plan

MEANING: Final = Meaning(
    id="host:NAME:cause",
    title="something that podstead does not change is blocking rootless Podman",
    why=(
        "A mount option, a kernel, an outer container, another user's file: apply refuses and says what to do. The last part "
        "of the id is a failure mode, which podstead explain also knows."
    ),
    remedy="See the remedy that is printed with the refusal.",
    sources=("podstead explain",),
)
"""Of every such refusal: the failure mode has an entry of its own."""


def intended(spec: HostSpec, state: HostState, *, allowed: Iterable[str] = ()) -> Plan:
    """The plan, with what stands in its way: what apply does and refuses on a host in this state."""
    planned = plan(spec, state, allowed=allowed)
    return replace(planned, refusals=planned.refusals + refusals(spec, state))


def refusals(spec: HostSpec, state: HostState) -> tuple[Refusal, ...]:
    """Nothing here is ever changed."""
    found: dict[tuple[str, str], Refusal] = {}
    for name in sorted(spec.users.keys() & state.accounts.by_name.keys()):
        subject = subject_of(name, spec, state, Evidence())
        for refusal in _obstacles(subject):
            found.setdefault((refusal.id.rpartition(":")[2], refusal.reason), refusal)
    return tuple(found.values())


def _obstacles(subject: Subject) -> list[Refusal]:
    found = []
    for diagnosis in DIAGNOSES:
        mode = catalogue.load()[diagnosis.ref]
        sign = diagnosis.look(subject) if mode.obstacle else None
        if sign is None or not sign.proved:
            continue
        costs = f" ({', '.join(mode.costs)})" if mode.costs else ""
        found.append(
            Refusal(
                id=f"host:{subject.user}:{mode.id}",
                title=mode.title,
                reason=sign.found + (f"; expected {sign.expected}" if sign.expected else ""),
                remedy=f"{remedy_of(diagnosis, sign, subject)}{costs}; podstead explain {mode.ref}",
            )
        )
    return found
