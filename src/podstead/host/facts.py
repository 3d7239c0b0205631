"""Facts that no part manages but that explain failures, as the observe script found them (``visit/scripts/facts.sh``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from podstead.host.frames import Record, Records


@dataclass(frozen=True, slots=True)
class Facts:
    """Named values of a host or of one user. What is not in it was not there, or was not looked at."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """The first value, or None."""
        return next(iter(self.values.get(name, ())), None)

    def all(self, name: str) -> tuple[str, ...]:
        return self.values.get(name, ())

    def words(self, name: str) -> frozenset[str] | None:
        """A value that is a list of words (controllers), or None where it was not seen."""
        value = self.get(name)
        return None if value is None else frozenset(value.split())

    def mount(self, name: str) -> tuple[str, frozenset[str]] | None:
        """Type and options of a file system, or None where it was not seen."""
        words = (self.get(name) or "").split()
        return (words[0], frozenset(words[1].split(","))) if len(words) == 2 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsState:
    """Facts of the host and of each wanted user who exists."""

    host: Facts = Facts()
    users: Mapping[str, Facts] = field(default_factory=dict)

    def of(self, user: str) -> Facts:
        return self.users.get(user, Facts())


def parse(records: Records) -> FactsState:
    host = next((_facts(record) for record in records.all("facts")), Facts())
    return FactsState(
        host=host, users={record.argument: _facts(record) for record in records.all("user-facts")}
    )


def _facts(record: Record) -> Facts:
    found: dict[str, tuple[str, ...]] = {}
    for line in record.text.splitlines():
        name, tab, value = line.partition("\t")
        if tab:
            found[name] = (*found.get(name, ()), value)
    return Facts(found)
