"""Hosts that podstead cannot connect to: switches, Windows machines, and what else an inventory of Ansible's may hold."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Final

from podstead.document.values import Node, reveal
from podstead.errors import Problem
from podstead.inventory.groups import Inventory
from podstead.inventory.precedence import group_trees, host_trees
from podstead.plural import agree, counted
from podstead.suggest import the_first

_CONNECTION: Final = "ansible_connection"
_OTHERS: Final = frozenset(
    {"network_cli", "httpapi", "netconf", "grpc", "napalm", "libssh", "persistent", "winrm", "psrp", "aws_ssm", "buildah",
     "funcd", "incus", "iocage", "jail", "kubectl", "lxc", "lxd", "oc", "proxmox_pct_remote", "qubes", "saltstack", "vmware_tools",
     "wsl", "zone"}
)  # fmt: skip
"""Ansible's connection plugins that podstead has nothing like, without the names of their collections."""


def connectable(
    inventory: Inventory,
    chosen: Sequence[str],
    groups: Mapping[str, tuple[str, ...]],
    extras: Iterable[Node],
    named: Container[str],
) -> list[str]:
    """Return the chosen hosts without those that podstead cannot connect to, which get one warning for each kind.

    A host in ``named`` was asked for by its name, so it stays, and what is wrong with it is said.
    """
    everywhere = _last(extras)
    of_groups: dict[tuple[str, ...], str] = {}
    passed_over: dict[str, list[str]] = {}
    reachable = []
    for name in chosen:
        own = everywhere or _last(host_trees(inventory.hosts[name]))
        if not own:
            key = groups[name]
            if key not in of_groups:
                of_groups[key] = _last(group_trees([inventory.groups[group] for group in ("all", *key)]))
            own = of_groups[key]
        if own.rpartition(".")[2] in _OTHERS and name not in named:
            passed_over.setdefault(own, []).append(name)
        else:
            reachable.append(name)
    for kind, names in passed_over.items():
        many = f"{counted(len(names), 'host')} {agree(len(names), 'is', 'are')}"
        message = f"{many} passed over, because podstead has no connection like {kind}: {the_first(names)}"
        problem = Problem(where=", ".join(inventory.sources), key=_CONNECTION, message=message)
        (inventory.warnings if reachable else inventory.problems).append(problem)
    return reachable


def _last(trees: Iterable[Node]) -> str:
    """The connection plugin that the last of some trees names; of a template nothing is known yet."""
    found = ""
    for tree in trees:
        node = tree.entries.get(_CONNECTION)
        if node is not None:
            value = node.value
            found = str(reveal(value)) if isinstance(value, str) else "?"
    return found
