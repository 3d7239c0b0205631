"""A part is one kind of thing that podstead provisions. What is known of it is one record, beside its planner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from podstead.document.spec import HostSpec
from podstead.host.state import HostState
from podstead.provision.change import Outcome, Phase

Names = Callable[[HostSpec], tuple[str, ...]]
"""Names that a document gives: users, packages, keys."""

Planner = Callable[[HostSpec, HostState, frozenset[str]], Outcome]
"""What a part has to say about a host in this state; the last argument holds the ids of refusals that were allowed by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a change, or its refusal, means. In its id NAME and KEY stand for what differs, and subuid for subgid, too."""

    id: str
    title: str
    why: str
    remedy: str
    """What does the same by hand, for any host."""
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One kind of thing that podstead provisions."""

    name: str
    """The first word of its ids, and a tag."""
    does: str
    """What it does, on one line."""
    phases: tuple[Phase, ...]
    """When its changes are made."""
    about: Names
    """What a document gives it to do; nothing where the document does not speak of it."""
    plan: Planner
    changes: tuple[Meaning, ...]
    """Everything that its plan can say."""
    owns: tuple[str, ...] = ()
    """Files that are podstead's own: they are looked at, and written whole."""
    names: Names | None = None
    """What NAME and KEY may be in its ids, where that is not what it is about."""

    def ids(self, spec: HostSpec) -> Iterator[str]:
        """Every id that its changes and refusals can have on a host with this document."""
        names = (self.names or self.about)(spec)
        stands_for = {"NAME": names, "KEY": names, "subuid": ("subuid", "subgid")}
        for change in self.changes:
            part, name, what = change.id.split(":")
            yield from (f"{part}:{each}:{what}" for each in stands_for.get(name, (name,)))


def users_of(spec: HostSpec) -> tuple[str, ...]:
    """What the parts that serve users are about."""
    return tuple(spec.users)
