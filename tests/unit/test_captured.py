"""The parsers on what real hosts printed (``python -m tests.capture``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from podstead import evidence, state
from podstead.plan import plan
from podstead.platforms import Family
from podstead.ranges import IdRange
from podstead.subidfile import Entry
from podstead.versions import upstream
from tests.capture import DATA, spec

PODMAN = {"debian-11": "3.0.1", "debian-12": "4.3.1", "debian-13": "5.4.2"}
RELEASES = sorted(PODMAN)


def observed(name: str) -> state.HostState:
    return state.parse((DATA / "observed" / f"{name}.txt").read_text(encoding="ascii"))


def probed(release: str) -> evidence.Evidence:
    return evidence.parse(Path(DATA / "probed" / f"{release}.txt").read_text(encoding="ascii"))


@pytest.mark.parametrize("release", RELEASES)
def test_a_fresh_host_has_accounts_and_neither_podman_nor_ranges(release: str) -> None:
    seen = observed(f"{release}-fresh")
    assert (seen.platform.family, f"debian-{seen.platform.version_id}") == (Family.DEBIAN, release)
    assert seen.platform.systemd
    assert seen.accounts.by_name["alice"].uid == 1001
    assert seen.packages.installed.get("podman") is None
    assert [side.exists for side in seen.subids.sides] == [False, False]
    assert seen.sysctls.live["net.ipv4.ip_unprivileged_port_start"] == "1024"


@pytest.mark.parametrize("release", RELEASES)
def test_a_provisioned_host_has_what_it_was_given(release: str) -> None:
    seen = observed(f"{release}-provisioned")
    assert str(upstream(seen.packages.installed["podman"])) == PODMAN[release]
    assert [side.entries for side in seen.subids.sides] == [(Entry("alice", IdRange(524288, 65536), 1),)] * 2
    assert seen.sysctls.live["net.ipv4.ping_group_range"] == "0 2000000"
    assert (seen.session.users["alice"].linger, seen.session.users["alice"].bus) == (True, True)


@pytest.mark.parametrize("release", RELEASES)
def test_the_plan_of_a_provisioned_host_is_empty(release: str) -> None:
    assert plan(spec(), observed(f"{release}-provisioned")).changes == ()


@pytest.mark.parametrize("release", RELEASES)
def test_the_plan_of_a_fresh_host_installs_before_it_grants(release: str) -> None:
    ids = [change.id for change in plan(spec(), observed(f"{release}-fresh")).changes]
    assert ids[0] == "packages:install:names"
    assert (
        ids.index("subids:subuid:exists")
        < ids.index("subids:alice:ranges")
        < ids.index("session:alice:linger")
    )


@pytest.mark.parametrize("release", RELEASES)
def test_the_evidence_of_a_healthy_user_is_complete(release: str) -> None:
    seen = probed(release)
    assert seen.complete
    assert (seen.context, seen.who[0]) == ("session", "alice")
    assert {name: seen.attempts[name].ok for name in ("newuidmap", "newgidmap", "single", "inside")} == {
        "newuidmap": True,
        "newgidmap": True,
        "single": True,
        "inside": True,
    }
    refusals = ("uid-over", "gid-over", "other", "host-root", "raw")
    assert {name: seen.attempts[name].ok for name in refusals} == dict.fromkeys(refusals, False)
    assert seen.owned == "524292:524292"
    assert seen.icmp[4] == "ok"
