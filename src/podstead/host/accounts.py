"""Accounts: who exists on a host, and creating those that the spec wants created."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from podstead.host.frames import Records

_ID = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One line of passwd(5), from the files or from NSS."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str


@dataclass(frozen=True, kw_only=True)
class AccountsState:
    """Everybody that the host could list. Directory services may hide accounts from a listing."""

    by_name: dict[str, Account]
    groups: Mapping[int, str]
    """Every GID with what to call it: of groups, and primary ones of accounts."""

    @property
    def gids(self) -> frozenset[int]:
        return frozenset(self.groups)

    @property
    def uids(self) -> frozenset[int]:
        return frozenset(self.by_uid)

    @cached_property
    def by_uid(self) -> Mapping[int, Account]:
        """The first account of each UID; an index, because every line of ``/etc/subuid`` may name one by number."""
        return {account.uid: account for account in reversed(self.by_name.values())}

    @cached_property
    def _by_number(self) -> Mapping[str, tuple[Account, ...]]:
        found: dict[str, list[Account]] = {}
        for account in self.by_name.values():
            found.setdefault(str(account.uid), []).append(account)
        return {number: tuple(some) for number, some in found.items()}

    def owners(self, text: str) -> tuple[Account, ...]:
        """Everybody whom an owner in ``/etc/subuid`` stands for: newuidmap(1) and Podman look for the name and for the UID.

        An account named 1001 and the one with UID 1001 share the line; so do accounts with one UID where it is written
        as a number. The account of that name comes first.
        """
        named = self.by_name.get(text)
        return ((named,) if named else ()) + tuple(
            account for account in self._by_number.get(text, ()) if account is not named
        )

    def owner(self, text: str) -> Account | None:
        """The first account that a name or a numeric owner in ``/etc/subuid`` stands for (subuid(5) allows both)."""
        return next(iter(self.owners(text)), None)

    def identity(self, text: str) -> str:
        """The same text for two owners that are one and the same account, and no other, whichever program reads them."""
        found = self.owners(text)
        return found[0].name if len(found) == 1 else text


def parse_passwd(lines: Iterable[str]) -> dict[str, Account]:
    """Read ``getent passwd``; lines that are no accounts (``+::::::``, comments, torn lines) are passed over."""
    accounts = {}
    for line in lines:
        fields = line.split(":")
        if len(fields) >= 7 and _ID.fullmatch(fields[2]) and _ID.fullmatch(fields[3]) and fields[0]:
            accounts[fields[0]] = Account(
                name=fields[0], uid=int(fields[2]), gid=int(fields[3]), home=fields[5], shell=fields[6]
            )
    return accounts


def parse(records: Records) -> AccountsState:
    listed = parse_passwd(records.lines("passwd"))
    named = parse_passwd([*records.lines("passwd-owners"), *records.lines("passwd-named")])
    groups = (line.split(":") for line in records.lines("group"))
    listed_groups = {
        int(fields[2]): f"group {fields[0]}"
        for fields in groups
        if len(fields) >= 4 and _ID.fullmatch(fields[2])
    }
    by_name = {**listed, **named}
    primary = {account.gid: f"the group of {account.name}" for account in by_name.values()}
    return AccountsState(by_name=by_name, groups=primary | listed_groups)


def owners(name: str, accounts: AccountsState) -> frozenset[str]:
    """How a user may be written in the files: by name or by UID."""
    account = accounts.by_name.get(name)
    return frozenset({name} if account is None else {name, str(account.uid)})
