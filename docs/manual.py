"""Manual pages in roff from the same commands that the command line runs. ``docs/generate.py`` writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import click

from podstead.cli.grouped_help import GroupedCommand
from podstead.cli.main import VERBS, cli
from podstead.control.setting_table import CONFIG, SETTINGS
from podstead.control.settings import ORDER
from podstead.errors import Exit

_MEANINGS = {
    Exit.GOOD: "Success.",
    Exit.FAILED: "A host, a change or a check failed.",
    Exit.USAGE: "Wrong usage or input.",
    Exit.PENDING: "Changes are pending (check).",
    Exit.UNREACHABLE: "A host was unreachable.",
    Exit.INTERRUPTED: "Interrupted.",
}


def pages() -> dict[str, str]:
    """Every page by the name of its file."""
    written = {"podstead.1": "\n".join(_main()) + "\n"}
    for verb, says in VERBS.items():
        command = cli.get_command(click.Context(cli), verb)
        if command:
            written[f"podstead-{verb}.1"] = "\n".join(_verb(verb, says, command)) + "\n"
    return written


def roff(text: str) -> str:
    """Text of which nothing is taken for a request, an escape or a hyphen."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return re.sub(r"(?m)^\.", r"\\&.", escaped).replace("^", "\\(ha").replace("~", "\\(ti")


def _title(name: str) -> str:
    # no date and no version: a page must come out the same whenever it is written
    return f'.TH "{roff(name.upper())}" "1" "" "podstead" "podstead manual"'


def _section(name: str, *lines: str) -> Iterator[str]:
    yield f'.SH "{name}"'
    yield from lines


def _main() -> Iterator[str]:
    yield _title("podstead")
    yield from _section(
        "NAME", roff("podstead - make Linux hosts ready for rootless Podman, and prove that they are")
    )
    yield from _section("SYNOPSIS", ".B podstead", ".I VERB", roff("[PATTERN] [OPTIONS]"))
    yield from _section("DESCRIPTION", *_paragraphs(cli.help or ""))
    yield from _section("VERBS")
    for verb, says in VERBS.items():
        yield from (".TP", f".BR {roff(f'podstead-{verb}')} (1)", roff(says))
    yield from _section("OPTIONS", *_options(cli))
    yield from _section(
        "EXIT STATUS", *(line for code in Exit for line in (".TP", f".B {code.value}", roff(_MEANINGS[code])))
    )
    yield from _section("ENVIRONMENT", roff(f"The order is: {ORDER}."))
    yield from (".TP", f".B {CONFIG}", roff("The one file to read settings from, instead of those below."))
    for one in SETTINGS.values():
        yield from (".TP", f".B {one.variable}", roff(f"{one.option}: {one.help}. In files: {one.name}."))
    yield from _section("FILES", ".TP", ".I podstead.toml", "Settings of the current folder.")
    yield from (".TP", ".I pyproject.toml", roff("The same in the table [tool.podstead]."))
    yield from _section("SEE ALSO", *_see_also(f"podstead-{verb}" for verb in VERBS))


def _verb(verb: str, says: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=f"podstead {verb}")
    yield _title(f"podstead-{verb}")
    yield from _section("NAME", roff(f"podstead-{verb} - {says[0].lower()}{says[1:].rstrip('.')}"))
    yield from _section(
        "SYNOPSIS", f".B podstead {roff(verb)}", roff(" ".join(command.collect_usage_pieces(context)))
    )
    yield from _section("DESCRIPTION", *_paragraphs(command.help or ""))
    if isinstance(command, GroupedCommand):
        yield from _section("EXAMPLES", *_rows(command.examples))
        yield from _section("OPTIONS")
        for heading, rows in command.groups(_wide(command)):
            yield f'.SS "{roff(heading)}"'
            yield from _rows(rows)
    else:
        yield from _section("OPTIONS", *_options(command))
    yield from _section("SEE ALSO", *_see_also(["podstead"]))


def _see_also(names: Iterator[str] | list[str]) -> Iterator[str]:
    listed = list(names)
    for name in listed:
        yield f".BR {roff(name)} (1){',' if name != listed[-1] else ''}"


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ".PP"
        if paragraph.lstrip().startswith("\b"):  # click's mark for: leave the lines as they are
            rows = [line.strip() for line in paragraph.replace("\b", "").strip().splitlines()]
            yield from (".nf", *map(roff, rows), ".fi")
        else:
            yield roff(" ".join(paragraph.split()))


def _options(command: click.Command) -> Iterator[str]:
    context = _wide(command)
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    yield from _rows(row for one in options if (row := one.get_help_record(context)))


def _wide(command: click.Command) -> click.Context:
    return click.Context(command, info_name="podstead", terminal_width=1000, max_content_width=1000)


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, text in rows:
        yield from (".TP", f".B {roff(term)}", roff(" ".join(text.split())))
