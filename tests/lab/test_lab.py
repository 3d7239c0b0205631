"""The lab itself: its hosts are what tests take them for."""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab import Host, Lab, LabError, machine, missing, snapshot, state

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(90)]

HOSTS = {"d11": "debian-11", "d12": "debian-12", "d13": "debian-13", "forky": "debian-forky"}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    reasons = missing()
    if reasons:
        pytest.skip("; ".join(reasons))
    with Lab.up() as made:
        made.boot_many(HOSTS)
        yield made


@pytest.fixture(params=list(HOSTS))
def host(lab: Lab, request: pytest.FixtureRequest) -> Host:
    return lab.hosts[request.param]


def test_a_login_has_a_session(host: Host) -> None:
    assert host.ssh("alice", "echo $XDG_RUNTIME_DIR; id -u; hostname").stdout.split() == [
        "/run/user/1001", "1001", host.name,
    ]  # fmt: skip


def test_a_fresh_host_has_nothing(host: Host) -> None:
    for absent in ("/etc/subuid", "/etc/subgid", "/usr/bin/podman", "/usr/bin/newuidmap", "/usr/bin/python3"):
        assert not host.path(absent).exists(), absent
    assert host.ssh("alice", "stat -c %a ~ /dev/fuse /dev/net/tun").stdout.split() == ["700", "666", "666"]


def test_sudo_asks_carol_but_not_admin(host: Host) -> None:
    assert host.ssh("admin", "sudo -n id -u").stdout == "0\n"
    assert host.ssh("carol", "sudo -n id -u", check=False).returncode != 0
    assert host.ssh("carol", "sudo -S id -u", input="carol-secret\n").stdout == "0\n"
    assert host.ssh("alice", "sudo -n id -u", check=False).returncode != 0


def test_nothing_leads_out(host: Host, lab: Lab) -> None:
    assert "default" not in host.root(["ip", "route"]).stdout
    assert "default" not in lab.run(["ip", "route"]).stdout
    assert set(host.root(["ls", "/sys/class/net"]).stdout.split()) >= {"eth0", "lo"}


def test_packages_come_from_the_lab(host: Host) -> None:
    host.ssh("root", "apt-get -q update && apt-get -qy install uidmap")
    host.sh("echo alice:100000:65536 >/etc/subuid")
    mapped = """unshare -U sleep 60 >/dev/null 2>&1 & p=$!
    until [ "$(readlink /proc/$p/ns/user)" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.05; done
    newuidmap $p 0 1001 1 1 100000 65536 && cat /proc/$p/uid_map; kill $p"""
    shown = host.ssh("alice", mapped, timeout=30).stdout.split()
    assert shown == ["0", "1001", "1", "1", "100000", "65536"]


def test_a_reboot_keeps_the_disk_and_nothing_else(host: Host) -> None:
    host.sh("echo kept >/etc/kept; sysctl -q -w net.ipv4.ip_unprivileged_port_start=80")
    host.reboot()
    assert host.path("/etc/kept").read_text() == "kept\n"
    assert host.root(["sysctl", "-n", "net.ipv4.ip_unprivileged_port_start"]).stdout == "1024\n"


def test_what_a_lab_has_set_on_the_machine_stays_as_long_as_there_is_another(lab: Lab) -> None:
    """Hosts of the others still need it: put back under them, their next apply would change it again."""
    kept = Path("/proc/sys/vm/stat_interval")
    before = kept.read_text()
    with Lab.up() as other:
        host = other.boot("debian-13")
        host.sh("sysctl -q -w vm.stat_interval=7")
        assert kept.read_text() == "7\n"
        process = host.record.process
    try:
        assert kept.read_text() == "7\n"
    finally:
        kept.write_text(before)
    assert process is not None
    assert not process.alive()
    assert other.name not in state.names()
    assert lab.name in state.names()
    assert not list(Path("/run/netns").glob(f"podstead-{other.name}-*"))


def test_the_last_lab_leaves_the_machine_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another state folder: no lab of another test counts, and none loses what it has set."""
    values = {
        "vm/swappiness": "60\n",
        "fs/inotify/max_user_instances": "128\n",
        "kernel/keys/maxkeys": "200\n",
    }
    for name, value in values.items():
        (tmp_path / "sys" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sys" / name).write_text(value)
    monkeypatch.setattr(machine, "_SYSCTL", str(tmp_path / "sys"))
    monkeypatch.setenv("PODSTEAD_LAB_STATE", str(tmp_path))
    machine.note()
    machine.enlarge()
    (tmp_path / "sys/kernel/keys/maxkeys").write_text("20000\n")
    machine.note()  # a second lab
    assert sorted(machine.restore()) == ["fs/inotify/max_user_instances", "kernel/keys/maxkeys"]
    assert {name: (tmp_path / "sys" / name).read_text() for name in values} == values
    assert machine.restore() == [], "there is no note any more"


def test_the_machine_bears_many_hosts_as_long_as_there_is_a_lab(lab: Lab) -> None:
    allowed = Path("/proc/sys/fs/inotify/max_user_instances")
    with Lab.up():
        assert int(allowed.read_text()) >= 4096
    assert int(allowed.read_text()) >= 4096, f"lab {lab.name} is still there"


def test_a_host_from_a_snapshot_has_what_was_done_and_is_a_host_of_its_own(lab: Lab) -> None:
    def work(host: Host) -> None:
        host.sh("echo before >/etc/kept; echo before >/home/alice/kept; rm /etc/debian_version")

    def again(host: Host) -> None:
        raise AssertionError(host.name)

    key = secrets.token_hex(6)
    made = snapshot("debian-13", key, work)
    try:
        assert snapshot("debian-13", key, again) == made
        hosts = lab.boot_many(
            {"one": "debian-13", "two": "debian-13", "other": "debian-12"}, snapshots={"debian-13": made}
        )
        one, two, other = hosts.values()
        one.sh("echo after >/etc/kept; echo after >/home/alice/kept")
        one.restart()
        for path in ("/etc/kept", "/home/alice/kept"):
            assert [host.path(path).read_text() for host in (one, two)] == ["after\n", "before\n"]
            assert not other.path(path).exists()
        assert not one.path("/etc/debian_version").exists()
        assert [host.ssh("alice", "hostname").stdout for host in (one, two)] == ["one\n", "two\n"]
        for mine in ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key.pub"):
            assert one.path(mine).read_text() != two.path(mine).read_text()
        for host in hosts.values():
            host.stop()
    finally:
        shutil.rmtree(made)


def test_a_host_that_cannot_boot_says_why(lab: Lab) -> None:
    host = lab.boot("debian-13", name="broken")
    host.sh("rm /usr/lib/systemd/systemd /usr/sbin/init")
    began = time.monotonic()
    with pytest.raises(LabError, match="ended while it booted"):
        host.restart()
    assert time.monotonic() - began < 30
