"""Learning a host key where ``~/.ssh`` does not exist: the folder is made only then, as by ssh (pyinfra makes none, and fails)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pyinfra.connectors.sshuserclient import client

_append = client.append_hostkey


def install() -> None:
    """Let pyinfra in this process write to known_hosts in a folder that is made first. Only the worker process does this."""
    client.append_hostkey = append


def append(ssh: Any, hostname: str, key: Any) -> None:  # noqa: ANN401 - a client and a key of paramiko
    """Add the key of a host to the known_hosts file of a client."""
    folder = Path(os.path.expanduser("~/.ssh"))  # noqa: PTH111 - Path's own raises for a user without a home
    file = ssh._host_keys_filename  # noqa: SLF001 - where pyinfra has the name
    if file is not None and Path(file).parent == folder:
        folder.mkdir(mode=0o700, exist_ok=True)
    _append(ssh, hostname, key)
