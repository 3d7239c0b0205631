"""podstead explain"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

import click

from podstead.cli import shell_completion
from podstead.errors import InputError
from podstead.printable import printable
from podstead.report.explain import Entry, entries, find, nearest
from podstead.report.search import search

_MOST = 12
"""So many entries of a search: what is further down fits badly."""


@click.command("explain")
@click.argument("words", nargs=-1, metavar="[ID | WORDS]...", shell_complete=shell_completion.explanations)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, words: tuple[str, ...], output: str) -> int:
    """Explain what a check (V10), a failure mode (B03) or a change (subids:alice:ranges) means.

    Also finds them by an error message or a word: podstead explain "newuidmap: write to uid_map failed". Without any, all of
    them are listed.
    """
    chosen = _chosen(" ".join(words)) if words else list(entries())
    if output == "json":
        document = {
            "schema": "podstead.explain/1",
            "entries": [dataclasses.asdict(entry) for entry in chosen],
        }
        click.echo(json.dumps(document, indent=2))
    elif words and len(chosen) == 1:
        click.echo(printable(chosen[0].text()))
    elif words:
        click.echo(
            "\n".join(("The best match first; podstead explain ID says more:", "", *map(_line, chosen)))
        )
    else:
        _page("\n".join(_lists(chosen)))
    return 0


def _chosen(text: str) -> Sequence[Entry]:
    """The entry with that id, or those that fit best. Raises InputError where there is none."""
    exact = find(text)
    if exact:
        return [exact]
    found = search(text, entries())
    if not found:
        near = nearest(text)
        hint = f"did you mean {', '.join(near)}?" if near else "'podstead explain' lists everything"
        raise InputError.single(f"nothing matches {text[:80]!r}", hint=hint)
    return found[:_MOST]


def _line(entry: Entry) -> str:
    return f"{entry.ref or '':<4}{entry.id:<36} {entry.title}"


def _lists(chosen: Sequence[Entry]) -> Iterator[str]:
    for number, (heading, group) in enumerate(groupby(chosen, key=lambda entry: entry.group)):
        yield ("\n" if number else "") + heading
        yield from map(_line, group)


def _page(text: str) -> None:
    """A screen at a time, where there is a screen."""
    if sys.stdout is not None and sys.stdout.isatty():
        click.echo_via_pager(text + "\n")
    else:
        click.echo(text)
