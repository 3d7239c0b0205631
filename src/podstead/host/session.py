"""User sessions: linger, the user bus, and the pause process that holds an ID map."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from podstead.host.frames import Records
from podstead.host.own_file import OwnFile
from podstead.ids.ranges import IdMap

DROP_IN = "/etc/systemd/system/user@.service.d/50-podstead.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSession:
    """What there is of one user's session."""

    uid: int
    home: str
    linger: bool = False
    runtime_dir: bool = False
    bus: bool = False
    storage: bool = False
    drivers: tuple[str, ...] = ()
    pause: tuple[IdMap, IdMap] | None = None
    stale_pause: str = ""
    """The program that has the number in pause.pid now, where it is no pause process (podman#28157)."""
    running: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """All wanted users who exist, and our delegation drop-in."""

    users: Mapping[str, UserSession]
    drop_in: OwnFile


def parse(records: Records) -> SessionState:
    paths: dict[str, str] = {}
    for record in records.all("stat"):
        for line in record.text.splitlines():
            fields = line.split(":", 4)
            if len(fields) == 5:
                paths[fields[4]] = fields[3]
    users = {}
    for record in records.all("user"):
        uid, _, home = record.text.rstrip("\n").partition(":")
        if re.fullmatch("[0-9]{1,10}", uid):
            users[record.argument] = _user(record.argument, int(uid), home, paths, records)
    return SessionState(users=users, drop_in=OwnFile.from_records(records, DROP_IN))


def linger_file(name: str) -> str:
    """The file that says that a user lingers: systemd escapes a name as a string of C (logind-dbus.c, cescape())."""
    return "/var/lib/systemd/linger/" + name.replace("\\", "\\\\")


def _user(name: str, uid: int, home: str, paths: Mapping[str, str], records: Records) -> UserSession:
    graph = f"{home}/.local/share/containers/storage"
    images = tuple(
        sorted(
            path.rpartition("/")[2].removesuffix("-images")
            for path in paths
            if path.startswith(f"{graph}/") and path.endswith("-images")
        )
    )
    config = next(
        (
            record.text
            for record in records.all("file")
            if record.argument == f"{home}/.config/containers/storage.conf"
        ),
        "",
    )
    return UserSession(
        uid=uid,
        home=home,
        linger=linger_file(name) in paths,
        runtime_dir=f"/run/user/{uid}" in paths,
        bus=paths.get(f"/run/user/{uid}/bus") == "socket",
        # a graphroot of the user's own cannot be looked into from here: taken for used, because that loses nothing
        storage=bool(images)
        or f"{graph}/db.sql" in paths
        or f"{graph}/libpod/bolt_state.db" in paths
        or "graphroot" in config,
        drivers=images,
        pause=_pause(records, name),
        stale_pause=_stale_pause(records, name),
        running=_count(records.text("running", name)),
    )


def _count(text: str | None) -> int:
    """The number of running containers; what is no number counts as one, because that stops nobody's containers."""
    stripped = (text or "").strip()
    return int(stripped) if re.fullmatch("[0-9]{1,9}", stripped) else int(bool(stripped))


def _pause(records: Records, name: str) -> tuple[IdMap, IdMap] | None:
    uid_map, gid_map = records.text("pause-uid", name), records.text("pause-gid", name)
    if uid_map is None or gid_map is None or _stale_pause(records, name):
        return None  # a recycled process ID is nobody's pause process
    try:
        return IdMap.parse(uid_map), IdMap.parse(gid_map)
    except ValueError:
        return None


def _stale_pause(records: Records, name: str) -> str:
    comm = (records.text("pause", name) or "").strip()
    return "" if comm.startswith(("catatonit", "podman", "exe")) else comm
