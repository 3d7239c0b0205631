"""podstead init"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from podstead.control.installed import UNKNOWN, requirement
from podstead.control.invoker import invoking_user
from podstead.control.starter import project
from podstead.document.roles import DEFAULT_ROLE, RoleLibrary, builtin_roles
from podstead.errors import InputError, Problem
from podstead.printable import one_line
from podstead.suggest import did_you_mean, listed

_CI: Final = (
    "Before CI can run: this podstead was installed from a place that CI cannot reach. Name one that it can reach as PODSTEAD,\n"
    "at the top of .github/workflows/podstead.yml and .gitlab-ci.yml, such as git+https://example.com/podstead.git@COMMIT."
)


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A host, reached by SSH. Repeatable. Without any, the inventory has a place to name them.",
)
@click.option("--local", is_flag=True, help="The inventory is this machine.")
@click.option(
    "--for",
    "users",
    multiple=True,
    metavar="USER",
    help="An account that is to run containers, and that exists. Repeatable. With --local: you.",
)
@click.option(
    "--role", default=DEFAULT_ROLE, show_default=True, metavar="NAME", help="The built-in role to start from."
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def command(
    *, folder: Path, hosts: Sequence[str], local: bool, users: Sequence[str], role: str, force: bool
) -> int:
    """Write a starter project: inventory, a role of your own, CI, and a schema for editors.

    DIR is created if it is missing. Existing files are never overwritten without --force: if there are any,
    nothing is written and the exit code is 2.
    """
    known = RoleLibrary([builtin_roles()]).known()
    if role not in known:
        hint = did_you_mean(role, known) or f"; built-in roles: {listed(known)}"
        raise InputError.single(f"--role: there is no built-in role {role!r}{hint}")
    if local and hosts:
        raise InputError.single("--local: the inventory is this machine, or the hosts that --host names")
    source = requirement()
    texts = project(hosts, _accounts(users, local=local), role, local=local, requirement=source)
    existing = _existing_files(folder, texts, force=force)
    for path, text in texts.items():
        _write(folder / path, text)
        click.echo(f"{'overwrote' if path in existing else 'wrote'}  {one_line(str(folder / path))}")
    click.echo("\nNext:")
    if folder != Path():
        click.echo(f"  cd {_quoted(folder)}")
    if not (hosts or local):
        click.echo(
            "  name your hosts in inventory/hosts.yml, and their users in inventory/group_vars/all.yml"
        )
    click.echo("  podstead check --syntax-check      # reads everything, connects to nothing")
    click.echo("  podstead check --diff              # what would change")
    click.echo("  podstead up                        # shows it again, asks, does it, and proves it")
    if source == UNKNOWN:
        click.echo(f"\n{_CI}")
    return 0


def _accounts(users: Sequence[str], *, local: bool) -> Sequence[str]:
    caller = invoking_user() if local and not users else None
    return [caller] if caller else users


def _existing_files(folder: Path, texts: Mapping[str, str], *, force: bool) -> set[str]:
    """Files of the project that exist already. Raises InputError when nothing may be written."""
    existing = {path for path in texts if os.path.lexists(folder / path)}
    folders = {parent for path in texts for parent in (folder / path).parents}
    problems = [
        Problem(where=str(folder), message="is not a folder")
        for folder in folders
        if os.path.lexists(folder) and not os.path.isdir(folder)  # noqa: PTH112 - Path's own raises where it may not look
    ]
    for path in existing:
        if os.path.isdir(folder / path):  # noqa: PTH112 - as above
            problems.append(Problem(where=str(folder / path), message="is a folder"))
        elif not force:
            problems.append(Problem(where=str(folder / path), message="already exists"))
    if problems:
        raise InputError(
            problems, hint="nothing was written; use --force to overwrite files, or name another folder"
        )
    return existing


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and never through a symbolic link to somewhere else."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("x", encoding="utf-8") as file:
                file.write(text)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError.single(f"cannot be written: {error.strerror}", where=str(path)) from error


def _quoted(folder: Path) -> str:
    return one_line(shlex.quote(str(folder)))
