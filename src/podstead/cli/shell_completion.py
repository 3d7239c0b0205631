"""What the shell may complete. Whatever goes wrong while completing is silent: the person is in the middle of a line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from podstead.errors import PodsteadError


def _items(words: Iterable[str], prefix: str) -> list[CompletionItem]:
    return [CompletionItem(word) for word in words if word.startswith(prefix)]


def hosts(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Hosts and groups of the inventory that was given or is configured; also behind ``:``, ``!`` and ``&``."""
    head = incomplete[: max(incomplete.rfind(mark) for mark in ":,!&") + 1]
    names = ["@local", *_names(ctx)] if not head else _names(ctx)
    return _items((head + name for name in dict.fromkeys(names)), incomplete)


def _names(ctx: click.Context) -> Iterator[str]:
    try:
        from podstead.inventory.load import read_inventory  # noqa: PLC0415 - not for --help

        sources = _sources(ctx)
        inventory = read_inventory(sources) if sources else None
    except (PodsteadError, OSError, ValueError):
        return
    if inventory:
        yield from inventory.groups
        yield from inventory.hosts


def _sources(ctx: click.Context) -> list[str]:
    return [str(source) for source in ctx.params.get("sources") or _configured("inventory")]


def _configured(name: str) -> list[str]:
    from podstead.control.settings import load  # noqa: PLC0415

    try:
        return next(
            list(entry.value) for entry in load(Path(), os.environ).values if entry.setting.name == name
        )
    except (PodsteadError, OSError):
        return []


def tags(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Parts, and the tags of the roles of the inventory's hosts; also behind a comma."""
    head = incomplete[: incomplete.rfind(",") + 1]
    return _items((head + name for name in _tags(ctx)), incomplete)


def _tags(ctx: click.Context) -> Iterator[str]:
    from podstead.document.tags import PART_NAMES  # noqa: PLC0415

    yield from PART_NAMES
    try:
        from podstead.inventory.load import load  # noqa: PLC0415

        sources = _sources(ctx)
        found = load(sources) if sources else ()
    except (PodsteadError, OSError, ValueError):
        return
    yield from sorted({tag for host in found for tag in host.tags})


def explanations(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Everything that ``podstead explain`` knows, by id and by reference."""
    from podstead.report.explain import entries  # noqa: PLC0415

    every = tuple(entries())
    known = {entry.id: entry.title for entry in every} | {
        entry.ref: entry.title for entry in every if entry.ref
    }
    return [CompletionItem(name, help=title) for name, title in known.items() if name.startswith(incomplete)]


def checks(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The checks of ``verify``."""
    from podstead.proof.checks import CHECKS  # noqa: PLC0415

    return [
        CompletionItem(name, help=check.title)
        for name, check in CHECKS.items()
        if name.startswith(incomplete.upper())
    ]


def roles(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The roles that can be had: given or configured folders, beside the inventory, built in."""
    from podstead.document.roles import RoleLibrary  # noqa: PLC0415
    from podstead.inventory.load import places  # noqa: PLC0415

    folders = ctx.params.get("roles_path") or _configured("roles_path")
    inventory_folders = [folder / "roles" for folder in places(_sources(ctx))]
    return _items(RoleLibrary(inventory_folders, chosen=map(Path, folders)).known(), incomplete)
