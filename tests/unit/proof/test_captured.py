"""The parsers on what real hosts printed (``python -m tests.capture``)."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from podstead.host import frames, state
from podstead.host.families import debian
from podstead.host.package_versions import upstream
from podstead.ids.ranges import IdRange
from podstead.ids.subid_files import Entry
from podstead.proof import evidence
from podstead.proof.checks import CHECKS
from podstead.proof.diagnosis import signs
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import Subject, subject_of
from podstead.proof.verdict import findings
from podstead.visit.obstacles import intended
from tests.capture import DATA, NONCE, spec
from tests.lab import RELEASES as CAPTURED
from tests.model_host import encode

PODMAN = {"debian-11": "3.0.1", "debian-12": "4.3.1", "debian-13": "5.4.2", "debian-forky": "5.8.6"}
RELEASES = sorted(PODMAN)
NO_CONTROLLERS = "this kernel gives cgroup v2 no controllers"
"""The lab machine has its cgroup controllers in v1, so nothing can be delegated to a user."""


def observed(name: str) -> state.HostState:
    return state.parse((DATA / "observed" / f"{name}.txt").read_text(encoding="ascii"))


def probed(release: str) -> evidence.Evidence:
    text = Path(DATA / "probed" / f"{release}.txt").read_text(encoding="ascii")
    return evidence.parse(text, nonce=NONCE)["alice"]


def captured(release: str) -> Subject:
    return subject_of("alice", spec(), observed(f"{release}-provisioned"), probed(release))


def judged(release: str) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings(captured(release))}


def test_every_release_of_the_lab_was_captured() -> None:
    assert sorted(CAPTURED) == RELEASES


@pytest.mark.parametrize("release", RELEASES)
def test_a_fresh_host_has_accounts_and_neither_podman_nor_ranges(release: str) -> None:
    seen = observed(f"{release}-fresh")
    name = seen.platform.version_id or "forky"  # testing has no number yet
    assert (seen.platform.family, f"debian-{name}") == (debian.FAMILY, release)
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
    assert intended(spec(), observed(f"{release}-provisioned")).changes == ()


@pytest.mark.parametrize("release", RELEASES)
def test_the_plan_of_a_fresh_host_installs_before_it_grants(release: str) -> None:
    ids = [change.id for change in intended(spec(), observed(f"{release}-fresh")).changes]
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
    assert seen.owner_of_5_5 == "524292:524292"
    assert seen.icmp[4] == "ok"
    assert seen.credentials == "524292:524294"
    assert seen.limits.keys() == {"processes", "open files"}


@pytest.mark.parametrize("release", ["debian-12", "debian-13", "debian-forky"])
def test_a_provisioned_host_passes_every_check_that_applies(release: str) -> None:
    found = judged(release)
    assert {check: one.cause for check, one in found.items() if one.verdict is not Verdict.PASS} == {
        "V11": "there is no pause process that keeps a map",
        "V25": NO_CONTROLLERS,
        "V28": "one user only",
    }
    assert {one.verdict for one in found.values()} == {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert set(found) == {check.id for check in CHECKS.values() if not check.of_host}
    assert [(one.ref, sign.proved) for one, sign in signs(captured(release))] == [("G07", False)]


def test_debian_11_runs_no_container_and_says_why() -> None:
    """Podman 3.0.1 reads no containers.conf.d, so pids_limit = 0 does not reach it."""
    found = judged("debian-11")
    told = {check: (one.verdict, one.ref) for check, one in found.items() if one.verdict is not Verdict.PASS}
    assert told == {
        "V11": (Verdict.NOT_APPLICABLE, ""),
        "V17": (Verdict.FAIL, "F05"),
        "V18": (Verdict.COULD_NOT_LOOK, "F05"),
        "V19": (Verdict.FAIL, "F05"),
        "V20": (Verdict.NOT_APPLICABLE, ""),
        "V23": (Verdict.COULD_NOT_LOOK, "F05"),
        "V24": (Verdict.COULD_NOT_LOOK, "F05"),
        "V25": (Verdict.NOT_APPLICABLE, ""),
        "V28": (Verdict.NOT_APPLICABLE, ""),
    }
    assert "requested cgroup controller `pids` is not available" in found["V17"].found
    assert found["V20"].cause == "before Podman 4 a pod needs an image from a registry"


def answer(*, without: str = "", database: str = "no") -> evidence.Evidence:
    """The probe of alice on Debian 13, with more records of root's, and without what one command of hers printed."""
    outer = frames.decode(
        (DATA / "probed" / "debian-13.txt").read_text(encoding="ascii"), kind="probe", nonce=NONCE
    )
    nonce = next(item.argument for item in outer.items if item.key == "nonce").split()[1]
    inner = [
        replace(item, body=database.encode()) if item.key == "database" else item
        for item in frames.split(frames.unpack(outer.text("probe", "alice") or ""), nonce).items
        if item.argument != (without or None)
    ]
    printed = b"".join(f"\n@@{nonce} {item.key} {item.argument}\n".encode() + item.body for item in inner)
    packed = b"base64\n" + base64.b64encode(printed) + b"\n"
    items = [replace(item, body=packed) if item.key == "probe" else item for item in outer.items]
    return evidence.parse(encode(items, kind="probe", nonce=NONCE), nonce=NONCE)["alice"]


def test_storage_that_is_new_shows_what_a_new_user_gets() -> None:
    asked, unasked = answer().fresh_info, answer(without="info")
    assert asked is not None
    assert unasked.fresh_info is unasked.user_info is not None
    assert unasked.fresh_info is not None
    assert asked.get("store.graphDriverName") == unasked.fresh_info.get("store.graphDriverName") == "overlay"


def test_storage_that_was_used_before_shows_nothing_of_a_new_user() -> None:
    assert answer(database="yes").fresh_info is not None
    assert answer(without="info", database="yes").fresh_info is None
    assert answer(without="info", database="").fresh_info is None, "not known is not new"
