"""What ``apply`` and ``check`` have in common: the same options, and the same way from them to a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podstead.cli import options
from podstead.cli.execute import execute
from podstead.cli.filters import choose, listed
from podstead.visit.record import Verb


def converge(  # noqa: PLR0913 - these are the options
    verb: Verb,
    *,
    diff: bool,
    tags: Sequence[str],
    skip_tags: Sequence[str],
    start_at: str | None,
    allow: Sequence[str],
    output: str,
    output_file: Path | None,
    verbose: int,
    list_hosts: bool,
    list_tasks: bool,
    list_tags: bool,
    syntax_check: bool,
    **selection: Any,  # noqa: ANN401 - handed on to options.select, which names them all
) -> int:
    """Validate everything; then list what was asked for, or do the run. Returns the exit code."""
    selected = options.select(**selection, local_becomes=verb == "apply")
    chosen = choose(selected.hosts, tags, skip_tags, start_at)
    asked = {
        "list_hosts": list_hosts,
        "list_tasks": list_tasks,
        "list_tags": list_tags,
        "syntax_check": syntax_check,
    }
    if listed(selected, pattern=selection["pattern"], asked=asked, chosen=chosen):
        return 0
    return execute(
        verb,
        selected,
        pattern=selection["pattern"],
        output=output,
        output_file=output_file,
        verbose=verbose,
        diff=diff,
        allow=tuple(allow),
        **chosen.fields(),
    )
