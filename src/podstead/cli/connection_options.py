"""Options that say how hosts are reached, with Ansible's names and letters, and what they make of a host."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote

import click
from click.core import ParameterSource
from pydantic import SecretStr

from podstead.cli.records import record
from podstead.cli.secret import ask
from podstead.cli.setting_options import setting, source_of
from podstead.document.values import Node, Origin
from podstead.errors import InputError
from podstead.inventory.connection import connection as connection_of
from podstead.inventory.connection_files import unusable_files
from podstead.inventory.resolve import ResolvedHost


def _root_only(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value not in (None, "root"):
        raise InputError.single(
            f"--become-user: {value!r} is not root",
            hint="podstead changes the host as root, and switches to a user on its own when it has to act as that user",
        )


def _which_user(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise InputError.single(
            "--user could mean two things",
            hint=f"to connect as this user: -u {quote(value)}; to prepare the host for this user, or prove it: --for {quote(value)}",
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


connection = record(
    "connection_options",
    ConnectionOptions,
    setting("remote_user", "-u", "--remote-user", "user", help="Connect as this user."),
    click.option("--user", "which_user", expose_value=False, hidden=True, callback=_which_user),
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


def connection_defaults(options: ConnectionOptions) -> dict[str, Node]:
    """The variables that options and settings stand for, each with the option or setting as its origin."""
    variables = {
        "ansible_user": ("remote_user", options.user),
        "ansible_ssh_private_key_file": ("private_key", options.private_key),
        "ansible_ssh_common_args": ("ssh_common_args", options.ssh_common_args),
        "ansible_become_method": ("become_method", options.become_method),
    }
    return {
        key: Node(value, Origin(source_of(setting_name)))
        for key, (setting_name, value) in variables.items()
        if value
    }


def must_have_files(defaults: Mapping[str, Node]) -> None:
    """Raise InputError for a file that the command line names and that cannot be used, whichever host would need it."""
    options = {key: node for key, node in defaults.items() if node.origin.file.startswith("-")}
    problems = unusable_files([connection_of("options", options, [])])
    if problems:
        raise InputError(problems)


def with_connection_options(
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


def must_have_effect(hosts: Sequence[ResolvedHost], options: ConnectionOptions) -> None:
    """Raise InputError for ``-u`` where no host takes the user from it: as in Ansible, an inventory's variable wins."""
    source = click.get_current_context().get_parameter_source("user")
    if options.user is None or source is not ParameterSource.COMMANDLINE:
        return
    if any(host.connection.user == options.user and host.connection.kind == "ssh" for host in hosts):
        return
    if all(host.connection.kind != "ssh" for host in hosts):
        raise InputError.single(
            f"-u {options.user}: none of these hosts is reached over SSH, so there is no user to connect as",
            hint=f"to prepare the host for this user, or prove it: --for {quote(options.user)}",
        )
    raise InputError.single(
        f"-u {options.user}: each of these hosts has an ansible_user, which wins, as in Ansible",
        hint=f"to override it: -e {quote(f'ansible_user={options.user}')}",
    )
