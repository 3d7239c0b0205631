"""Options that say how a change goes over many hosts: batches, when to stop, what is proved, and the question beforehand."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import click

from podstead.cli.options import Selected, Selection
from podstead.cli.records import record
from podstead.cli.setting_options import setting
from podstead.errors import Exit, InputError
from podstead.fleet.rollout import PROOFS, Proof, Strategy
from podstead.fleet.strategy import ORDERS, Budget, Order, sizes
from podstead.suggest import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutOptions:
    """How a change is rolled out, as it was written."""

    serial: tuple[str, ...]
    order: Order
    canary: str | None
    max_fail: int | None
    max_fail_percentage: float | None
    any_errors_fatal: bool
    prove: tuple[str, ...]
    ask_above: int
    yes: bool


rollout = record(
    "rollout_options",
    RolloutOptions,
    click.option(
        "--serial",
        multiple=True,
        metavar="N|N%|LIST",
        help="Apply in batches of this size: a number, a percentage or a list such as 1,10%,50%; the last size is repeated.",
    ),
    click.option(
        "--order",
        type=click.Choice(ORDERS),
        default="inventory",
        show_default=True,
        help="The order of the hosts.",
    ),
    click.option(
        "--canary",
        type=click.Choice(["auto"]),
        help="Look at all hosts first, and begin with one host of each kind: system, kernel, Podman, runtime, storage.",
    ),
    click.option(
        "--max-fail",
        type=click.IntRange(0),
        metavar="N",
        help="Start no other host when more than N hosts of the run have failed or could not be reached.",
    ),
    click.option(
        "--max-fail-percentage",
        type=click.FloatRange(0, 100),
        metavar="P",
        help="Start no other host when more than P percent of a batch have failed.",
    ),
    click.option("--any-errors-fatal", is_flag=True, help="Start no other host when one has failed."),
    click.option(
        "--prove",
        multiple=True,
        metavar="WHEN",
        help="Verify, and count as failed what is not proved: canary (the first batch), each (batch), end (all hosts), never. "
        "With --serial or --canary: canary,end.",
    ),
    setting(
        "ask_above",
        "--ask-above",
        help="Ask before an apply without a pattern and --limit to more hosts than this; 0: never.",
    ),
    click.option("-y", "--yes", is_flag=True, help="Do not ask."),
)


def strategy(options: RolloutOptions, *, everything: bool) -> Strategy | None:
    """What the options mean; None where the run is one batch that nothing stops. Raises InputError.

    Only where ``everything`` of the document is applied, batches are proved without being asked for.
    """
    if options.max_fail_percentage is not None and math.isnan(options.max_fail_percentage):
        raise InputError.single("not a number", where="--max-fail-percentage")
    serial = sizes(options.serial)
    budget = Budget(
        hosts=options.max_fail, percentage=options.max_fail_percentage, first=options.any_errors_fatal
    )
    canary = options.canary is not None
    chosen = Strategy(
        serial=serial,
        order=options.order,
        canary=canary,
        budget=budget,
        prove=_proofs(options.prove, usual=everything and (bool(serial) or canary)),
    )
    return None if chosen == Strategy() else chosen


def _proofs(texts: tuple[str, ...], *, usual: bool) -> frozenset[Proof]:
    words = [word.strip() for text in texts for word in text.split(",")]
    known: dict[str, Proof] = {name: name for name in PROOFS}
    for word in words:
        if word not in known:
            raise InputError.single(
                f"{word!r}: expected {', '.join(PROOFS)}{did_you_mean(word, PROOFS)}", where="--prove"
            )
    if "never" in words and len(set(words)) > 1:
        raise InputError.single("never, and something else: only one of them can be meant", where="--prove")
    if not words:
        return frozenset({"canary", "end"} if usual else ())
    return frozenset(known[word] for word in words if word != "never")


def must_be_meant(selected: Selected, selection: Selection, options: RolloutOptions) -> None:
    """Ask before many hosts are changed that nobody has chosen. Raises InputError where that cannot be asked."""
    count = len(selected.hosts)
    if options.yes or not options.ask_above or count <= options.ask_above:
        return
    if selection.pattern != "all" or selection.limit is not None:
        return
    if not (sys.stdin and sys.stdin.isatty()):
        raise InputError.single(
            f"this would apply to all {count} hosts of the inventory, and there is no terminal to ask on",
            hint="add --yes, or choose hosts with a pattern or --limit; --ask-above 0 or the setting ask_above never asks",
        )
    if not click.confirm(f"Apply to all {count} hosts of the inventory?", default=False, err=True):
        click.echo("Nothing was changed.", err=True)
        raise click.exceptions.Exit(Exit.PENDING)
