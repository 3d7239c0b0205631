"""A subject: one user on one host as the judges see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from packaging.version import Version

from podstead.document.spec import HostSpec
from podstead.host import storage, subids
from podstead.host.accounts import Account
from podstead.host.facts import Facts
from podstead.host.package_versions import upstream
from podstead.host.state import HostState
from podstead.host.sysctl_values import meets
from podstead.ids.flaws import RangeFlaw, owner_flaws
from podstead.ids.ranges import IdMap, IdRange
from podstead.proof.evidence import Evidence

PORT_START: Final = "net.ipv4.ip_unprivileged_port_start"
PING_RANGE: Final = "net.ipv4.ping_group_range"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One user on one host: what was wanted, granted and found."""

    user: str
    account: Account
    spec: HostSpec
    state: HostState
    subuids: tuple[IdRange, ...]
    subgids: tuple[IdRange, ...]
    evidence: Evidence

    @cached_property
    def flaws(self) -> tuple[RangeFlaw, ...]:
        """What is wrong with this user's ranges, on both sides."""
        return tuple(flaw for side in self.state.sides for flaw in owner_flaws(side, self.account.name))

    @property
    def uid_map(self) -> IdMap:
        return IdMap.expected(self.account.uid, self.subuids)

    @property
    def gid_map(self) -> IdMap:
        return IdMap.expected(self.account.gid, self.subgids)

    @property
    def granted(self) -> bool:
        return bool(self.subuids and self.subgids)

    @property
    def host(self) -> Facts:
        """Facts of the host."""
        return self.state.facts.host

    @property
    def facts(self) -> Facts:
        """Facts of the user."""
        return self.state.facts.of(self.user)

    @property
    def podman(self) -> Version | None:
        """The version that the user's Podman names, else the package's."""
        version_line = (self.evidence.podman or "").strip()
        return upstream(version_line.rpartition(" ")[2]) or upstream(self.state.packages.podman())

    @property
    def pause(self) -> tuple[IdMap, IdMap] | None:
        user = self.state.session.users.get(self.user)
        return user.pause if user else None

    @property
    def failure_output(self) -> str:
        """What everything said that failed and should not have."""
        return self.evidence.failure_output

    @property
    def wants_linger(self) -> bool:
        own = self.spec.users[self.user].linger if self.user in self.spec.users else None
        return self.spec.session.linger if own is None else own

    @property
    def controllers(self) -> frozenset[str] | None:
        """What is delegated to the user, as the user or else root sees it."""
        delegated = self.evidence.controllers
        return self.facts.words("delegated") if delegated is None else delegated

    @property
    def graph_mount(self) -> tuple[str, frozenset[str]] | None:
        """Type and options of the file system of the storage, as the user's probe saw it, else root."""
        graph = self.evidence.graph
        return graph.mount if graph is not None and graph.mount else self.facts.mount("graph.mount")

    @property
    def storage_texts(self) -> tuple[str, ...]:
        """The storage.conf files that count for this user, the first first."""
        files = self.state.storage.files
        own = f"{self.account.home}/.config/containers/storage.conf"
        return tuple(
            files[path] for path in (own, storage.DROP_IN, storage.MAIN, storage.VENDOR) if path in files
        )

    @property
    def unmet(self) -> frozenset[str]:
        """Kernel settings whose live value is not what the spec needs."""
        live = self.state.sysctls.live
        return frozenset(
            key for key, need in self.spec.sysctls.items() if key in live and not meets(need, live[key])
        )

    def sysctl(self, key: str) -> str | None:
        return self.state.sysctls.live.get(key)


def subject_of(name: str, spec: HostSpec, state: HostState, evidence: Evidence) -> Subject:
    """What the judges need to know about one user, who must have an account."""
    subuids, subgids = subids.granted(name, state.subids, state.accounts)
    return Subject(
        user=name,
        account=state.accounts.by_name[name],
        spec=spec,
        state=state,
        subuids=subuids,
        subgids=subgids,
        evidence=evidence,
    )
