"""Options that several verbs share, with Ansible's names and letters, and what they mean for a run."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from podstead.cli import shell_completion
from podstead.cli.connection_options import (
    ConnectionOptions,
    connection_defaults,
    must_have_effect,
    must_have_files,
    with_connection_options,
)
from podstead.cli.records import record
from podstead.cli.secret import vault_of, vault_options
from podstead.cli.setting_options import setting
from podstead.control.invoker import invoking_user
from podstead.control.setting_table import SETTINGS
from podstead.document.values import Origin
from podstead.errors import InputError, Problem
from podstead.inventory.load import load
from podstead.inventory.named import HERE, login, without_inventory
from podstead.inventory.people import for_users
from podstead.inventory.resolve import ResolvedHost
from podstead.printable import printable
from podstead.report.formats import FORMATS
from podstead.suggest import the_first
from podstead.visit.job import JobOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which hosts, and what is said about them."""

    pattern: str
    sources: tuple[str, ...]
    limit: str | None
    extra_vars: tuple[str, ...]
    roles_path: tuple[str, ...]
    vault_password_file: tuple[str, ...]
    vault_id: tuple[str, ...]
    ask_vault_pass: bool


def _joined(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> str:
    """``web1 web2`` is ``web1,web2``."""
    return ",".join(words) if words else "all"


selection = record(
    "selection",
    Selection,
    click.argument("pattern", nargs=-1, callback=_joined, shell_complete=shell_completion.hosts),
    setting(
        "inventory",
        "-i",
        "--inventory",
        "sources",
        metavar="PATH",
        help="Inventory file, folder, or 'host1,host2,'. Repeatable.",
    ),
    click.option(
        "-l",
        "--limit",
        metavar="PATTERN",
        shell_complete=shell_completion.hosts,
        help="Further limit the hosts to those that match this pattern.",
    ),
    click.option(
        "-e",
        "--extra-vars",
        multiple=True,
        metavar="KEY=VALUE|@FILE|JSON",
        help="Values that override every layer. Repeatable.",
    ),
    setting(
        "roles_path",
        "--roles-path",
        metavar="DIR",
        help="Folder in which to look for roles first. Repeatable.",
    ),
    *vault_options,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """For whom hosts are prepared, where that is said on the command line."""

    names: tuple[str, ...]


people = record(
    "people",
    People,
    click.option(
        "--for",
        "names",
        multiple=True,
        metavar="USER",
        help="Prepare the hosts for this user, or prove that they are; for no other. Repeatable.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing:
    """How a report is told, and where it is kept."""

    output: str
    output_file: Path | None = None
    reports: tuple[tuple[str, Path], ...] = ()
    """Formats and files to write them to."""
    verbose: int = 0


def _reports(
    _ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]
) -> tuple[tuple[str, Path], ...]:
    found = []
    for word in words:
        name, equals, path = word.partition("=")
        if name not in FORMATS or not equals or not path:
            known = ", ".join(FORMATS)
            raise InputError.single(f"--report: expected FORMAT=FILE, with one of {known}; found {word!r}")
        found.append((name, Path(path)))
    return tuple(found)


output = record(
    "printing",
    Printing,
    setting("output", "-o", "--output", help="What to print on standard output."),
    click.option(
        "--output-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Also write the JSON document to this file.",
    ),
    click.option(
        "--report",
        "reports",
        multiple=True,
        callback=_reports,
        metavar="FORMAT=FILE",
        help="Also write the report in this format to this file, such as junit=report.xml. Repeatable.",
    ),
    click.option(
        "-v",
        "--verbose",
        count=True,
        help="More output: every task, connections and times; -vvv: what the connections do.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The hosts of a run and how the person wants to reach them."""

    pattern: str
    hosts: tuple[ResolvedHost, ...]
    words: str = "all"
    """The pattern as a person would write it."""
    forks: int = SETTINGS["forks"].number
    connect_timeout: int = SETTINGS["timeout"].number
    command_timeout: int = SETTINGS["command_timeout"].number

    def options(self) -> JobOptions:
        """What a job over these hosts is told."""
        return {
            "forks": self.forks,
            "connect_timeout": self.connect_timeout,
            "command_timeout": self.command_timeout,
        }


def select(
    selection: Selection,
    options: ConnectionOptions | None = None,
    people: People | None = None,
    *,
    local_becomes: bool = False,
    must_be_named: bool = False,
) -> Selected:
    """Read and validate everything, ask for passwords, and return the hosts. Connects to nothing.

    Without ``options`` the hosts are as the inventory has them. ``local_becomes``: this machine asks for root itself.
    ``must_be_named``: without an inventory, no pattern does not mean this machine.
    """
    pattern = selection.pattern if selection.sources else _without_inventory(selection, named=must_be_named)
    files = any(not source.startswith("@") for source in selection.sources)
    hosts = _for_whom(_hosts(selection, pattern, options), people, inventory=files)
    words = HERE if pattern == HERE else selection.pattern
    if options is None:
        return Selected(pattern=pattern, hosts=hosts, words=words)
    must_have_effect(hosts, options)
    return Selected(
        pattern=pattern,
        words=words,
        hosts=with_connection_options(hosts, options, local_becomes=local_becomes),
        forks=options.forks,
        connect_timeout=options.timeout,
        command_timeout=options.command_timeout,
    )


def _without_inventory(selection: Selection, *, named: bool) -> str:
    if selection.pattern == "all":
        if named:  # whoever is in the wrong folder must not change the machine in front of them
            raise InputError.single(
                "no inventory is configured, and no host is named",
                hint=f"this machine: podstead apply {HERE}, or podstead up, which shows and asks first; other hosts: name them, or give -i PATH",
            )
        click.echo(f"podstead: no inventory is configured, so this machine is meant ({HERE})", err=True)
        return HERE
    return without_inventory(selection.pattern)


def _hosts(selection: Selection, pattern: str, options: ConnectionOptions | None) -> tuple[ResolvedHost, ...]:
    defaults = connection_defaults(options) if options else {}
    must_have_files(defaults)
    vault = vault_of(
        selection.vault_password_file, selection.vault_id, ask_vault_pass=selection.ask_vault_pass
    )
    warnings: list[Problem] = []
    with without_collector():
        hosts = load(
            list(selection.sources),
            extra_vars=selection.extra_vars,
            pattern=pattern,
            limit=selection.limit,
            roles_dirs=[Path(folder) for folder in selection.roles_path],
            connection_defaults=defaults,
            vault=vault,
            warnings=warnings,
        )
    for warning in warnings:
        warn(str(warning))
    return hosts


def _for_whom(
    hosts: tuple[ResolvedHost, ...], people: People | None, *, inventory: bool
) -> tuple[ResolvedHost, ...]:
    """The hosts for the users that are named; without any, and without an inventory, for the person who logs in."""
    if people and people.names:
        return tuple(for_users(host, people.names, Origin("--for")) for host in hosts)
    if inventory:
        return hosts
    return tuple(
        for_users(host, [name], Origin("the calling user"))
        if not host.spec.users and (name := _person(host))
        else host
        for host in hosts
    )


def _person(host: ResolvedHost) -> str | None:
    return invoking_user() if host.name == HERE else login(host.name)


def warn_of_unprepared(hosts: Sequence[ResolvedHost]) -> None:
    """Say which hosts no user is prepared on: their packages and settings alone make nobody ready."""
    names = [host.name for host in hosts if not host.spec.users]
    if names:
        warn(
            f"no user is prepared for rootless Podman on {the_first(names)}: name one with --for USER, or in the inventory under podstead: users:"
        )


def warn(message: str) -> None:
    """Say on standard error what a person should know and nothing has to stop for."""
    with suppress(OSError):  # the run matters more
        click.echo(f"podstead: warning: {printable(message)}", err=True)


@contextmanager
def without_collector() -> Iterator[None]:
    """Ten thousand hosts are millions of objects and no circles: looking for circles takes a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
