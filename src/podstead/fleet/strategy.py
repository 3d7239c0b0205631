"""
How a run goes over many hosts: in which order, in which batches, and when it stops. Pure functions.

``serial`` and ``order`` mean what they mean in a play of Ansible ("Controlling playbook execution: strategies and more",
docs.ansible.com). A run stops when more hosts than allowed have failed; hosts that cannot be reached count as failed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Self, TypeVar, get_args

from podstead.errors import InputError
from podstead.plural import agree, counted
from podstead.suggest import the_first
from podstead.visit.record import HostReport, Status

Order = Literal["inventory", "reverse_inventory", "sorted", "reverse_sorted", "shuffle"]
ORDERS: Final = get_args(Order)
_SIZE: Final = re.compile(r"(?P<number>\d{1,9})(?P<percent>%)?")
_T = TypeVar("_T")
_BAD: Final = (Status.FAILED, Status.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Size:
    """How many hosts: a number, or a percentage of all hosts of the run."""

    number: int
    is_percentage: bool = False

    @classmethod
    def parse(cls, text: str, where: str) -> Self:
        """Read ``5`` or ``10%``. Raises InputError for anything else, for 0 and for more than 100%."""
        match = _SIZE.fullmatch(text.strip())
        number = int(match["number"]) if match else 0
        is_percentage = bool(match and match["percent"])
        if number < 1 or (is_percentage and number > 100):
            raise InputError.single(
                f"{text!r}: expected a number of hosts, or a percentage such as 10%", where=where
            )
        return cls(number, is_percentage)

    def of(self, total: int) -> int:
        """So many of ``total`` hosts; rounded down, and at least one."""
        return max(1, total * self.number // 100) if self.is_percentage else self.number


def sizes(texts: Sequence[str], where: str = "--serial") -> tuple[Size, ...]:
    """Read sizes, repeated or with commas between them. Raises InputError."""
    return tuple(Size.parse(word, where) for text in texts for word in text.split(","))


def batches(hosts: Sequence[_T], serial: Sequence[Size], total: int) -> Iterator[tuple[_T, ...]]:
    """Split hosts into batches of these sizes; the last size is repeated. Without sizes all hosts are one batch.

    Percentages are of ``total``, all hosts of the run: others may have been done before.
    """
    start = number = 0
    while start < len(hosts):
        size = serial[min(number, len(serial) - 1)].of(total) if serial else len(hosts)
        yield tuple(hosts[start : start + size])
        start, number = start + size, number + 1


def ordered(names: Sequence[str], order: Order) -> tuple[str, ...]:
    """Put the names of hosts, which come in the order of the inventory, into the order of the run."""
    match order:
        case "inventory":
            return tuple(names)
        case "reverse_inventory":
            return tuple(reversed(names))
        case "sorted":
            return tuple(sorted(names))
        case "reverse_sorted":
            return tuple(sorted(names, reverse=True))
        case "shuffle":
            return tuple(random.SystemRandom().sample(names, len(names)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many hosts may fail before no other host is started."""

    hosts: int | None = None
    """Over the whole run."""
    percentage: float | None = None
    """Of a batch, as Ansible's ``max_fail_percentage``: more than this stops the run."""
    first: bool = False
    """The first host that fails stops the run (Ansible's ``any_errors_fatal``)."""

    def exceeded(self, *, run: int, batch: int, size: int) -> str:
        """Say why the run has to stop; empty while it may go on. A batch of which all have failed stops it in any case.

        ``run`` hosts have failed in the run, ``batch`` of them in a batch of ``size``.
        """
        failed = f"{counted(run, 'host')} {agree(run, 'has', 'have')} failed"
        if self.first and run:
            return f"{failed}, and --any-errors-fatal allows none"
        if self.hosts is not None and run > self.hosts:
            return f"{failed}, and --max-fail allows {self.hosts}"
        if self.percentage is not None and 100 * batch > self.percentage * size:
            return f"{batch} of {size} hosts of a batch have failed, and --max-fail-percentage allows {self.percentage:g}%"
        if size and batch >= size:
            return "no host of a batch could be done" if size > 1 else "the only host of a batch has failed"
        return ""

    @property
    def is_unlimited(self) -> bool:
        """Nobody has said how many hosts may fail."""
        return self.hosts is None and self.percentage is None and not self.first

    def left(self, *, run: int, size: int) -> int | None:
        """How many hosts may fail in a batch of ``size`` that begins now; None where that does not matter."""
        limits = [0] if self.first else []
        if self.hosts is not None:
            limits.append(max(0, self.hosts - run))
        if self.percentage is not None:
            limits.append(int(self.percentage * size / 100))
        return min(limits, default=None)


@dataclass(slots=True)
class Count:
    """Counts what has failed while a run goes on."""

    budget: Budget
    size: int = 0
    failed: set[str] = field(default_factory=set)
    in_batch: set[str] = field(default_factory=set)

    def start_batch(self, size: int) -> None:
        """A batch of ``size`` hosts begins."""
        self.size, self.in_batch = size, set()

    @property
    def canary(self) -> str:
        """Why the run has to stop after its canaries, where nobody has said how many hosts may fail: none of them."""
        if not (self.budget.is_unlimited and self.in_batch):
            return ""
        return f"{the_first(sorted(self.in_batch))}, a canary, has failed"

    @property
    def left(self) -> int | None:
        """How many other hosts of the batch may fail; None where that does not matter."""
        limit = self.budget.left(run=len(self.failed - self.in_batch), size=self.size)
        return None if limit is None else max(0, limit - len(self.in_batch))

    def add(self, reports: Iterable[HostReport]) -> str:
        """Take the reports of hosts into account; return why the run has to stop, or nothing."""
        bad = {report.name for report in reports if report.status in _BAD}
        self.failed |= bad
        self.in_batch |= bad
        return self.budget.exceeded(run=len(self.failed), batch=len(self.in_batch), size=self.size)


def canaries(looked: Iterable[HostReport]) -> dict[str, int]:
    """The first host of each kind -> how many hosts are of that kind; a host that could not be looked at has none."""
    names_by_kind: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for report in looked:
        if report.kind:
            names_by_kind.setdefault(tuple(sorted(report.kind.items())), []).append(report.name)
    return {names[0]: len(names) for names in names_by_kind.values()}
