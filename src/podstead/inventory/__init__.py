"""Inventories: which hosts there are, what each should be, and how each is reached."""

from podstead.inventory.connection import Connection
from podstead.inventory.groups import Group, Inventory
from podstead.inventory.load import load, read_inventory
from podstead.inventory.resolve import ResolvedHost

__all__ = ["Connection", "Group", "Inventory", "ResolvedHost", "load", "read_inventory"]
