"""Why a host could not be connected to: one sentence, what to do, and no word of paramiko's or of an errno."""

from __future__ import annotations

import errno
import socket
from typing import Any

import paramiko
import pytest

from podstead.document.spec import HostSpec
from podstead.inventory.connection import Connection
from podstead.remote import unreachable
from podstead.visit.job import Target

REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
NO_ROUTE = OSError(errno.EHOSTUNREACH, "No route to host")
BANNER = paramiko.SSHException("Error reading SSH protocol banner")


class ConnectError(Exception):
    """As pyinfra's, which only the worker imports."""


def target(name: str = "web1", **more: Any) -> Target:
    values: dict[str, Any] = {"kind": "ssh", "address": "192.0.2.1", **more}
    return Target(name=name, connection=Connection(**values), spec=HostSpec())


def failed(what: str, cause: BaseException | str) -> ConnectError:
    """The error that pyinfra makes of another one while it handles that (pyinfra.connectors.ssh)."""
    error = ConnectError(f"{what} ({cause})")
    error.__context__ = None if isinstance(cause, str) else cause
    return error


def tried(*failures: tuple[str, int, OSError]) -> paramiko.ssh_exception.NoValidConnectionsError:
    errors: dict[tuple[str, int] | tuple[str, int, int, int], Exception] = {}
    errors.update({(address, port): failure for address, port, failure in failures})
    return paramiko.ssh_exception.NoValidConnectionsError(errors)


@pytest.mark.parametrize(
    ("cause", "where", "message"),
    [
        (tried(("192.0.2.1", 2299, REFUSED)), {"port": 2299}, "192.0.2.1:2299 refused the connection"),
        # ssh_config has another port, or another address
        (tried(("192.0.2.1", 2222, REFUSED)), {}, "192.0.2.1:2222 refused the connection"),
        (tried(("192.0.2.1", 22, REFUSED)), {"address": "web"}, "web:22 (192.0.2.1) refused the connection"),
        (tried(("::1", 22, REFUSED), ("192.0.2.1", 22, NO_ROUTE)), {"address": "web"}, "web:22 (::1) refused the connection"),
        (tried(("192.0.2.1", 22, NO_ROUTE)), {}, "cannot connect to 192.0.2.1:22: No route to host"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), {}, "cannot connect to 192.0.2.1:22: Network is unreachable"),
        (TimeoutError("timed out"), {}, "192.0.2.1:22 did not answer"),
    ],
)  # fmt: skip
def test_a_connection_that_a_socket_could_not_open(
    cause: OSError, where: dict[str, Any], message: str
) -> None:
    found, hint = unreachable.explain(target(**where), failed("Could not connect", cause))
    assert found == message
    assert "check " in hint


@pytest.mark.parametrize(
    "error",
    [
        failed("SSH error", BANNER),
        failed("SSH error", paramiko.SSHException('Indecipherable protocol version "HTTP/1.1 400"')),
        failed("EOF error", EOFError()),
    ],
)
def test_a_server_that_does_not_speak_ssh(error: ConnectError) -> None:
    message, hint = unreachable.explain(target(port=80), error)
    assert message == "192.0.2.1:80 was reached, but did not answer as an SSH server does"
    assert "MaxStartups" in hint


@pytest.mark.parametrize("error", [failed("SSH error", BANNER), failed("EOF error", EOFError())])
def test_what_a_busy_sshd_does_is_worth_another_try(error: ConnectError) -> None:
    assert unreachable.worth_another_try(error)
    assert not unreachable.worth_another_try(failed("Could not connect", tried(("192.0.2.1", 22, REFUSED))))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("web1", "check ansible_host"),
        ("web1.invalid", "check the name of the host in the inventory, or set ansible_host to its address"),
        ("@ssh/admin@web1.invalid", "check how the name is written"),
    ],
)
def test_a_name_that_cannot_be_resolved_is_corrected_where_it_was_written(name: str, hint: str) -> None:
    error = failed("Could not resolve hostname", socket.gaierror(-2, "Name or service not known"))
    found = unreachable.explain(target(name, address="web1.invalid"), error)
    assert found == ("the name web1.invalid cannot be resolved", hint)


def test_without_an_inventory_no_variable_of_one_is_advised() -> None:
    error = failed("SSH error", "StrictPolicy: No host key for web1 found in known_hosts")
    _, hint = unreachable.explain(
        target("@ssh/admin@web1:2222", address="web1", user="admin", port=2222), error
    )
    assert "'ssh -p 2222 admin@web1'" in hint
    assert "--ssh-common-args" in hint
    assert "ansible_" not in hint
    assert "ansible_ssh_common_args" in unreachable.explain(target(), error)[1]


def test_a_jump_host_may_be_what_failed() -> None:
    error = failed("Could not connect", TimeoutError("timed out"))
    assert unreachable.explain(target(proxy_jump="bastion"), error)[1].endswith(
        "; or it was the jump host bastion"
    )


@pytest.mark.parametrize(
    ("port", "entry"), [(None, "192.0.2.1"), (22, "192.0.2.1"), (2222, "'[192.0.2.1]:2222'")]
)
def test_a_changed_key_is_forgotten_under_the_name_that_known_hosts_has(port: int | None, entry: str) -> None:
    error = failed("SSH host key error", "Host key for 192.0.2.1 does not match.")
    message, hint = unreachable.explain(target(port=port), error)
    assert message == f"the host key of 192.0.2.1:{port or 22} has changed"
    assert hint.endswith(f": ssh-keygen -R {entry}")
    own = target(port=port, known_hosts_file="/srv/known hosts")
    assert unreachable.explain(own, error)[1].endswith(f": ssh-keygen -f '/srv/known hosts' -R {entry}")


def test_a_login_that_is_refused_names_the_user() -> None:
    error = failed("Authentication error (username=eve)", "Authentication failed.")
    assert unreachable.explain(target(user="eve"), error)[0] == "192.0.2.1:22 refused the login as eve"


def test_a_container_is_no_matter_of_ssh() -> None:
    message, _ = unreachable.explain(
        target(kind="podman", address="c1"), failed("Error", "no such container")
    )
    assert message == "cannot run commands in podman c1: Error (no such container)"
