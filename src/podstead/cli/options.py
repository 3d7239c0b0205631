"""Options that several verbs share, with Ansible's names and letters, and what they mean for a run."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr

from podstead.errors import InputError
from podstead.inventory import ResolvedHost, load
from podstead.invoker import invoking_user

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _stack(*decorators: Decorator) -> Decorator:
    def apply(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


selection = _stack(
    click.argument("pattern", default="all"),
    click.option(
        "-i",
        "--inventory",
        "sources",
        multiple=True,
        metavar="PATH",
        help="Inventory file, folder, or 'host1,host2,'. Repeatable.",
    ),
    click.option("-l", "--limit", metavar="PATTERN", help="Only hosts that match this pattern, too."),
    click.option(
        "-e",
        "--extra-vars",
        multiple=True,
        metavar="KEY=VALUE|@FILE|JSON",
        help="Values that win over every layer. Repeatable.",
    ),
    click.option(
        "--roles-path",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Where to look for roles first.",
    ),
)

_link = _stack(
    click.option("--private-key", type=click.Path(), help="Connect with this key."),
    click.option(
        "--ssh-common-args", metavar="ARGS", help="As ansible_ssh_common_args, for example '-F ssh_config'."
    ),
    click.option("-k", "--ask-pass", is_flag=True, help="Ask for the connection password."),
    click.option("-b", "--become/--no-become", default=None, help="Become root on the hosts."),
    click.option("--become-method", type=click.Choice(["sudo", "doas", "su"]), help="How to become root."),
    click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the password for becoming root."),
    click.option(
        "-f", "--forks", type=click.IntRange(1, 500), default=20, show_default=True, help="Hosts at a time."
    ),
    click.option(
        "-T",
        "--timeout",
        type=click.IntRange(1, 3600),
        default=10,
        show_default=True,
        help="Seconds to connect.",
    ),
    click.option(
        "--command-timeout",
        type=click.IntRange(1, 86400),
        default=1800,
        show_default=True,
        help="Seconds for one command on a host.",
    ),
)

connection = _stack(
    click.option("-u", "--user", "--remote-user", "user", help="Connect as this user."), _link
)
#: In verify, --user chooses whom to verify (docs/decisions/0008).
connection_of_verify = _stack(
    click.option("-u", "--remote-user", "user", help="Connect as this user."), _link
)

output = _stack(
    click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json", "junit"]),
        default="text",
        show_default=True,
        help="What to print on standard output.",
    ),
    click.option(
        "--output-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the JSON document there, too.",
    ),
    click.option("-v", "--verbose", count=True, help="More about connections and time."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The hosts of a run and how the person wants to reach them."""

    hosts: tuple[ResolvedHost, ...]
    job: dict[str, Any]


def select(  # noqa: PLR0913 - these are the options
    *,
    pattern: str,
    sources: Sequence[str],
    limit: str | None,
    extra_vars: Sequence[str],
    roles_path: Sequence[Path],
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
    if not sources and not pattern.startswith("@"):
        raise InputError.one(
            f"no inventory: {pattern!r} is looked up in nothing"
            if pattern != "all"
            else "no hosts: no inventory was given",
            hint="give one with -i PATH, or name this machine: @local",
        )
    given = {
        "ansible_user": user,
        "ansible_ssh_private_key_file": private_key,
        "ansible_ssh_common_args": ssh_common_args,
        "ansible_become_method": become_method,
    }
    defaults = {key: value for key, value in given.items() if value}
    hosts = _load(sources, pattern, limit, extra_vars, roles_path, defaults)
    if not sources and all(not host.spec.users for host in hosts) and (name := invoking_user()):
        hosts = _load(
            sources, pattern, limit, [*extra_vars, f'{{"users": {{"{name}": {{}}}}}}'], roles_path, defaults
        )
    password = _ask("SSH password: ") if ask_pass else None
    become_password = _ask("BECOME password: ") if ask_become_pass else None
    wanted = become or (ask_become_pass and become is None)
    chosen = []
    for host in hosts:
        link = host.connection
        local = local_becomes and link.kind == "local" and os.geteuid() != 0
        link = replace(link, become=become if become is not None else link.become or bool(wanted) or local)
        link = replace(
            link, password=password or link.password, become_password=become_password or link.become_password
        )
        chosen.append(replace(host, connection=link))
    return Selected(
        hosts=tuple(chosen),
        job={"forks": forks, "connect_timeout": timeout, "command_timeout": command_timeout},
    )


def _load(
    sources: Sequence[str],
    pattern: str,
    limit: str | None,
    extra_vars: Sequence[str],
    roles: Sequence[Path],
    defaults: dict[str, str],
) -> tuple[ResolvedHost, ...]:
    return load(
        list(sources),
        extra_vars=list(extra_vars),
        pattern=pattern,
        limit=limit,
        roles_dirs=list(roles),
        connection_defaults=defaults,
    )


def _ask(prompt: str) -> SecretStr:
    if not sys.stdin.isatty():
        # a pipe may carry the password; getpass would warn and echo
        return SecretStr(sys.stdin.readline().rstrip("\n"))
    return SecretStr(getpass.getpass(prompt, stream=sys.stderr))
