"""SSH through pyinfra's public hooks: host data for its connector, a faster transport, and closing what it leaves open."""

from __future__ import annotations

import contextlib
import socket
from functools import cache
from pathlib import Path
from typing import Any

import paramiko
from pyinfra.connectors.sshuserclient.config import SSHConfig

from podstead.inventory.connection_files import config_path, expanded
from podstead.provision.change import checksum
from podstead.visit.job import Target


class FastTransport(paramiko.Transport):
    """paramiko without Nagle's delay (40 ms for each command on a LAN) and with a lazier idle poll."""

    _active_check_timeout = 5.0  # paramiko's own name; 0.1 s there, which costs 0.2 core at 1000 connections

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - paramiko's signature
        with contextlib.suppress(
            OSError, AttributeError
        ):  # a ProxyCommand or a jump channel is no TCP socket
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, *args, **kwargs)


def host_name(target: Target) -> str:
    """The name that makes pyinfra pick the right connector."""
    match target.connection.kind:
        case "ssh":
            return target.name
        case "local":
            return "@local"
        case kind:
            return f"@{kind}/{target.connection.address}"


def host_data(target: Target, folder: Path) -> dict[str, Any]:
    """pyinfra's host data for a target. Everything that pyinfra would guess is set."""
    if target.connection.kind != "ssh":
        return {}
    data: dict[str, Any] = {
        "ssh_hostname": target.connection.address,
        "ssh_config_file": write_ssh_config(target, folder),
        "ssh_strict_host_key_checking": host_key_policy(target),
        "ssh_paramiko_connect_kwargs": {"transport_factory": FastTransport, "banner_timeout": 15},
    }
    optional = {
        "ssh_port": target.connection.port,
        "ssh_user": target.connection.user,
        "ssh_key": target.connection.private_key,
        "ssh_password": target.connection.password and target.connection.password.get_secret_value(),
        "ssh_known_hosts_file": target.connection.known_hosts_file,
    }
    return data | {key: value for key, value in optional.items() if value is not None}


def host_key_policy(target: Target) -> str:
    """The policy for unknown host keys: the inventory's, else ssh_config's, else strict.

    pyinfra would replace ssh_config's ``yes`` by ``accept-new``. OpenSSH's default is to ask; where nobody can be
    asked that means to refuse, and so it does here.
    """
    if target.connection.strict_host_keys:
        return target.connection.strict_host_keys
    config = _ssh_config(config_path(target.connection))
    if config is None:
        return "yes"
    strictness = config.lookup(target.connection.address).get("stricthostkeychecking", "ask").lower()
    return {"accept-new": "accept-new", "no": "no", "off": "no"}.get(strictness, "yes")


@cache
def _ssh_config(path: str) -> paramiko.SSHConfig | None:
    """Read once for all hosts, Include lines included; None where there is none that can be read."""
    config = SSHConfig()
    try:
        with Path(path).open(encoding="utf-8") as file:
            config.parse(file)
    except (OSError, UnicodeDecodeError, paramiko.ConfigParseError):
        return None
    return config


def ssh_config_text(target: Target) -> str:
    """The ssh_config that pyinfra is given: the person's own, with a jump host before and a strict default behind it.

    Without that default pyinfra asks on the terminal about the key of an unknown jump host, in every greenlet.
    """
    lines = []
    if target.connection.proxy_jump:
        lines += [f"Host {target.connection.address}", f"    ProxyJump {target.connection.proxy_jump}"]
    # settings that stand before any Host of an included file would else belong to the block above
    lines += [
        "Host *",
        f"Include {config_path(target.connection)}",
        "Host *",
        "    StrictHostKeyChecking yes",
    ]
    if target.connection.known_hosts_file:
        lines.append(f"    UserKnownHostsFile {expanded(target.connection.known_hosts_file)}")
    return "\n".join(lines) + "\n"


def write_ssh_config(target: Target, folder: Path) -> str:
    """Write :func:`ssh_config_text` to a file of its own and return its path; equal texts share one."""
    text = ssh_config_text(target)
    path = folder / f"ssh_config.{checksum(text.encode())[:16]}"
    if not path.exists():
        path.write_text(text, encoding="utf-8")
    return str(path)


def close(client: paramiko.SSHClient | None) -> None:
    """Close a connection and the jump hosts behind it; pyinfra's disconnect closes neither."""
    if client is None:
        return
    transport = client.get_transport()
    hops = []
    sock = transport.sock if transport else None
    while isinstance(sock, paramiko.Channel):
        hop = sock.get_transport()
        hops.append(hop)
        sock = hop.sock
    client.close()
    for hop in hops:
        hop.close()
