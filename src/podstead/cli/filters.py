"""Options that choose what of a run is done, and those that only say what it would be about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import click

from podstead.cli import shell_completion
from podstead.cli.options import Selected
from podstead.cli.records import record, stack
from podstead.document.tags import PART_NAMES, part_of, parts_asked_for, position, wanted
from podstead.errors import InputError, Problem
from podstead.inventory.resolve import ResolvedHost
from podstead.plural import counted
from podstead.provision.vocabulary import Vocabulary, vocabulary
from podstead.visit.job import JobOptions

_NAMES = "tags of roles, parts or change ids"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What of a run is to be done, as it was written."""

    tags: tuple[str, ...]
    skip_tags: tuple[str, ...]
    start_at: str | None


filters = record(
    "filters",
    Filters,
    click.option(
        "-t",
        "--tags",
        multiple=True,
        metavar="TAGS",
        shell_complete=shell_completion.tags,
        help=f"Only these {_NAMES}; comma-separated, repeatable.",
    ),
    click.option(
        "--skip-tags",
        multiple=True,
        metavar="TAGS",
        shell_complete=shell_completion.tags,
        help=f"Everything except these {_NAMES}; comma-separated, repeatable.",
    ),
    click.option(
        "--start-at",
        "--start-at-task",
        "start_at",
        metavar="PART|ID",
        shell_complete=shell_completion.tags,
        help="Skip everything that comes before this part or change in the plan.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is to be printed instead of a run. Of tasks and tags, verify has none to list."""

    list_hosts: bool
    syntax_check: bool
    list_tasks: bool = False
    list_tags: bool = False


_hosts_only = stack(
    click.option("--list-hosts", is_flag=True, help="Print the chosen hosts and stop."),
    click.option(
        "--syntax-check",
        is_flag=True,
        help="Validate the whole input without connecting to any host, and stop.",
    ),
)
listing_of_verify = record("listing", Listing, _hosts_only)
listing = record(
    "listing",
    Listing,
    _hosts_only,
    click.option("--list-tasks", is_flag=True, help="Print what would be done to which hosts, and stop."),
    click.option("--list-tags", is_flag=True, help="Print the tags that --tags takes, and stop."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What of a run is to be done: fields of a job."""

    tags: tuple[str, ...]
    skip_tags: tuple[str, ...]
    start_at: str

    def options(self) -> JobOptions:
        return {"tags": self.tags, "skip_tags": self.skip_tags, "start_at": self.start_at}

    def parts(self) -> tuple[str, ...]:
        return parts_asked_for(self.tags, self.skip_tags, self.start_at)


def split(texts: Iterable[str]) -> tuple[str, ...]:
    """Repeated and comma-separated names as Ansible writes them."""
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def choose(hosts: Sequence[ResolvedHost], filters: Filters) -> Chosen:
    """Expand tags and refuse what nothing is called. Raises InputError."""
    tags, skip_tags, start_at = filters.tags, filters.skip_tags, filters.start_at
    if not (tags or skip_tags) and start_at is None:
        return Chosen(tags=(), skip_tags=(), start_at="")
    words = vocabulary_of(hosts)
    problems: list[Problem] = []
    chosen = Chosen(
        tags=words.expand("--tags", split(tags), problems),
        skip_tags=words.expand("--skip-tags", split(skip_tags), problems),
        start_at=start_at or "",
    )
    filters_by_option = {
        "--tags": split(tags) if tags else None,
        "--skip-tags": split(skip_tags) if skip_tags else None,
    }
    for option, names in {**filters_by_option, "--start-at": start_at}.items():
        if names is not None and not names:  # an empty variable of a script would else mean: do everything
            problems.append(Problem(where=option, message="is empty"))
    if start_at:
        words.known("--start-at", start_at, problems)
    if not problems and not _remaining(chosen):
        problems.append(Problem(where="--tags, --skip-tags, --start-at", message="leave nothing to do"))
    if problems:
        raise InputError(problems, hint="--list-tags lists the tags, 'podstead explain' the ids")
    return chosen


def _remaining(chosen: Chosen) -> Sequence[str]:
    """What is asked for and not taken away again."""
    if not chosen.tags:
        return chosen.parts()
    first = position(part_of(chosen.start_at)) if chosen.start_at else 0
    return [
        name
        for name in chosen.tags
        if wanted(name, (), chosen.skip_tags) and position(part_of(name)) >= first
    ]


def vocabulary_of(hosts: Iterable[ResolvedHost]) -> Vocabulary:
    """What may be named for these hosts."""
    return vocabulary((host.spec, host.tags) for host in hosts)


def listed(selected: Selected, listing: Listing, chosen: Chosen | None = None) -> bool:
    """Print what was asked for instead of a run. Everything has been validated; nothing was connected to."""
    hosts = selected.hosts
    lines: list[str] = []
    if listing.syntax_check:
        lines.append(f"syntax ok: {counted(len(hosts), 'host')}")
    if listing.list_hosts:
        lines += [host.name for host in hosts]
    if listing.list_tasks:
        lines += _plays(hosts, selected.pattern, chosen.parts() if chosen else PART_NAMES)
    if listing.list_tags:
        lines += vocabulary_of(hosts).words
    if lines:
        click.echo("\n".join(lines))
    return bool(lines)


def _plays(hosts: Sequence[ResolvedHost], pattern: str, parts: Sequence[str]) -> Iterable[str]:
    """The tasks in order; hosts of which the same is wanted are one play, as in Ansible's own listing."""
    rows_by_tasks = sorted(((_tasks(host, parts), number, host.name) for number, host in enumerate(hosts)))
    plays = [
        (min(number for _, number, _ in group), [name for _, _, name in group], tasks)
        for tasks, rows in groupby(rows_by_tasks, key=lambda row: row[0])
        if (group := list(rows))
    ]
    for number, (_, names, tasks) in enumerate(sorted(plays), start=1):
        yield f"play #{number} ({pattern}): {', '.join(names)}"
        yield "  tasks:"
        yield from (f"    {task}" for task in tasks)


def _tasks(host: ResolvedHost, parts: Sequence[str]) -> tuple[str, ...]:
    from podstead.provision.parts import tasks_of  # noqa: PLC0415 - a run plans nothing here

    return tuple(
        f"{part.name}: {part.does} ({', '.join(part.about(host.spec))})\tTAGS: [{', '.join(_tags(part.name, host))}]"
        for part in tasks_of(host.spec)
        if part.name in parts
    )


def _tags(part: str, host: ResolvedHost) -> tuple[str, ...]:
    """The part's own name, and the tags of roles that stand for it or for one of its changes."""
    return (part, *(tag for tag, names in sorted(host.tags.items()) if part in map(part_of, names)))
