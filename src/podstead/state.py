"""What a host is: every part's state, read from one observation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from podstead import facts, frames, platforms
from podstead.parts import accounts, engine, packages, session, storage, subids, sysctls
from podstead.platforms import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """Everything the plan needs to know about a host. Same parts as the spec."""

    platform: Platform
    accounts: accounts.AccountsState
    subids: subids.SubidsState
    sysctls: sysctls.SysctlsState
    packages: packages.PackagesState
    session: session.SessionState
    storage: storage.StorageState
    engine: engine.EngineState
    facts: facts.FactsState = field(default_factory=facts.FactsState)

    @property
    def users_with_storage(self) -> frozenset[str]:
        return frozenset(name for name, user in self.session.users.items() if user.storage)


def from_records(records: frames.Records) -> HostState:
    return HostState(
        platform=platforms.parse(records),
        accounts=accounts.parse(records),
        subids=subids.parse(records),
        sysctls=sysctls.parse(records),
        packages=packages.parse(records),
        session=session.parse(records),
        storage=storage.parse(records),
        engine=engine.parse(records),
        facts=facts.parse(records),
    )


def parse(output: Sequence[str] | str, *, nonce: str | None = None) -> HostState:
    """Read the output of the observe script. Raises :class:`~podstead.errors.LookError`."""
    return from_records(frames.decode(output, kind="observe", nonce=nonce))


#: Files that podstead owns on a host: the observe script reads them, the plan compares them.
OWNED_FILES = (sysctls.DROP_IN, session.DROP_IN, engine.DROP_IN, storage.DROP_IN)
