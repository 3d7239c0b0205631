"""Options that several verbs share, with Ansible's names and letters, and what they mean for a run."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
from pydantic import SecretStr

from podstead.cli import shell_completion
from podstead.cli.records import record, stack
from podstead.cli.secret import ask, vault_of, vault_options
from podstead.cli.setting_options import setting
from podstead.control.invoker import invoking_user
from podstead.control.setting_table import SETTINGS
from podstead.errors import InputError
from podstead.inventory.load import load
from podstead.inventory.resolve import ResolvedHost
from podstead.visit.job import JobOptions


def _root_only(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value not in (None, "root"):
        raise InputError.single(
            f"--become-user: {value!r} is not root",
            hint="podstead changes what belongs to the system; to act as a user, it becomes that user by itself",
        )


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


selection = record(
    "selection",
    Selection,
    click.argument("pattern", default="all", shell_complete=shell_completion.hosts),
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
class ConnectionOptions:
    """How hosts are reached, and how long that may take."""

    user: str | None
    private_key: str | None
    ssh_common_args: str | None
    ask_pass: bool
    become: bool | None
    become_method: str | None
    ask_become_pass: bool
    forks: int
    timeout: int
    command_timeout: int


_connection_options = stack(
    setting("private_key", "--private-key", "--key-file", metavar="FILE", help="Connect with this key."),
    setting(
        "ssh_common_args",
        "--ssh-common-args",
        metavar="ARGS",
        help="Like ansible_ssh_common_args, for example '-F ssh_config'.",
    ),
    click.option("-k", "--ask-pass", is_flag=True, help="Ask for the connection password."),
    setting("become", "-b", "--become/--no-become", help="Become root on the hosts."),
    setting("become_method", "--become-method", help="How to become root."),
    click.option(
        "--become-user",
        metavar="root",
        expose_value=False,
        callback=_root_only,
        help="Only root is accepted; exists for those who are used to the option.",
    ),
    click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the password for becoming root."),
    setting("forks", "-f", "--forks", help="How many hosts to process at the same time."),
    setting("timeout", "-T", "--timeout", help="Seconds to connect."),
    setting("command_timeout", "--command-timeout", help="Seconds for one command on a host."),
)

connection = record(
    "connection_options",
    ConnectionOptions,
    setting("remote_user", "-u", "--user", "--remote-user", "user", help="Connect as this user."),
    _connection_options,
)
#: In verify, --user chooses whom to verify (docs/decisions/0008).
connection_of_verify = record(
    "connection_options",
    ConnectionOptions,
    setting("remote_user", "-u", "--remote-user", "user", help="Connect as this user."),
    _connection_options,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing:
    """How a report is told, and where it is kept."""

    output: str
    output_file: Path | None
    verbose: int


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


def need_inventory(sources: Sequence[str], pattern: str) -> None:
    """Raise InputError where a pattern has nothing to be looked up in."""
    if not sources and not pattern.startswith("@"):
        raise InputError.single(
            f"no inventory in which to look up {pattern!r}"
            if pattern != "all"
            else "no hosts: no inventory was given",
            hint="give one with -i PATH, $PODSTEAD_INVENTORY or 'inventory' in podstead.toml, or name this machine: @local",
        )


def select(
    selection: Selection, options: ConnectionOptions | None = None, *, local_becomes: bool = False
) -> Selected:
    """Read and validate everything, ask for passwords, and return the hosts. Connects to nothing.

    Without ``options`` the hosts are as the inventory has them. ``local_becomes``: this machine asks for root itself.
    """
    need_inventory(selection.sources, selection.pattern)
    hosts = _hosts(selection, options)
    if options is None:
        return Selected(pattern=selection.pattern, hosts=hosts)
    return Selected(
        pattern=selection.pattern,
        hosts=_with_connection_options(hosts, options, local_becomes=local_becomes),
        forks=options.forks,
        connect_timeout=options.timeout,
        command_timeout=options.command_timeout,
    )


def _hosts(selection: Selection, options: ConnectionOptions | None) -> tuple[ResolvedHost, ...]:
    """The hosts; where nothing but this machine was named and no user, the user who calls is meant."""
    vault = vault_of(
        selection.vault_password_file, selection.vault_id, ask_vault_pass=selection.ask_vault_pass
    )
    defaults = _connection_defaults(options) if options else {}

    def read(*more: str) -> tuple[ResolvedHost, ...]:
        with without_collector():
            return load(
                list(selection.sources),
                extra_vars=[*selection.extra_vars, *more],
                pattern=selection.pattern,
                limit=selection.limit,
                roles_dirs=[Path(folder) for folder in selection.roles_path],
                connection_defaults=defaults,
                vault=vault,
            )

    hosts = read()
    files = [source for source in selection.sources if not source.startswith("@")]
    if not files and all(not host.spec.users for host in hosts) and (name := invoking_user()):
        hosts = read(f'{{"users": {{"{name}": {{}}}}}}')
    return hosts


def _connection_defaults(options: ConnectionOptions) -> dict[str, str]:
    variables = {
        "ansible_user": options.user,
        "ansible_ssh_private_key_file": options.private_key,
        "ansible_ssh_common_args": options.ssh_common_args,
        "ansible_become_method": options.become_method,
    }
    return {key: value for key, value in variables.items() if value}


def _with_connection_options(
    hosts: tuple[ResolvedHost, ...], options: ConnectionOptions, *, local_becomes: bool
) -> tuple[ResolvedHost, ...]:
    """Ask for passwords; the hosts with what the options say about the way to each."""
    password = ask("SSH password: ") if options.ask_pass else None
    become_password = ask("BECOME password: ") if options.ask_become_pass else None
    if not (password or become_password or options.become is not None or local_becomes):
        return hosts
    become = options.become if options.become is not None else options.ask_become_pass or None
    local = local_becomes and os.geteuid() != 0
    return tuple(_with_options(host, password, become_password, become, local) for host in hosts)


def _with_options(
    host: ResolvedHost,
    password: SecretStr | None,
    become_password: SecretStr | None,
    become: bool | None,
    local: bool,
) -> ResolvedHost:
    """A host with what the options say about the way to it; ``local``: this machine asks for root by itself."""
    connection = host.connection
    root = become if become is not None else connection.become or (local and connection.kind == "local")
    password, become_password = password or connection.password, become_password or connection.become_password
    if (root, password, become_password) == (
        connection.become,
        connection.password,
        connection.become_password,
    ):
        return host
    connection = replace(connection, become=root, password=password, become_password=become_password)
    return replace(host, connection=connection)


@contextmanager
def without_collector() -> Iterator[None]:
    """Ten thousand hosts are millions of objects and no circles: looking for circles takes a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
