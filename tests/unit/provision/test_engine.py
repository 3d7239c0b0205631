"""Engine settings: what would break Podman for users who have run it before is refused."""

from __future__ import annotations

from typing import Any

import pytest

from podstead.host import engine as host_engine
from podstead.host.engine import MAIN, Segment, parse_segments
from podstead.host.package_versions import upstream
from podstead.provision import engine
from podstead.provision.change import Outcome
from podstead.provision.drop_ins import toml
from tests.model_host import ModelAccount, ModelHost, spec_of

SEGMENT = "82488 1000 /dev/shm/libpod_rootless_lock_1000\n"
"""2048 locks, as Podman 5.4 on x86_64 makes them."""


OF_EVE = "82488 1001 /dev/shm/libpod_rootless_lock_1001\n"
OF_ROOT = "82488 0 /dev/shm/libpod_lock\n"
PEOPLE = {"alice": ModelAccount(1000, 1000), "eve": ModelAccount(1001, 1001)}
"""alice is in the document, eve is not."""


def having(path: str, settings: dict[str, Any]) -> dict[str, str]:
    return {"/etc/subuid": "", "/etc/subgid": "", path: toml(settings)}


def planned(settings: dict[str, Any], *allowed: str, segments: str = "", **more: Any) -> Outcome:
    return planned_on(ModelHost(accounts=dict(PEOPLE), segments=segments, **more), settings, *allowed)


def planned_on(host: ModelHost, settings: dict[str, Any], *allowed: str) -> Outcome:
    spec = spec_of(engine=settings)
    state = host.state(spec.users)
    return engine.plan(
        spec,
        state.engine,
        state.packages,
        state.accounts,
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
        "82488 1001 /dev/shm/libpod_rootless_lock_1000",
        "2632 0 /dev/shm/libpod_lock",
        "x",
        "",
    ]
    assert parse_segments(lines) == (Segment(1000, 82488), Segment(0, 2632))


@pytest.mark.parametrize("size", [0, 1, 56, 64, 82487, 82489, 10**12 - 1])
def test_a_file_of_a_size_that_podman_never_makes_is_no_segment(size: int) -> None:
    """``truncate -s 1 /dev/shm/libpod_rootless_lock_$(id -u)`` is anybody's to do."""
    line = f"{size} 1000 /dev/shm/libpod_rootless_lock_1000"
    assert parse_segments([line]) == ()
    assert reasons(planned({"engine": {"num_locks": 4096}}, segments=f"{line}\n")) == []


@pytest.mark.parametrize("mutex", [24, 32, 40, 48])
@pytest.mark.parametrize("locks", [1, 32, 33, 2048, 10**6])
def test_every_size_that_podman_makes_is_a_segment(mutex: int, locks: int) -> None:
    """struct shm_struct of libpod/lock/shm/shm_lock.h: a header, then groups of 32 locks with a bitmap each."""
    one = Segment(1000, 16 + mutex + -(-locks // 32) * (8 + 32 * mutex))
    assert (one.real, one.holds(locks)) == (True, True)


def test_another_number_of_locks_is_refused_where_users_have_segments() -> None:
    (reason,) = reasons(planned({"engine": {"num_locks": 4096}}, segments=SEGMENT))
    assert reason.startswith(
        "engine.num_locks = 4096: Podman of alice (UID 1000) has run since the last boot"
    )


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
    files = {"/etc/subuid": "", "/etc/subgid": "", host_engine.DROP_IN: before}
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


# --- what is taken out, whose it is, and which file it comes from ---

LASTING: list[dict[str, Any]] = [
    {"engine": {"database_backend": "sqlite"}},
    {"engine": {"static_dir": "/srv/s"}},
    {"engine": {"tmp_dir": "/srv/t"}},
    {"engine": {"volume_path": "/srv/v"}},
    {"engine": {"lock_type": "file"}},
    {"network": {"network_backend": "netavark"}},
]
REST = {"engine": {"retry": 3}}


def settled(settings: dict[str, Any], **more: Any) -> ModelHost:
    """A host on which podstead has made these settings before anybody used Podman."""
    host = ModelHost(accounts=dict(PEOPLE), **more)
    host.apply(planned_on(host, settings).changes)
    return host


@pytest.mark.parametrize("rest", [REST, {"engine": {}}])
def test_taking_the_number_of_locks_out_is_refused_where_segments_are_of_that_number(
    rest: dict[str, Any],
) -> None:
    """Podman: failed to open 2048 locks in /libpod_rootless_lock_1001: numerical result out of range."""
    host = settled({"engine": {"num_locks": 4096}})
    host.segments = "164920 1001 /dev/shm/libpod_rootless_lock_1001\n"
    (reason,) = reasons(planned_on(host, rest))
    assert reason.startswith(
        "engine.num_locks = 2048 (the default): Podman of eve (UID 1001, not in the document)"
    )
    host.segments = SEGMENT
    assert reasons(planned_on(host, rest)) == []


@pytest.mark.parametrize("settings", LASTING)
def test_taking_out_what_a_database_keeps_is_refused_where_there_is_one(settings: dict[str, Any]) -> None:
    host = settled(settings)
    assert reasons(planned_on(host, REST)) == []
    host.storage["alice"] = "overlay"
    (reason,) = reasons(planned_on(host, REST))
    assert "Podman was already used by alice: " in reason
    assert reasons(planned_on(host, REST, "engine:drop-in:content")) == []


def test_without_engine_settings_the_drop_in_stays_as_it_is() -> None:
    host = settled({"engine": {"num_locks": 4096}})
    host.segments = "164920 1000 /dev/shm/libpod_rootless_lock_1000\n"
    assert planned_on(host, {}) == Outcome()


@pytest.mark.parametrize("settings", LASTING)
@pytest.mark.parametrize(
    ("segments", "who"),
    [(OF_EVE, "eve (UID 1001, not in the document)"), (OF_ROOT, "root (UID 0, not in the document)")],
)
def test_accounts_outside_the_document_count_where_they_have_used_podman(
    settings: dict[str, Any], segments: str, who: str
) -> None:
    """The drop-in is everybody's, root's as well."""
    (reason,) = reasons(planned(settings, segments=segments))
    assert f"Podman was already used by {who}: " in reason
    assert reasons(planned(settings)) == []


def test_storage_that_was_seen_counts_for_its_owner() -> None:
    host = ModelHost(
        accounts=dict(PEOPLE), storage_seen="0 /var/lib/containers/storage\n1001 /home/eve/s\nx\n"
    )
    (reason,) = reasons(planned_on(host, {"engine": {"volume_path": "/srv/v"}}))
    assert (
        "already used by root (UID 0, not in the document), eve (UID 1001, not in the document): the database"
        in reason
    )
    assert reasons(planned_on(host, {"engine": {"num_locks": 4096}})) == []


def test_a_user_of_the_document_whose_storage_was_looked_for_needs_no_segment() -> None:
    """After podman system reset the segment is still there, and the storage is not."""
    assert reasons(planned({"engine": {"volume_path": "/srv/v"}}, segments=SEGMENT)) == []


@pytest.mark.parametrize("path", [*MAIN, "/etc/containers/containers.conf.d/10-admin.conf"])
def test_what_another_file_sets_already_is_no_change(path: str) -> None:
    settings = {"engine": {"volume_path": "/srv/v", "num_locks": 4096}}
    files = having(path, settings)
    segments = "164920 1000 /dev/shm/libpod_rootless_lock_1000\n"
    more: dict[str, Any] = {"files": files, "segments": segments, "storage": {"alice": "overlay"}}
    assert reasons(planned(settings, **more)) == []
    host = ModelHost(accounts=dict(PEOPLE), **more)
    host.files[host_engine.DROP_IN] = toml(settings)
    assert reasons(planned_on(host, REST)) == []


def test_what_a_later_file_sets_stays_in_force_whatever_podstead_writes() -> None:
    files = having("/etc/containers/containers.conf.d/90-admin.conf", {"engine": {"num_locks": 2048}})
    assert reasons(planned({"engine": {"num_locks": 4096}}, files=files, segments=SEGMENT)) == []


@pytest.mark.parametrize(("podman", "refused"), [("5.4.2", False), ("6.0.0", True)])
def test_from_podman_6_on_the_administrators_file_stands_in_place_of_the_distributions(
    podman: str, refused: bool
) -> None:
    files = having(MAIN[0], {"engine": {"num_locks": 4096}}) | {MAIN[1]: ""}
    more: dict[str, Any] = {"files": files, "segments": SEGMENT, "installed": {"podman": podman}}
    assert bool(reasons(planned({"engine": {"num_locks": 4096}}, **more))) is refused


def test_taking_out_what_hides_another_files_value_is_a_change() -> None:
    files = having("/etc/containers/containers.conf", {"engine": {"num_locks": 64}})
    files[host_engine.DROP_IN] = toml({"engine": {"num_locks": 2048}})
    (reason,) = reasons(planned(REST, files=files, segments=SEGMENT))
    assert reason.startswith("engine.num_locks = 64: ")


@pytest.mark.parametrize("text", ["[engine", "engine = 3\n", "a=" + "[" * 5000, "[engine]\n# f\udcfcr\n"])
def test_another_file_that_says_nothing_is_passed_over(text: str) -> None:
    files = {"/etc/subuid": "", "/etc/subgid": "", "/etc/containers/containers.conf": text}
    assert len(reasons(planned({"engine": {"num_locks": 4096}}, files=files, segments=SEGMENT))) == 1


def test_of_many_only_some_are_named() -> None:
    people = {f"u{uid}": ModelAccount(uid, uid) for uid in range(2000, 2009)}
    segments = "".join(f"82488 {uid} /dev/shm/libpod_rootless_lock_{uid}\n" for uid in range(2000, 2009))
    host = ModelHost(accounts=people, segments=segments)
    (reason,) = reasons(planned_on(host, {"engine": {"num_locks": 4096}}))
    assert "u2004 (UID 2004, not in the document) and 4 more has run" in reason
