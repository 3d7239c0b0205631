"""podstead config"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from podstead.control.settings import ORDER, Settings, load, strays
from podstead.printable import one_line


@click.command("config")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, output: str) -> int:
    """Print every setting, its value and where it comes from.

    Settings are read from podstead.toml, or [tool.podstead] in pyproject.toml, in the current folder, or from the one
    file that PODSTEAD_CONFIG names. Paths in a file are relative to that file.
    """
    settings = load(Path(), os.environ)
    warnings = (*settings.warnings, *strays(os.environ))
    for warning in warnings:
        click.echo(f"podstead: warning: {one_line(warning)}", err=True)
    click.echo(json.dumps(_document(settings), indent=2) if output == "json" else _text(settings))
    return 0


def _document(settings: Settings) -> dict[str, Any]:
    rows = [
        {
            "name": entry.setting.name,
            "value": entry.value,
            "source": entry.source,
            "option": entry.setting.option,
            "variable": entry.setting.variable,
        }
        for entry in settings.values
    ]
    return {"schema": "podstead.config/1", "files": list(settings.files), "settings": rows}


def _text(settings: Settings) -> str:
    table = [(entry.setting.name, _display(entry.value), entry.source) for entry in settings.values]
    names = max(len(name) for name, _, _ in table)
    values = min(max(len(value) for _, value, _ in table), 40)
    rows = [f"# {ORDER}"]
    rows += [f"{name:<{names}} = {value:<{values}}  {source}" for name, value, source in table]
    return "\n".join(one_line(row) if "\x1b" in row else row for row in rows)


def _display(value: object) -> str:
    """As it would stand in a TOML file; a setting that has no value is empty."""
    return "" if value is None else json.dumps(value)
