"""
What a host looks like when alice is ready, told by pytest-testinfra over SSH and by none of podstead's code.

No test of its own: run with `pytest --hosts=ssh://root@HOST --ssh-config=FILE tests/real_hosts/rootless_host.py`, as
test_provision.py and the Molecule scenario do.
"""

from __future__ import annotations

from typing import Any

import pytest

HEADER = "# Written by podstead; changes made here are overwritten.\n"
OWNED = {
    "/etc/sysctl.d/99-podstead.conf": HEADER
    + "net.ipv4.ip_unprivileged_port_start = 80\nnet.ipv4.ping_group_range = 0 2000000\n",
    "/etc/systemd/system/user@.service.d/50-podstead.conf": HEADER
    + "[Service]\nDelegate=cpu cpuset io memory pids\n",
    "/etc/containers/containers.conf.d/50-podstead.conf": HEADER + "[containers]\npids_limit = 0\n",
}
EVERYWHERE = (
    "podman",
    "uidmap",
    "crun",
    "catatonit",
    "dbus-user-session",
    "libpam-systemd",
    "passwd",
    "netavark",
)
NETWORK = {"12": "slirp4netns", "13": "passt"}


@pytest.mark.parametrize("path", ["/etc/subuid", "/etc/subgid"])
def test_alice_owns_one_line(host: Any, path: str) -> None:
    file = host.file(path)
    lines = [line for line in file.content_string.splitlines() if line.startswith("alice:")]
    assert lines == ["alice:524288:65536"]
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)


@pytest.mark.parametrize("path", sorted(OWNED))
def test_a_drop_in_is_exactly_this(host: Any, path: str) -> None:
    file = host.file(path)
    assert file.content_string == OWNED[path]
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)


def test_the_storage_driver_is_named_only_where_podman_would_take_another(host: Any) -> None:
    file = host.file("/etc/containers/storage.conf")
    named = {"12": HEADER + '[storage]\ndriver = "overlay"\n', "13": None}
    assert (file.content_string if file.exists else None) == named[host.system_info.release.split(".")[0]]


def test_the_kernel_settings_are_live(host: Any) -> None:
    assert host.sysctl("net.ipv4.ip_unprivileged_port_start") == 80
    assert host.check_output("sysctl -n net.ipv4.ping_group_range").split() == ["0", "2000000"]
    assert host.sysctl("user.max_user_namespaces") >= 28633


@pytest.mark.parametrize("name", EVERYWHERE)
def test_a_package_is_installed(host: Any, name: str) -> None:
    assert host.package(name).is_installed


def test_the_network_tool_is_the_one_this_podman_uses(host: Any) -> None:
    assert host.package(NETWORK[host.system_info.release.split(".")[0]]).is_installed


def test_no_package_is_half_installed(host: Any) -> None:
    assert host.check_output("dpkg --audit") == ""


def test_alice_lingers(host: Any) -> None:
    assert host.check_output("loginctl show-user alice --property=Linger") == "Linger=yes"
    assert host.file("/var/lib/systemd/linger/alice").exists
    assert host.file("/run/user/1001/bus").is_socket


def test_users_are_delegated_every_controller(host: Any) -> None:
    said = host.check_output("systemctl show user@1001.service --property=DelegateControllers")
    assert set(said.removeprefix("DelegateControllers=").split()) >= {"cpu", "cpuset", "io", "memory", "pids"}
