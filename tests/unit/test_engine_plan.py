"""Engine settings: what would break Podman for users who have run it before is refused."""

from __future__ import annotations

from typing import Any

import pytest

from podstead.change import Outcome
from podstead.parts import engine
from podstead.parts.engine_lasting import Segment, parse_segments
from podstead.versions import upstream
from tests.model_host import ModelAccount, ModelHost, spec_of

SEGMENT = "82488 1000 /dev/shm/libpod_rootless_lock_1000\n"
"""2048 locks, as Podman 5.4 on x86_64 makes them."""


def planned(settings: dict[str, Any], *allowed: str, segments: str = "", **more: Any) -> Outcome:
    host = ModelHost(accounts={"alice": ModelAccount(1000, 1000)}, segments=segments, **more)
    spec = spec_of(engine=settings)
    state = host.state(spec.users)
    return engine.plan(
        spec,
        state.engine,
        state.packages,
        with_storage=state.users_with_storage,
        tools=state.platform.tools,
        allowed=allowed,
    )


def reasons(outcome: Outcome) -> list[str]:
    assert bool(outcome.changes) is not bool(outcome.refusals)
    return [part for one in outcome.refusals for part in one.reason.split("; ")]


@pytest.mark.parametrize(
    ("size", "locks"),
    [(2632, 64), (82488, 2048), (164920, 4096), (64 + 64 * 1544, 2048), (56 + 1288, 1)],
)
def test_the_size_of_a_segment_tells_its_locks(size: int, locks: int) -> None:
    """The first three were seen on Debian 13 (x86_64); the fourth is aarch64's mutex of 48 bytes."""
    assert Segment(1000, size).holds(locks)
    assert not Segment(1000, size).holds(locks + 32)


def test_a_segment_counts_only_where_its_owner_made_it() -> None:
    lines = [
        SEGMENT.strip(),
        "5 1001 /dev/shm/libpod_rootless_lock_1000",
        "7 0 /dev/shm/libpod_lock",
        "x",
        "",
    ]
    assert parse_segments(lines) == (Segment(1000, 82488), Segment(0, 7))


def test_another_number_of_locks_is_refused_where_users_have_segments() -> None:
    (reason,) = reasons(planned({"engine": {"num_locks": 4096}}, segments=SEGMENT))
    assert reason.startswith("engine.num_locks = 4096: Podman of UID 1000 has run since the last boot")


@pytest.mark.parametrize("segments", ["", SEGMENT])
def test_the_same_number_of_locks_is_no_change(segments: str) -> None:
    assert reasons(planned({"engine": {"num_locks": 2048}}, segments=segments)) == []


def test_what_was_refused_is_done_where_it_is_allowed_by_name() -> None:
    assert reasons(planned({"engine": {"num_locks": 4096}}, "engine:drop-in:content", segments=SEGMENT)) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"engine": {"database_backend": "boltdb"}},
        {"engine": {"static_dir": "/srv/s"}},
        {"engine": {"tmp_dir": "/srv/t"}},
        {"engine": {"volume_path": "/srv/v"}},
        {"engine": {"lock_type": "file"}},
        {"network": {"network_backend": "netavark"}},
    ],
)
def test_what_a_database_keeps_is_refused_only_where_there_is_one(settings: dict[str, Any]) -> None:
    assert len(reasons(planned(settings, storage={"alice": "overlay"}))) == 1
    assert reasons(planned(settings)) == []


def test_a_setting_that_is_in_force_already_is_no_change_of_it() -> None:
    before = '# Written by podstead; changes made here are overwritten.\n[engine]\nvolume_path = "/srv/v"\n'
    files = {"/etc/subuid": "", "/etc/subgid": "", engine.DROP_IN: before}
    settings = {"engine": {"volume_path": "/srv/v", "image_parallel_copies": 3}}
    assert reasons(planned(settings, files=files, storage={"alice": "overlay"})) == []


def test_a_runtime_that_is_not_there_is_refused() -> None:
    (reason,) = reasons(planned({"engine": {"runtime": "runc"}}, tools={"podman", "crun"}))
    assert reason == "engine.runtime = 'runc': runc is not installed, and no container would start"
    assert reasons(planned({"engine": {"runtime": "crun"}}, tools={"podman", "crun"})) == []
    assert reasons(planned({"engine": {"runtime": "kata"}}, tools={"podman", "crun"})) == []


def test_cni_is_refused_from_podman_5_on() -> None:
    settings = {"network": {"network_backend": "cni"}}
    (reason,) = reasons(planned(settings, installed={"podman": "5.4.2+ds1-2"}))
    assert f"Podman {upstream('5.4.2')} is built without CNI" in reason
    assert reasons(planned(settings, installed={"podman": "4.3.1+ds1-8"})) == []
