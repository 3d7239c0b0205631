"""Writes the generated reference (``make docs``). A test fails when it is not current."""

from __future__ import annotations

import json
from pathlib import Path

import click

from podstead.cli.main import VERBS, cli
from podstead.explain import entries
from podstead.report.record import Report
from podstead.schema import layer_schema

HERE = Path(__file__).parent / "reference"
_NOTE = "<!-- Written by `make docs`; changes made here are overwritten. -->\n"


def pages() -> dict[str, str]:
    """Every generated file by name."""
    return {
        "checks-and-changes.md": _explained(),
        "command-line.md": _command_line(),
        "layer.schema.json": json.dumps(layer_schema(), indent=2) + "\n",
        "report.schema.json": json.dumps(Report.model_json_schema(by_alias=True), indent=2) + "\n",
    }


def _explained() -> str:
    rows = [
        _NOTE,
        "# Checks and changes\n",
        "What `podstead explain ID` says. In ids, NAME and KEY stand for what differs.\n",
    ]
    for entry in entries():
        severity = f" ({entry.severity})" if entry.severity else ""
        rows.append(
            f"## `{entry.id}`\n\n**{entry.title}**{severity}\n\n{entry.why}\n\nBy hand: {entry.remedy}\n"
        )
        rows.append(f"Sources: {'; '.join(entry.sources)}\n")
    return "\n".join(rows)


def _command_line() -> str:
    rows = [_NOTE, "# Command line\n", _help(cli, "podstead")]
    for verb in VERBS:
        command = cli.get_command(click.Context(cli), verb)
        if command:
            rows.append(f"## podstead {verb}\n")
            rows.append(_help(command, f"podstead {verb}"))
    return "\n".join(rows)


def _help(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    return f"```text\n{command.get_help(context)}\n```\n"


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
