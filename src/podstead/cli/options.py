"""Options that several verbs share, with Ansible's names and letters, and what they mean for a run."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr

from podstead.cli import shell_completion
from podstead.cli.secret import ask, vault_of, vault_options
from podstead.cli.setting_options import setting
from podstead.control.invoker import invoking_user
from podstead.errors import InputError
from podstead.inventory.load import load
from podstead.inventory.resolve import ResolvedHost

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def stack(*decorators: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which help lists them."""

    def apply(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


def _root_only(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value not in (None, "root"):
        raise InputError.one(
            f"--become-user: {value!r} is not root",
            hint="podstead changes what belongs to the system; for what is done as a user it becomes that user by itself",
        )


selection = stack(
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
        help="Only hosts that match this pattern, too.",
    ),
    click.option(
        "-e",
        "--extra-vars",
        multiple=True,
        metavar="KEY=VALUE|@FILE|JSON",
        help="Values that win over every layer. Repeatable.",
    ),
    setting("roles_path", "--roles-path", metavar="DIR", help="Where to look for roles first. Repeatable."),
    *vault_options,
)

_link = stack(
    setting("private_key", "--private-key", "--key-file", metavar="FILE", help="Connect with this key."),
    setting(
        "ssh_common_args",
        "--ssh-common-args",
        metavar="ARGS",
        help="As ansible_ssh_common_args, for example '-F ssh_config'.",
    ),
    click.option("-k", "--ask-pass", is_flag=True, help="Ask for the connection password."),
    setting("become", "-b", "--become/--no-become", help="Become root on the hosts."),
    setting("become_method", "--become-method", help="How to become root."),
    click.option(
        "--become-user",
        metavar="root",
        expose_value=False,
        callback=_root_only,
        help="Only root is possible; there for those who are used to it.",
    ),
    click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the password for becoming root."),
    setting("forks", "-f", "--forks", help="Hosts at a time."),
    setting("timeout", "-T", "--timeout", help="Seconds to connect."),
    setting("command_timeout", "--command-timeout", help="Seconds for one command on a host."),
)

connection = stack(
    setting("remote_user", "-u", "--user", "--remote-user", "user", help="Connect as this user."), _link
)
#: In verify, --user chooses whom to verify (docs/decisions/0008).
connection_of_verify = stack(
    setting("remote_user", "-u", "--remote-user", "user", help="Connect as this user."), _link
)

output = stack(
    setting("output", "-o", "--output", help="What to print on standard output."),
    click.option(
        "--output-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the JSON document there, too.",
    ),
    click.option(
        "-v",
        "--verbose",
        count=True,
        help="More: every task, connections and time; -vvv: what the connections do.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The hosts of a run and how the person wants to reach them."""

    hosts: tuple[ResolvedHost, ...]
    job: dict[str, Any]


def need_inventory(sources: Sequence[str], pattern: str) -> None:
    """Raise InputError where a pattern has nothing to be looked up in."""
    if not sources and not pattern.startswith("@"):
        raise InputError.one(
            f"no inventory: {pattern!r} is looked up in nothing"
            if pattern != "all"
            else "no hosts: no inventory was given",
            hint="give one with -i PATH, $PODSTEAD_INVENTORY or 'inventory' in podstead.toml, or name this machine: @local",
        )


def select(  # noqa: PLR0913 - these are the options
    *,
    pattern: str,
    sources: Sequence[str],
    limit: str | None,
    extra_vars: Sequence[str],
    roles_path: Sequence[str],
    vault_password_file: Sequence[str] = (),
    vault_id: Sequence[str] = (),
    ask_vault_pass: bool = False,
    user: str | None = None,
    private_key: str | None = None,
    ssh_common_args: str | None = None,
    ask_pass: bool = False,
    become: bool | None = None,
    become_method: str | None = None,
    ask_become_pass: bool = False,
    forks: int = 20,
    timeout: int = 10,
    command_timeout: int = 1800,
    local_becomes: bool = False,
) -> Selected:
    """Read and validate everything, ask for passwords, and return the hosts. Connects to nothing."""
    need_inventory(sources, pattern)
    given = {
        "ansible_user": user,
        "ansible_ssh_private_key_file": private_key,
        "ansible_ssh_common_args": ssh_common_args,
        "ansible_become_method": become_method,
    }
    defaults = {key: value for key, value in given.items() if value}
    vault = vault_of(
        vault_password_file=vault_password_file, vault_id=vault_id, ask_vault_pass=ask_vault_pass
    )

    def read(*more: str) -> tuple[ResolvedHost, ...]:
        with without_collector():
            return load(
                list(sources),
                extra_vars=[*extra_vars, *more],
                pattern=pattern,
                limit=limit,
                roles_dirs=[Path(folder) for folder in roles_path],
                connection_defaults=defaults,
                vault=vault,
            )

    hosts = read()
    files = [source for source in sources if not source.startswith("@")]
    if not files and all(not host.spec.users for host in hosts) and (name := invoking_user()):
        hosts = read(f'{{"users": {{"{name}": {{}}}}}}')
    password = ask("SSH password: ") if ask_pass else None
    become_password = ask("BECOME password: ") if ask_become_pass else None
    chosen = hosts
    if password or become_password or become is not None or local_becomes:
        wanted = become if become is not None else True if ask_become_pass else None
        local = local_becomes and os.geteuid() != 0
        chosen = tuple(_reached(host, password, become_password, wanted, local) for host in hosts)
    return Selected(
        hosts=chosen,
        job={"forks": forks, "connect_timeout": timeout, "command_timeout": command_timeout},
    )


def _reached(
    host: ResolvedHost,
    password: SecretStr | None,
    become_password: SecretStr | None,
    become: bool | None,
    local: bool,
) -> ResolvedHost:
    """The host with what the options say about the way to it; ``local``: this machine asks for root by itself."""
    link = host.connection
    root = become if become is not None else link.become or (local and link.kind == "local")
    password, become_password = password or link.password, become_password or link.become_password
    if (root, password, become_password) == (link.become, link.password, link.become_password):
        return host
    link = replace(link, become=root, password=password, become_password=become_password)
    return replace(host, connection=link)


@contextmanager
def without_collector() -> Iterator[None]:
    """Ten thousand hosts are millions of objects and no circles: looking for circles takes a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
