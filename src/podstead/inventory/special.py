"""Ansible's special variables that an inventory alone can fill: names, groups, the inventory's place, ``hostvars``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from podstead.document.values import Node
from podstead.inventory.groups import Inventory
from podstead.inventory.templates import Rendering
from podstead.inventory.vault import Vault


class SpecialVariables:
    """Makes what the templates of a host see. ``variables_of`` returns the variables of a host with these groups."""

    def __init__(
        self,
        inventory: Inventory,
        memberships: Mapping[str, tuple[str, ...]],
        vault: Vault,
        variables_of: Callable[[str, tuple[str, ...]], Mapping[str, Node]],
    ) -> None:
        self._inventory = inventory
        self._memberships = memberships
        self._vault = vault
        self._variables_of = variables_of
        self._others: dict[str, Rendering] = {}

    def rendering(self, name: str, variables: Mapping[str, Node]) -> Rendering:
        """Return the variables of a host as its templates see them."""
        special: dict[str, object] = {
            "inventory_hostname": name,
            "inventory_hostname_short": name.partition(".")[0],
            "group_names": sorted(self._memberships[name]),
            "groups": _Members(self._inventory),
        }
        source = self._inventory.hosts[name].source
        if source:
            special |= {"inventory_file": source, "inventory_dir": os.path.dirname(source)}  # noqa: PTH120
        rendering = Rendering(variables, special, self._vault)
        special["hostvars"] = _HostVars(self._inventory, lambda other: self._other(other).lent_to(rendering))
        return rendering

    def _other(self, name: str) -> Rendering:
        if name not in self._others:
            self._inventory.read_variables(name)
            variables = self._variables_of(name, self._memberships[name])
            self._others[name] = self.rendering(name, variables)
        return self._others[name]


class _Members(Mapping[str, list[str]]):
    """The hosts of each group, found when a template asks."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def __getitem__(self, name: str) -> list[str]:
        return list(self._inventory.members(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._inventory.groups)

    def __len__(self) -> int:
        return len(self._inventory.groups)


class _HostVars(Mapping[str, Mapping[str, Any]]):
    """The variables of each host of the inventory, taken together when a template asks for them."""

    def __init__(self, inventory: Inventory, variables_of: Callable[[str], Mapping[str, Any]]) -> None:
        self._inventory = inventory
        self._variables_of = variables_of

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in self._inventory.hosts:
            raise KeyError(name)
        return self._variables_of(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._inventory.hosts)

    def __len__(self) -> int:
        return len(self._inventory.hosts)
