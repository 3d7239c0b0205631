"""What ``apply`` and ``check`` have in common: the same options, and the same way from them to a run."""

from __future__ import annotations

from podstead.cli.connection_options import ConnectionOptions
from podstead.cli.execute import execute
from podstead.cli.filters import Filters, Listing, choose, listed
from podstead.cli.options import People, Printing, Selection, select, warn_of_unprepared
from podstead.cli.rollout_options import RolloutOptions, must_be_meant, strategy
from podstead.visit.record import Verb


def converge(  # noqa: PLR0913 - these are the options
    verb: Verb,
    *,
    selection: Selection,
    connection_options: ConnectionOptions,
    people: People,
    printing: Printing,
    filters: Filters,
    listing: Listing,
    diff: bool,
    allow: tuple[str, ...],
    rollout_options: RolloutOptions | None = None,
) -> int:
    """Validate everything; then list what was asked for, or do the run. Returns the exit code."""
    everything = not (filters.tags or filters.skip_tags or filters.start_at)
    how = strategy(rollout_options, everything=everything) if rollout_options else None
    selected = select(
        selection, connection_options, people, local_becomes=verb == "apply", must_be_named=verb == "apply"
    )
    warn_of_unprepared(selected.hosts)
    chosen = choose(selected.hosts, filters)
    if listed(selected, listing, chosen):
        return 0
    if rollout_options and verb == "apply":
        must_be_meant(selected, selection, rollout_options)
    report = execute(
        verb,
        selected,
        printing,
        {**chosen.options(), "allow": allow},
        diff=diff,
        strategy=how if verb == "apply" else None,
    )
    return int(report.exit_code)
