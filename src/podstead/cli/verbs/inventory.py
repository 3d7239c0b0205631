"""podstead inventory"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from podstead.cli import options
from podstead.cli.options import Selection
from podstead.cli.secret import vault_of
from podstead.document.roles import must_be_folders
from podstead.errors import InputError
from podstead.inventory.groups import Inventory
from podstead.inventory.listing import Listing
from podstead.inventory.load import add_group_vars, add_host_vars, choose, places, read_inventory
from podstead.inventory.variables import extra
from podstead.printable import printable
from podstead.suggest import did_you_mean

_INVISIBLE = re.compile(r"[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What a terminal obeys or hides; everything else is printed as it is, as ansible-inventory does."""


@click.command("inventory")
@options.selection
@click.option(
    "--list", "as_list", is_flag=True, help="Print hosts, groups and variables as ansible-inventory does."
)
@click.option("--graph", "as_graph", is_flag=True, help="Print the tree of groups; PATTERN is a group.")
@click.option("--host", metavar="NAME", help="Print the variables of one host.")
@click.option("--list-hosts", is_flag=True, help="One host per line (the default).")
@click.option("--export", is_flag=True, help="With --list: keep the variables of groups with the groups.")
@click.option("--vars", "with_variables", is_flag=True, help="With --graph: also show variables.")
@click.option(
    "--output-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the output to this file instead.",
)
def command(  # noqa: PLR0913 - these are the options
    *,
    selection: Selection,
    as_list: bool,
    as_graph: bool,
    host: str | None,
    list_hosts: bool,
    export: bool,
    with_variables: bool,
    output_file: Path | None,
) -> int:
    """Print the hosts that PATTERN matches, or the inventory as ansible-inventory prints it.

    Only the inventory is read; check --syntax-check says whether the hosts' documents are correct. Secrets are hidden,
    and what Ansible Vault has encrypted stays encrypted.
    """
    if as_list + as_graph + bool(host) + list_hosts > 1:
        raise click.UsageError("give one of --list, --graph, --host and --list-hosts")
    with options.without_collector():
        read = _Read(selection)
        if as_graph:
            group = _group(read.inventory, selection.pattern)
            text = printable(read.listing().graph(group, with_variables=with_variables))
        elif host:
            text = _json(read.listing(_single_host(read.inventory, host)).host(host, export=export))
        elif as_list:
            text = _json(read.listing().document(export=export))
        else:
            text = "\n".join(printable(name) for name in read.chosen)
    if output_file:
        _write(output_file, text)
    else:
        click.echo(text)
    return 0


class _Read:
    """The inventory of a command line, with the hosts that were chosen."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        must_be_folders(map(Path, selection.roles_path))
        _need_inventory(selection.sources, selection.pattern)
        self.vault = vault_of(
            selection.vault_password_file, selection.vault_id, ask_vault_pass=selection.ask_vault_pass
        )
        self.inventory = read_inventory(selection.sources, pattern=selection.pattern, may_be_empty=True)
        folders = places(selection.sources)
        add_group_vars(self.inventory, self.inventory.groups, folders, self.vault)
        empty = not self.inventory.hosts and selection.pattern == "all"
        self.chosen = () if empty else choose(self.inventory, selection.pattern, selection.limit)
        if self.inventory.problems:  # a list that lacks hosts must not look like a whole one
            raise InputError([*self.inventory.unread, *self.inventory.problems])
        for warning in (*self.inventory.unread, *self.inventory.warnings):
            options.warn(str(warning))

    def listing(self, chosen: Sequence[str] = ()) -> Listing:
        """Raises InputError with everything that is wrong with the inventory."""
        hosts = chosen or self.chosen
        add_host_vars(self.inventory, hosts, places(self.selection.sources), self.vault)
        extras = extra(self.selection.extra_vars, self.inventory.problems, self.vault)
        if self.inventory.problems:
            raise InputError(self.inventory.problems)
        return Listing(self.inventory, hosts, extras)


def _need_inventory(sources: Sequence[str], pattern: str) -> None:
    """Raise InputError where a pattern has nothing to be looked up in."""
    if not sources and not pattern.startswith("@"):
        what = (
            f"{pattern!r} is a host or group name, but no inventory" if pattern != "all" else "no inventory"
        )
        raise InputError.single(
            f"{what} is configured",
            hint="give one with -i PATH, $PODSTEAD_INVENTORY or 'inventory' in podstead.toml, or name this machine: @local",
        )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError.single(
            f"{path} cannot be written: {error.strerror}", where="--output-file"
        ) from error


def _json(document: dict[str, Any]) -> str:
    text = json.dumps(document, indent=4, sort_keys=True, ensure_ascii=False)
    return _INVISIBLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _group(inventory: Inventory, name: str) -> str:
    if name not in inventory.groups:
        hint = did_you_mean(name, inventory.groups)
        raise InputError.single(
            f"--graph takes a group, and there is no group called {name!r}{hint}", where="pattern"
        )
    return name


def _single_host(inventory: Inventory, name: str) -> tuple[str, ...]:
    if name not in inventory.hosts:
        hint = did_you_mean(name, inventory.hosts)
        raise InputError.single(f"there is no host called {name!r}{hint}", where="--host")
    return (name,)
