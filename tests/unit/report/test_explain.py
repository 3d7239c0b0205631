"""Everything with an id can be explained."""

from __future__ import annotations

from itertools import groupby

import pytest

from podstead.document.spec import HostSpec
from podstead.host import storage
from podstead.host.state import HostState
from podstead.ids.ranges import IdMap
from podstead.proof.checks import CHECKS
from podstead.provision.plan import Plan
from podstead.report.explain import FIELDS, changes, entries, find, nearest
from podstead.visit.obstacles import intended
from tests.model_host import ModelAccount, ModelHost, look, spec_of
from tests.unit.provision.test_own_files import OWN

PORT = "net.ipv4.ip_unprivileged_port_start"
Situation = tuple[HostSpec, HostState, frozenset[str]]


def everything() -> HostSpec:
    return spec_of(
        users={"alice": {}, "new": {"create": True}, "ghost": {}, "twin": {"create": True, "uid": 1000}},
        packages={"podman": {"version": ">=4"}, "htop": {"version": ">=9"}},
        sysctls={
            PORT: {"at_most": 80},
            "kernel.unprivileged_userns_clone": {"exact": 1, "if_present": True},
            "net.no.such": 1,
        },
        session={"linger": True, "delegate": ["cpu"]},
        storage={"driver": "overlay"},
        engine={"containers": {"pids_limit": 0}},
    )


def ill_host() -> ModelHost:
    """A host on which as much as possible is wrong."""
    single = IdMap.expected(1000, ()), IdMap.expected(1000, ())
    return ModelHost(
        accounts={"alice": ModelAccount(1000, 1000)},
        files={"/etc/subuid": "alice:1:2 \n", "/etc/sysctl.d/zz.conf": f"{PORT}=1024\n"},
        modes={"/etc/subuid": "600"},
        live={PORT: "1024"},
        installed={"htop": "3.0"},
        available={"podman": "4.3.1"},
        tools={"usermod", "useradd"},
        pause={"alice": single},
        running={"alice": 1},
        storage={"alice": "vfs"},
    )


def seen(
    host: ModelHost, document: HostSpec | None = None, allowed: frozenset[str] = frozenset()
) -> Situation:
    """What is now: later changes of the host do not count."""
    spec = document or everything()
    return spec, host.state(spec.users), allowed


def situations() -> list[Situation]:
    """Documents, hosts, and what was allowed by name: together they have a plan say whatever it can say."""
    one = ill_host()
    found = [seen(one), seen(one, allowed=frozenset({f"sysctls:{PORT}:boot"}))]
    one.running = {}
    found.append(seen(one))
    one.linger.add("alice")
    one.systemd = False
    found.append(seen(one))
    one.systemd = True
    one.installed |= {"podman": "5.4", "crun": "1.8"}
    one.files[storage.MAIN] = "[storage"
    found.append(seen(one))
    one.tools |= {"newuidmap"}
    one.modes["/usr/bin/newuidmap"] = "755"
    one.facts = {"lock": ("/etc/subuid.lock dead", "/etc/subgid.lock none"), "ns.user": ("no",)}
    found.append(seen(one))
    one.unreadable.add("/etc/subuid")
    found.append(seen(one))
    one.unreadable.clear()
    one.kinds["/etc/subuid"] = "symbolic link"
    found.append(seen(one))
    one.kinds.clear()
    for directory in ({}, {"alice": ("0: alice 524288 65536\n", "0: alice 524288 65536\n")}):
        one.subid_source, one.directory = "sss", directory
        found.append(seen(one))
    one.looks = {"alice": look((), code=124, ends=())}
    found.append(seen(one))
    zero = ModelHost(accounts={"toor": ModelAccount(0, 0)})
    found.append(seen(zero, spec_of(users={"toor": {}})))
    found += [
        seen(ModelHost(installed={"podman": podman}), spec_of(users={}, **document))
        for _, document, podman in OWN.values()
    ]
    return found


def plans() -> list[Plan]:
    return [intended(spec, state, allowed=allowed) for spec, state, allowed in situations()]


def planned_ids() -> set[str]:
    found: set[str] = set()
    for plan in plans():
        found |= {change.id for change in plan.changes}
        found |= {refusal.id for refusal in plan.refusals}
        found |= {absent.id for absent in plan.not_applicable}
    return found


@pytest.mark.parametrize("name", sorted(planned_ids()))
def test_every_change_that_a_plan_makes_or_refuses_has_an_entry(name: str) -> None:
    entry = find(name)
    assert entry
    assert entry.why
    assert entry.remedy
    assert entry.sources


def test_every_entry_of_a_change_is_about_something_that_plans_say() -> None:
    assert {entry.id for entry in changes()} == {found.id for name in planned_ids() if (found := find(name))}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_has_an_entry_in_either_case(name: str) -> None:
    found = find(name.lower())
    assert found
    assert found.id == name
    assert CHECKS[name].sources


def test_all_ids_are_unique() -> None:
    ids = [entry.id for entry in entries()]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize(
    ("name", "near"), [("V1", "V1"), ("subids:alice", "subids:"), ("sysctls:x:lives", "sysctls:KEY:live")]
)
def test_an_unknown_id_has_near_ones(name: str, near: str) -> None:
    assert find(name) is None
    assert any(text.startswith(near) for text in nearest(name))


@pytest.mark.parametrize("name", ["", "x", "subids:alice:ranges:more", "::", "V99\x1b[2J"])
def test_what_has_no_entry_is_not_found(name: str) -> None:
    assert find(name) is None


def test_every_entry_has_a_heading_and_those_of_one_heading_stand_together() -> None:
    headings = [heading for heading, _ in groupby(entries(), key=lambda entry: entry.group)]
    assert len(headings) == len(set(headings)) == 2 + len(FIELDS)


def test_the_text_fits_a_terminal() -> None:
    for entry in entries():
        rows = entry.text().splitlines()
        # commands are there to be pasted: they stay whole
        assert all(len(row) <= 80 for row in rows[1:] if not row.startswith("  "))
        assert rows[0].startswith(f"{entry.ref} {entry.id}".strip())
