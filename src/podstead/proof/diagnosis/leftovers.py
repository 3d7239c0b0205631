"""D: state that an earlier first use of Podman left behind."""

from __future__ import annotations

import re

from podstead.host.storage import configured_driver_of, mount_program_of
from podstead.ids.ranges import IdRange
from podstead.proof.diagnosis.sign import PODMAN, Register, Sign
from podstead.proof.finding import Verdict
from podstead.proof.subject import Subject

register = Register()


@register("C17", "V11", alone=Verdict.WARN)
def shifted_by_lower_range(subject: Subject) -> Sign | None:
    """A range below the old ones moves every container ID: ranges are sorted by start."""
    pause_maps = subject.pause
    if len(subject.subuids) < 2:
        return None
    if pause_maps is None:
        return _added_later(subject)
    before = {(extent.outside, extent.count) for extent in pause_maps[0].extents[1:]}
    now = [(range_.start, range_.count) for range_ in sorted(subject.subuids)]
    if before and before < set(now) and now[0] not in before:
        return Sign(found=f"the new range {now[0][0]}:{now[0][1]} lies below the old ones")
    return None


def _added_later(subject: Subject) -> Sign | None:
    """No process keeps the map from before. usermod appends, so a lower range in a later line came later."""
    names = {subject.user, str(subject.account.uid)}
    entries = [entry for entry in subject.state.subids.subuid.entries if entry.owner in names]
    if len(entries) < 2 or subject.state.subids.source != "files":
        return None
    first = entries[0]
    lower = next((entry for entry in entries[1:] if entry.range.start < first.range.start), None)
    owners = (line.partition(" ")[0] for line in subject.facts.all("graph.owner"))
    if lower is None or not any(
        re.fullmatch("[0-9]{1,10}", owner) and int(owner) in first.range for owner in owners
    ):
        return None
    return Sign(
        found=f"{lower.range} (line {lower.line}) lies below {first.range} (line {first.line}), whose IDs own files in storage",
        expected="an additional range above the first",
    )


@register("D01", "V11")
def stale_map(subject: Subject) -> Sign | None:
    pause_maps = subject.pause
    if pause_maps is None or (
        pause_maps[0].same_ids(subject.uid_map) and pause_maps[1].same_ids(subject.gid_map)
    ):
        return None
    return Sign(found=f"the pause process holds uid {pause_maps[0]}", expected=f"uid {subject.uid_map}")


@register("D02", "V27", alone=Verdict.FAIL)
def old_owners(subject: Subject) -> Sign | None:
    graph = subject.evidence.graph
    if graph is not None and graph.exists and graph.owner.partition(":")[0] != str(subject.account.uid):
        return None  # the folder itself is somebody else's (H21): nothing in it is of an old range
    other_owners = [
        f"{uid}:{gid}"
        for uid, gid in storage_owners(subject)
        # what belongs to root or to another account was made by them (H21); an old range is nobody's
        if (_outside(uid, subject.account.uid, subject.subuids) and uid not in subject.state.accounts.uids)
        or (_outside(gid, subject.account.gid, subject.subgids) and gid not in subject.state.accounts.gids)
    ]
    if not other_owners or not subject.granted:
        return None
    return Sign(
        found=f"files in storage belong to {', '.join(other_owners[:5])}",
        expected=f"{subject.account.uid} or an ID of {', '.join(map(str, subject.subuids))}",
    )


def storage_owners(subject: Subject) -> list[tuple[int, int]]:
    """UID and GID of whoever owns files in the user's storage, as root saw them."""
    pairs = (
        re.fullmatch(r"(\d{1,10}) (\d{1,10})", line, re.ASCII) for line in subject.facts.all("graph.owner")
    )
    return [(int(pair[1]), int(pair[2])) for pair in pairs if pair]


def _outside(number: int, own: int, ranges: tuple[IdRange, ...]) -> bool:
    return number != own and not any(number in range_ for range_ in ranges)


@register("D07", "V31", *PODMAN, alone=Verdict.FAIL)
def database_mismatch(subject: Subject) -> Sign | None:
    # Podman before 5 looks for its files where they were, without printing anything on that they were moved
    return _line_of_own_info(
        subject,
        r"database configuration mismatch|does not match our \w+ |mkdir /(?!run/user/)[^\s:]{1,200}: permission denied",
    )


@register("D05", "V31", *PODMAN, alone=Verdict.FAIL)
def unhandled_reboot(subject: Subject) -> Sign | None:
    return _line_of_own_info(subject, r"boot ID differs")


@register("D10", "V31", *PODMAN, alone=Verdict.FAIL)
def paths_of_another_uid(subject: Subject) -> Sign | None:
    run = (
        subject.evidence.info_with_database.get("store.runRoot")
        if subject.evidence.info_with_database
        else ""
    )
    match = re.match(r"/run/user/(\d{1,10})/", run)
    if match and int(match[1]) != subject.account.uid:
        return Sign(
            found=f"the database keeps runroot {run}", expected=f"/run/user/{subject.account.uid}/containers"
        )
    return _line_of_own_info(subject, r"mkdir /run/user/\d+: permission denied")


def _line_of_own_info(subject: Subject, pattern: str) -> Sign | None:
    own = subject.evidence.info_with_database
    if own is None or own.ran.ok:
        return None
    match = re.search(pattern, own.ran.output)
    return Sign(found=own.ran.last) if match else None


@register("D03", "V27", "V31", alone=Verdict.WARN)
def driver_of_first_use(subject: Subject) -> Sign | None:
    """The database of the first use decides; a storage.conf that came later does not.

    Where Podman does not start at all, it is the reason only if Podman says that the kept driver takes no such options.
    """
    start = subject.evidence.user_info
    if (
        start is not None
        and not start.ran.ok
        and not re.search(r"driver does not support \S+ options", start.ran.output)
    ):
        return None
    user = subject.state.session.users.get(subject.user)
    own = subject.evidence.info_with_database
    first_drivers = (
        {own.get("store.graphDriverName")} - {""} if own and own.ran.ok else set(user.drivers if user else ())
    )
    wanted = configured_driver_of(subject.storage_texts) or subject.spec.storage.driver
    if not first_drivers or wanted is None or wanted in first_drivers:
        return None
    return Sign(found=f"the user's database keeps {', '.join(sorted(first_drivers))}", expected=wanted)


@register("D04", "V26", alone=Verdict.FAIL)
def runroot_in_tmp(subject: Subject) -> Sign | None:
    run = (
        subject.evidence.info_with_database.get("store.runRoot")
        if subject.evidence.info_with_database
        else ""
    )
    if not run or not subject.state.platform.systemd or run.startswith("/run/"):
        return None
    return Sign(
        found=f"the database keeps runroot {run}", expected=f"/run/user/{subject.account.uid}/containers"
    )


@register("E11", "V26", alone=Verdict.WARN)
def aged_out(subject: Subject) -> Sign | None:
    """systemd-tmpfiles clears /tmp after ten days; without an exception it takes a runroot there with it."""
    if runroot_in_tmp(subject) is None or subject.host.get("tmp.keep") is None:
        return None
    lines = " ".join(subject.host.all("tmpfiles.keep"))
    if "storage-run" in lines and "podman-run" in lines:
        return None
    return Sign(found="no tmpfiles.d line excludes both /tmp/podman-run-* and /tmp/storage-run-*")


@register("D06", "V11", alone=Verdict.WARN)
def recycled_pause_pid(subject: Subject) -> Sign | None:
    user = subject.state.session.users.get(subject.user)
    if user is None or not user.stale_pause:
        return None
    return Sign(
        found=f"pause.pid names a process of {user.stale_pause}", expected="a pause process of Podman"
    )


@register("D08", "V27", alone=Verdict.WARN)
def boltdb(subject: Subject) -> Sign | None:
    own, podman = subject.evidence.info_with_database, subject.podman
    if own is None or podman is None or own.get("host.databaseBackend") != "boltdb":
        return None
    # 4.x knows nothing else; 5.7 begins to warn and 6.0 has it no longer (release notes)
    if (podman.major, podman.minor) < (5, 0):
        return None
    return Sign(found=f"the database is BoltDB, with Podman {podman}", expected="SQLite")


@register("D09", "V27", alone=Verdict.WARN)
def cached_mount_program(subject: Subject) -> Sign | None:
    if (subject.facts.get("mount.program") or "").strip() != "true":
        return None
    if any(map(mount_program_of, subject.storage_texts)):
        return None
    return Sign(found="overlay/.has-mount-program says true, but no storage.conf names a mount program")
