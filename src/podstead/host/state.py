"""What a host is: every part's state, read from one observation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from podstead.host import accounts, facts, frames, looks, platforms, subids, sysctls
from podstead.host import engine as engine_lasting
from podstead.host import packages as host_packages
from podstead.host import session as host_session
from podstead.host import storage as host_storage
from podstead.host.own_file import OwnFile
from podstead.host.platforms import Platform
from podstead.ids.flaws import Side


@dataclass(frozen=True, kw_only=True)
class HostState:
    """Everything the plan needs to know about a host. Same parts as the spec."""

    platform: Platform
    accounts: accounts.AccountsState
    subids: subids.SubidsState
    sysctls: sysctls.SysctlsState
    packages: host_packages.PackagesState
    session: host_session.SessionState
    storage: host_storage.StorageState
    engine: engine_lasting.EngineState
    facts: facts.FactsState = field(default_factory=facts.FactsState)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Files that were printed whole, by path: all that podstead owns, and some that it reads."""
    uninspected: Mapping[str, str] = field(default_factory=dict)
    """Users who could not be inspected, and why."""

    def own(self, path: str) -> OwnFile:
        """A file that podstead owns: a part that has nothing else to look at needs no state of its own."""
        return OwnFile(path, self.files.get(path))

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """Everybody's grants, UIDs and GIDs."""
        return subids.sides(self.subids, self.accounts)

    @property
    def users_with_storage(self) -> frozenset[str]:
        """Users who have storage, and those of whom that could not be seen."""
        return (
            frozenset(name for name, user in self.session.users.items() if user.storage)
            | self.uninspected.keys()
        )


def from_records(answer: frames.Records) -> HostState:
    looked = looks.parse(answer)
    records = looked.records
    return HostState(
        platform=platforms.parse(records),
        accounts=accounts.parse(records),
        subids=subids.parse(records),
        sysctls=sysctls.parse(records),
        packages=host_packages.parse(records),
        session=host_session.parse(records),
        storage=host_storage.parse(records),
        engine=engine_lasting.parse(records),
        facts=facts.parse(records),
        files={record.argument: record.body for record in records.all("file")},
        uninspected=looked.uninspected,
    )


def parse(output: Sequence[str] | str, *, nonce: str | None = None) -> HostState:
    """Read the output of the observe script. Raises :class:`~podstead.errors.LookError`."""
    return from_records(frames.decode(output, kind="observe", nonce=nonce))
