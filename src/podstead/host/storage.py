"""Container storage: the files that name a driver, and what they say."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from podstead.host.frames import Records
from podstead.host.own_file import OwnFile

MAIN = "/etc/containers/storage.conf"


VENDOR = "/usr/share/containers/storage.conf"


DROP_IN = "/etc/containers/storage.rootless.conf.d/50-podstead.conf"


@dataclass(frozen=True, slots=True)
class StorageState:
    """The texts of the files that decide, by path; and the two that may be podstead's own, to the byte."""

    files: Mapping[str, str]
    own: Mapping[str, OwnFile]


def parse(records: Records) -> StorageState:
    return StorageState(
        {record.argument: record.text for record in records.all("file") if "/storage." in record.argument},
        {path: OwnFile.from_records(records, path) for path in (MAIN, DROP_IN)},
    )


def driver_of(text: str) -> str | None:
    """The driver that a storage.conf names; None when it names none. Raises ValueError when it is no TOML."""
    try:
        storage = tomllib.loads(text).get("storage", {})
    except RecursionError as error:  # a user's own file may hold anything
        raise ValueError("it is nested too deeply") from error
    driver = storage.get("driver") if isinstance(storage, dict) else None
    return driver if isinstance(driver, str) and driver else None


def configured_driver_of(texts: Iterable[str]) -> str | None:
    """The first driver that one of these files names; a file that is no TOML names none."""
    for text in texts:
        try:
            driver = driver_of(text)
        except ValueError:
            continue
        if driver:
            return driver
    return None


def mount_program_of(text: str) -> str:
    """The mount program that a storage.conf names ([storage.options.overlay] or, older, [storage.options])."""
    try:
        table = tomllib.loads(text).get("storage")
    except (ValueError, RecursionError):
        return ""
    options = table.get("options") if isinstance(table, dict) else None
    overlay = options.get("overlay") if isinstance(options, dict) else None
    for place in (overlay, options):
        program = place.get("mount_program") if isinstance(place, dict) else None
        if isinstance(program, str) and program:
            return program
    return ""
