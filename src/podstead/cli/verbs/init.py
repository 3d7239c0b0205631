"""podstead init"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from podstead.control.invoker import invoking_user
from podstead.control.starter import project
from podstead.document.roles import DEFAULT_ROLE, RoleLibrary, builtin_roles
from podstead.errors import InputError, Problem
from podstead.printable import one_line
from podstead.suggest import did_you_mean, listed


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A host, reached by SSH. Repeatable. [this machine]",
)
@click.option(
    "--for",
    "users",
    multiple=True,
    metavar="USER",
    help="An account that is to run containers; created if it is missing. Repeatable. [the calling user]",
)
@click.option(
    "--role", default=DEFAULT_ROLE, show_default=True, metavar="NAME", help="The built-in role to start from."
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
def command(*, folder: Path, hosts: Sequence[str], users: Sequence[str], role: str, force: bool) -> int:
    """Write a starter project: inventory, a role of your own, CI, and a schema for editors.

    DIR is created if it is missing. Existing files are never overwritten without --force: if there are any,
    nothing is written and the exit code is 2.
    """
    known = RoleLibrary([builtin_roles()]).known()
    if role not in known:
        hint = did_you_mean(role, known) or f"; built-in roles: {listed(known)}"
        raise InputError.single(f"--role: there is no built-in role {role!r}{hint}")
    texts = project(hosts, _accounts(users, local=not hosts), role)
    existing = _existing_files(folder, texts, force=force)
    for path, text in texts.items():
        _write(folder / path, text)
        click.echo(f"{'overwrote' if path in existing else 'wrote'}  {one_line(str(folder / path))}")
    click.echo("\nNext:")
    if folder != Path():
        click.echo(f"  cd {_quoted(folder)}")
    click.echo("  podstead check --syntax-check      # reads everything, connects to nothing")
    click.echo("  podstead check --diff              # what would change")
    click.echo("  podstead apply && podstead verify  # do it, and prove it")
    return 0


def _accounts(users: Sequence[str], *, local: bool) -> Mapping[str, bool]:
    """Whoever calls has an account here; on other hosts, and for names given by hand, it may have to be made."""
    if users:
        return dict.fromkeys(users, True)
    caller = invoking_user() if local else None
    return {caller: False} if caller else {"app": True}


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
