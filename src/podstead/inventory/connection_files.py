"""The files on this machine that a way to a host needs: the private key and the ssh_config that were named for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from podstead.errors import Problem
from podstead.inventory.connection import Connection


def expanded(name: str) -> str:
    """Return a path without ``~``."""
    return os.path.expanduser(name)  # noqa: PTH111 - Path's own raises for a user that there is not


def config_path(connection: Connection) -> str:
    """The person's ssh_config. Whole: an Include that is relative is looked for in other folders than the present one."""
    name = connection.ssh_config_file or "~/.ssh/config"
    return os.devnull if name == "none" else os.path.abspath(expanded(name))  # noqa: PTH100 - links stay


def key_problem(connection: Connection) -> str:
    """Why the private key file cannot be used, or nothing."""
    if connection.kind != "ssh" or connection.private_key is None:
        return ""
    path = expanded(connection.private_key)
    if not os.path.isfile(path) and not _is_out_of_reach(path):  # noqa: PTH113 - Path's own raises there
        return f"private key {path} does not exist"
    return "" if os.access(path, os.R_OK) else f"private key {path} cannot be read"


def config_problem(connection: Connection) -> str:
    """Why the ssh_config that was named cannot be used, or nothing: without it a host may be reached as somebody else."""
    if connection.kind != "ssh" or connection.ssh_config_file is None:
        return ""
    path = config_path(connection)
    # a device will do (/dev/null)
    if os.path.isdir(path) or not os.access(path, os.R_OK):  # noqa: PTH112 - as above
        return f"ssh_config {path} does not exist or cannot be read"
    return ""


def unusable_files(connections: Iterable[Connection]) -> list[Problem]:
    """Return what is wrong with the files of connections, each with the place that names the file."""
    # many hosts share a way: each is looked at once
    different: dict[object, Connection] = {
        (
            connection.kind,
            connection.private_key,
            connection.ssh_config_file,
            *connection.origins.values(),
        ): connection
        for connection in connections
    }
    return [problem for connection in different.values() for problem in _problems(connection)]


def _problems(connection: Connection) -> Iterator[Problem]:
    for name, message in (
        ("private_key", key_problem(connection)),
        ("ssh_config_file", config_problem(connection)),
    ):
        if message:
            yield Problem(where=connection.origins.get(name, ""), message=message)


def _is_out_of_reach(path: str) -> bool:
    try:
        os.stat(path)  # noqa: PTH116 - as os.path
    except PermissionError:
        return True
    except OSError:
        return False
    return False
