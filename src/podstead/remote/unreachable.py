"""Why a host could not be connected to, and what can be done: the words of sockets, paramiko and pyinfra as sentences."""

from __future__ import annotations

import shlex
from typing import Final

from podstead.inventory.connection_files import expanded
from podstead.visit.job import Target

_WORTH_ANOTHER_TRY: Final = (
    "EOF",
    "banner",
    "reset by peer",
    "Connection closed",
    "Broken pipe",
    "kex_exchange",
)
_PSEUDO: Final = "@ssh/"
"""How the name of a host begins that no inventory has."""


def worth_another_try(error: BaseException) -> bool:
    """Return whether a busy bastion or sshd may have dropped the connection (MaxStartups)."""
    text = str(error)
    return any(mark in text for mark in _WORTH_ANOTHER_TRY)


def explain(target: Target, error: BaseException) -> tuple[str, str]:
    """Return message and advice for a failed connection; pyinfra's error has what happened as its context."""
    text = str(error)
    if target.connection.kind != "ssh":
        name = f"{target.connection.kind} {target.connection.address}"
        return (
            f"cannot run commands in {name}: {text}",
            "check that it exists and is running, and that this user is allowed to use it",
        )
    return _of_keys(target, text) or _of_network(target, text, error)


def _of_keys(target: Target, text: str) -> tuple[str, str] | None:
    """What the host and this side have told each other does not fit."""
    where = _place(target)
    if "No host key for" in text:
        option = "--ssh-common-args" if _is_pseudo(target) else "ansible_ssh_common_args"
        return (
            f"the host key of {where} is not in known_hosts",
            f"check the key and connect once with '{_ssh(target)}', or accept new keys with -o StrictHostKeyChecking=accept-new in {option}",
        )
    if "does not match" in text:
        return (
            f"the host key of {where} has changed",
            f"find out why; if the change is expected: {_forget(target)}",
        )
    if "Authentication" in text or "No authentication methods" in text or "private key" in text:
        user = f" as {target.connection.user}" if target.connection.user else ""
        return (
            f"{where} refused the login{user}",
            "check user (-u), key (--private-key), agent, or password (-k)",
        )
    return None


def _forget(target: Target) -> str:
    """The command that removes the host's keys from known_hosts, as a shell takes it (ssh-keygen(1))."""
    port, address = target.connection.port or 22, target.connection.address
    file = target.connection.known_hosts_file
    where = ["-f", expanded(file)] if file else []
    return shlex.join(["ssh-keygen", *where, "-R", address if port == 22 else f"[{address}]:{port}"])


def _of_network(target: Target, text: str, error: BaseException) -> tuple[str, str]:
    """No sshd has answered there."""
    where = _place(target)
    if "resolve" in text or "Name or service not known" in text:
        return f"the name {target.connection.address} cannot be resolved", _check_name(target) + _through(
            target
        )
    cause = error.__context__ or error
    failures: dict[tuple[object, ...], OSError] = getattr(cause, "errors", None) or {}
    for address, failure in failures.items():
        where = _place(target, str(address[0]), address[1])
        cause = failure
        if isinstance(failure, ConnectionRefusedError):
            break
    if isinstance(cause, ConnectionRefusedError):
        hint = "check the port, and that sshd runs there" + _through(target)
        return f"{where} refused the connection", hint
    if "banner" in text or "protocol version" in text or "EOF" in text:
        hint = "check that this is the port of sshd; a busy sshd (MaxStartups) or one that blocks this address closes connections as well"
        return f"{where} was reached, but did not answer as an SSH server does", hint + _through(target)
    if isinstance(cause, TimeoutError) or "timed out" in text:
        hint = "check address, firewall, and that the host is running; -T gives it more seconds"
        return f"{where} did not answer", hint + _through(target)
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else text
    hint = "check address, port, firewall, and that sshd runs" + _through(target)
    return f"cannot connect to {where}: {reason}", hint


def _place(target: Target, address: str = "", port: object = None) -> str:
    """The address as the person has written it, and the one that was tried where that is another one."""
    written = target.connection.address
    tried = f" ({address})" if address and address != written else ""
    return f"{written}:{port or target.connection.port or 22}{tried}"


def _is_pseudo(target: Target) -> bool:
    return target.name.startswith(_PSEUDO)


def _check_name(target: Target) -> str:
    if _is_pseudo(target):
        return "check how the name is written"
    if target.name == target.connection.address:
        return "check the name of the host in the inventory, or set ansible_host to its address"
    return "check ansible_host"


def _through(target: Target) -> str:
    jump = target.connection.proxy_jump
    return f"; or it was the jump host {jump}" if jump else ""


def _ssh(target: Target) -> str:
    port = f"-p {target.connection.port} " if target.connection.port else ""
    user = f"{target.connection.user}@" if target.connection.user else ""
    return f"ssh {port}{user}{target.connection.address}"
