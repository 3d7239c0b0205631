"""Writes the generated reference (``make docs``). A test fails when it is not current."""

from __future__ import annotations

import json
from pathlib import Path

import click

from docs import manual, protocol_page
from podstead.cli.main import VERBS, cli
from podstead.document.schema import layer_schema, role_schema
from podstead.report.explain import FIELDS, Entry, entries, failures
from podstead.visit.record import report_schema

HERE = Path(__file__).parent / "reference"
MAN = Path(__file__).parent / "man"
_NOTE = "<!-- Written by `make docs`; changes made here are overwritten. -->\n"


def pages() -> dict[str, str]:
    """Every generated file by name."""
    return {
        "checks-and-changes.md": _explained(),
        "command-line.md": _command_line(),
        "failure-modes.md": _failure_modes(),
        "messages.md": _messages(),
        "protocol.md": f"{_NOTE}\n{protocol_page.page()}",
        "layer.schema.json": json.dumps(layer_schema(), indent=2) + "\n",
        "role.schema.json": json.dumps(role_schema(), indent=2) + "\n",
        "report.schema.json": json.dumps(report_schema(), indent=2) + "\n",
    }


def _explained() -> str:
    rows = [
        _NOTE,
        "# Checks and changes\n",
        "What `podstead explain ID` says. In ids, NAME and KEY are placeholders.\n",
    ]
    for entry in entries():
        if entry.ref:
            continue
        severity = f" ({entry.severity})" if entry.severity else ""
        rows.append(
            f"## `{entry.id}`\n\n**{entry.title}**{severity}\n\n{entry.why}\n\nRemedy: {entry.remedy}\n"
        )
        rows.append(f"Sources: {'; '.join(entry.sources)}\n")
    return "\n".join(rows)


def _messages() -> str:
    entries_by_message: dict[str, list[Entry]] = {}
    for entry in failures():
        for symptom in entry.symptoms:
            entries_by_message.setdefault(symptom, []).append(entry)
    rows = [
        _NOTE,
        "# Messages\n",
        "What Podman, newuidmap, the kernel and others print, and what is behind it. Words in capital letters are placeholders.",
        '`podstead explain "MESSAGE"` searches the same list, and `podstead verify` finds out which of the causes it is.\n',
    ]
    for message in sorted(entries_by_message, key=lambda text: (text.lower(), text)):
        rows.append(f"```text\n{message}\n```\n")
        rows += [
            f"- [{entry.ref}](failure-modes.md#{entry.ref.lower()}-{entry.id}) {entry.title}"
            for entry in entries_by_message[message]
        ]
        rows.append("")
    return "\n".join(rows)


def _failure_modes() -> str:
    rows = [
        _NOTE,
        "# Failure modes\n",
        (
            "Every known way in which a host breaks rootless Podman, what it looks like, and how to fix it. `podstead verify` names "
            "them by reference and id; `podstead explain B03` prints an entry. The data is TOML in `src/podstead/proof/catalogue`.\n"
        ),
    ]
    field = ""
    for entry in failures():
        if entry.ref[0] != field:
            field = entry.ref[0]
            rows.append(f"## {field}: {FIELDS[field]}\n")
        rows.append(f"### {entry.ref} `{entry.id}`\n\n**{entry.title}** ({entry.severity})\n")
        for label, text in entry.rows:
            if label == "You may see":
                rows.append("You may see:\n\n```text\n" + "\n".join(entry.symptoms) + "\n```\n")
            else:
                rows.append(f"- {label}: {text}")
        rows.append("")
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
    MAN.mkdir(exist_ok=True)
    written = manual.pages()
    for old in MAN.glob("*.1"):
        if old.name not in written:
            old.unlink()
    for name, text in written.items():
        (MAN / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
