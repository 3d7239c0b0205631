"""Verbs with many options: their help has examples and headings, and no option may be empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click
from click.core import ParameterSource

from podstead.errors import InputError

Row = tuple[str, str]

HEADINGS: Final[Mapping[str, Sequence[str]]] = {
    "Which hosts": ("sources", "limit"),
    "Which users": ("names",),
    "Values and roles": ("extra_vars", "roles_path", "vault_password_file", "vault_id", "ask_vault_pass"),
    "Connection": (
        "user",
        "private_key",
        "ssh_common_args",
        "ask_pass",
        "become",
        "become_method",
        "become_user",
        "ask_become_pass",
        "forks",
        "timeout",
        "command_timeout",
    ),
    "What to do": ("check", "yes", "tags", "skip_tags", "start_at", "allow", "checks", "since", "probe_timeout", "as_user"),
    "Many hosts": ("serial", "order", "canary", "max_fail", "max_fail_percentage", "any_errors_fatal", "prove", "ask_above"),
    "Instead of a run": ("list_hosts", "list_tasks", "list_tags", "syntax_check", "print_script"),
    "Output": ("diff", "output", "output_file", "reports", "verbose"),
}  # fmt: skip
"""Heading -> the parameters that stand below it."""
OTHERS: Final = "Other options"


def _name(param: click.Parameter) -> str:
    """How a message names an option: by its first long name."""
    return next((name for name in param.opts if name.startswith("--")), param.opts[0])


class GroupedCommand(click.Command):
    """A command whose help has ``examples``: command lines and what each does."""

    def __init__(self, *arguments: Any, examples: Sequence[Row] = (), **more: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*arguments, **more)
        self.examples = examples

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse options that are there and empty, such as those of a script whose variable was never set."""
        rest = super().parse_args(ctx, args)
        for param in () if ctx.resilient_parsing else self.params:  # somebody may still be typing
            value = ctx.params.get(param.name or "")
            typed = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
            if typed and ("" in value if isinstance(value, tuple) else value == ""):
                raise InputError.single("is empty", where=_name(param))
        return rest

    def groups(self, ctx: click.Context) -> Iterator[tuple[str, list[Row]]]:
        """Yield each heading with its options and what they do."""
        headings = {name: heading for heading, names in HEADINGS.items() for name in names}
        rows_by_heading: dict[str, list[Row]] = {heading: [] for heading in (*HEADINGS, OTHERS)}
        for param in self.get_params(ctx):
            row = None if isinstance(param, click.Argument) else param.get_help_record(ctx)
            if row:
                rows_by_heading[headings.get(param.name or "", OTHERS)].append(row)
        yield from ((heading, rows) for heading, rows in rows_by_heading.items() if rows)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, and the options under their headings."""
        with formatter.section("Examples"):
            formatter.write_dl(list(self.examples), col_max=60)
        for heading, rows in self.groups(ctx):
            with formatter.section(heading):
                formatter.write_dl(rows)
