"""Options that have a setting: what variables and files say is judged as a whole before the first is used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from podstead.cli.records import Decorator
from podstead.control.setting_table import SETTINGS, Setting
from podstead.control.settings import Settings, load


class Configured:
    """The settings of this call, read when the first is needed: ``--help`` must neither read files nor stop at one."""

    def __init__(self) -> None:
        self.settings: Settings | None = None

    def read(self) -> None:
        """Read the settings, once, and say what is odd about them."""
        from podstead.printable import printable  # noqa: PLC0415

        if self.settings is None:
            self.settings = load(Path(), os.environ)
            for warning in self.settings.warnings:
                click.echo(f"podstead: warning: {printable(warning)}", err=True)

    def from_files(self) -> dict[str, Any]:
        """Parameter -> value, of what files say; nothing while none had to be read."""
        return self.settings.from_files() if self.settings else {}


class SettingOption(click.Option):
    """An option whose value may come from a variable or a file."""

    def consume_value(
        self, ctx: click.Context, opts: Mapping[str, click.Parameter]
    ) -> tuple[Any, ParameterSource]:
        # not click's default_map: that would reach options of the same name that have no setting (roles --output)
        value, source = super().consume_value(ctx, opts)
        configured = ctx.find_object(Configured)
        values = configured.from_files() if configured and source is ParameterSource.DEFAULT else {}
        return (values[self.name], ParameterSource.DEFAULT_MAP) if self.name in values else (value, source)

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        # all mistakes of all settings are said at once, before click stops at the first
        configured = ctx.find_object(Configured)
        if configured and not ctx.resilient_parsing:
            configured.read()
        return super().resolve_envvar_value(ctx)

    def value_from_envvar(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        # an empty element would be the current folder, with everything in it ("hosts:")
        found = super().value_from_envvar(ctx)
        return [element for element in found if element] if self.multiple and found else found


def setting(name: str, *names: str, **more: Any) -> Decorator:  # noqa: ANN401 - click's
    """An option for a setting; range, choices, default and variable come from the table."""
    entry = SETTINGS[name]
    more = {"type": _type(entry), "default": entry.default, "show_default": entry.default is not None, **more}
    if entry.kind == "number":
        more.setdefault("metavar", "N")
    if entry.is_list:
        more["multiple"] = True
        more.pop("default")
    return click.option(*names, cls=SettingOption, envvar=entry.variable, show_envvar=True, **more)


def source_of(name: str) -> str:
    """Where the value of a setting comes from in this call: its option, a variable, or ``FILE:LINE``."""
    ctx, entry = click.get_current_context(), SETTINGS[name]
    configured = ctx.find_object(Configured)
    is_option = ctx.get_parameter_source(entry.param or name) is ParameterSource.COMMANDLINE
    if is_option or configured is None or configured.settings is None:
        return entry.option.rpartition(", ")[2]
    return next(value.source for value in configured.settings.values if value.setting is entry)


def _type(entry: Setting) -> click.ParamType[Any] | None:
    if entry.kind == "number":
        return click.IntRange(entry.low, entry.high)
    if entry.kind == "choice":
        return click.Choice(entry.choices)
    if entry.kind in ("sources", "paths", "path"):
        return click.Path()  # its lists in variables are separated as in $PATH
    return None
