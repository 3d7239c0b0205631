"""apply never breaks what works, and never undoes what somebody has decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from podstead.proof.finding import Verdict
from podstead.visit.record import Status
from tests.lab import Host
from tests.real_hosts.controller import ALICE, NO_PIDS_CONTROLLER, Controller

pytestmark = pytest.mark.real_hosts

Ready = tuple[Host, Path]
OURS = "/etc/sysctl.d/99-podstead.conf"
USERNS = "user.max_user_namespaces"


@pytest.fixture
def host(ready: Ready) -> Iterator[Host]:
    one = ready[0]
    kept = one.path(OURS).read_text()
    yield one
    one.sh(
        "rm -f /etc/sysctl.d/zz-mine.conf /etc/sysctl.d/99-ipv6-frag-escape.conf /etc/sysctl.d/userns.conf"
    )
    one.path(OURS).write_text(kept)


def test_another_number_of_locks_is_refused_and_podman_still_starts(
    host: Host, controller: Controller
) -> None:
    host.ssh("alice", "podman ps")
    before = host.path("/etc/containers/containers.conf.d/50-podstead.conf").read_text()
    engine: Mapping[str, object] = {**NO_PIDS_CONTROLLER, "engine": {"num_locks": 4096}}
    inventory = controller.inventory({host.name: controller.reach()}, users=ALICE, engine=engine)
    report = controller.json("apply", inventory).host(host.name)
    assert [one.id for one in report.refusals] == ["engine:drop-in:content"], report
    assert host.path("/etc/containers/containers.conf.d/50-podstead.conf").read_text() == before
    assert host.ssh("alice", "podman ps").returncode == 0
    # the same number as the segments have is written
    engine = {**NO_PIDS_CONTROLLER, "engine": {"num_locks": 2048}}
    inventory = controller.inventory({host.name: controller.reach()}, users=ALICE, engine=engine)
    try:
        assert controller.json("apply", inventory).code == 0
        assert host.ssh("alice", "podman ps").returncode == 0
    finally:
        host.path("/etc/containers/containers.conf.d/50-podstead.conf").write_text(before)


def test_taking_the_number_of_locks_out_is_refused_and_podman_still_starts(
    host: Host, controller: Controller
) -> None:
    """alice is in the document, and root is not."""
    drop_in = host.path("/etc/containers/containers.conf.d/50-podstead.conf")
    before = drop_in.read_text()
    new_segments = "rm -rf /dev/shm/libpod_lock /dev/shm/libpod_rootless_lock_* /run/of-root"
    of_root = "podman --root /run/of-root/a --runroot /run/of-root/b --storage-driver vfs ps"
    engine: Mapping[str, object] = {**NO_PIDS_CONTROLLER, "engine": {"num_locks": 4096}}
    with_locks = controller.inventory({host.name: controller.reach()}, users=ALICE, engine=engine)
    without = controller.inventory({host.name: controller.reach()}, users=ALICE)
    host.sh(new_segments)
    try:
        assert controller.json("apply", with_locks).code == 0
        host.ssh("alice", "podman ps")
        host.sh(of_root)
        report = controller.json("apply", without).host(host.name)
        (refusal,) = report.refusals
        assert (
            "engine.num_locks = 2048 (the default): Podman of root (UID 0, not in the document), alice"
            in (refusal.reason)
        ), report
        assert host.ssh("alice", "podman ps").returncode == 0
        assert host.sh(of_root).returncode == 0
        host.sh(new_segments)
        assert controller.json("apply", without).code == 0
        assert host.ssh("alice", "podman ps").returncode == 0
    finally:
        drop_in.write_text(before)
        host.sh(new_segments)


@pytest.mark.parametrize("key", [USERNS, "user.max_*_namespaces"])
def test_a_mitigation_in_an_earlier_file_is_not_undone(key: str, host: Host, controller: Controller) -> None:
    host.sh(f"rm {OURS}; echo '{key}=0' >/etc/sysctl.d/99-ipv6-frag-escape.conf")
    inventory = controller.inventory({host.name: controller.reach()})
    report = controller.json("apply", inventory).host(host.name)
    (refusal,) = report.refusals
    assert (report.status, refusal.id) == (Status.FAILED, f"sysctls:{USERNS}:boot")
    assert f"/etc/sysctl.d/99-ipv6-frag-escape.conf:1 sets {key} = 0" in refusal.reason
    assert USERNS not in host.path(OURS).read_text()
    allowed = controller.json("apply", inventory, "--allow", refusal.id)
    assert allowed.code == 0, str(allowed)
    assert f"{USERNS} = " in host.path(OURS).read_text()


def test_a_later_file_is_a_refusal_and_the_live_value_stays(host: Host, controller: Controller) -> None:
    port = "net.ipv4.ip_unprivileged_port_start"
    host.sh(f"echo {port}=1000 >/etc/sysctl.d/zz-mine.conf; sysctl -qw {port}=1000")
    inventory = controller.inventory({host.name: controller.reach()})
    try:
        report = controller.json("apply", inventory).host(host.name)
        assert [one.id for one in report.refusals] == [f"sysctls:{port}:boot"], report
        assert host.sh(f"sysctl -n {port}").stdout.strip() == "1000"
        assert controller.json("apply", inventory, "--allow", f"sysctls:{port}:boot").code == 0
        assert host.sh(f"sysctl -n {port}").stdout.strip() == "80"
    finally:
        host.sh(f"sysctl -qw {port}=80")


def test_comments_behind_values_are_read_as_the_kernel_reads_them(host: Host, controller: Controller) -> None:
    text = (
        "net.ipv4.ip_unprivileged_port_start = 80  # ports\n"
        "net.ipv4.ping_group_range = 0 2000000     # ping\n"
    )
    host.sh(f"rm {OURS}")
    host.path("/etc/sysctl.d/userns.conf").write_text(text)
    host.sh("sysctl -qw net.ipv4.ip_unprivileged_port_start=1024 net.ipv4.ping_group_range='1 0'; "
            "/usr/lib/systemd/systemd-sysctl --prefix=/net/ipv4/ip_unprivileged_port_start --prefix=/net/ipv4/ping_group_range; "
            "[ $(sysctl -n net.ipv4.ip_unprivileged_port_start) = 80 ]")  # fmt: skip
    inventory = controller.inventory({host.name: controller.reach()})
    ran = controller.json("apply", inventory)
    report = ran.host(host.name)
    assert (ran.code, report.status, report.changes) == (0, Status.OK, ()), str(ran)
    assert any("userns.conf:1: the kernel reads 80" in note for note in report.notes)
    seen = controller.json("verify", inventory, "--check", "V29").host(host.name)
    assert [one.verdict for one in seen.findings] == [Verdict.PASS]


def test_a_key_that_is_left_out_of_a_pattern_is_free(host: Host, controller: Controller) -> None:
    host.sh(
        f"rm {OURS}; printf '%s\\n' 'user.max_*_namespaces=0' -{USERNS} >/etc/sysctl.d/99-ipv6-frag-escape.conf"
    )
    ran = controller.json("apply", controller.inventory({host.name: controller.reach()}))
    assert ran.code == 0, str(ran)


def test_what_a_later_drop_in_holds_in_force_is_no_change(host: Host, controller: Controller) -> None:
    drop_in = host.path("/etc/containers/containers.conf.d/50-podstead.conf")
    before = drop_in.read_text()
    later = host.path("/etc/containers/containers.conf.d/60-admin.conf")
    host.ssh("alice", "podman ps")
    engine: Mapping[str, object] = {**NO_PIDS_CONTROLLER, "engine": {"num_locks": 4096}}
    try:
        later.write_text("[engine]\nnum_locks = 2048\n")
        inventory = controller.inventory({host.name: controller.reach()}, users=ALICE, engine=engine)
        assert controller.json("apply", inventory).code == 0
        assert host.ssh("alice", "podman ps").returncode == 0
    finally:
        later.unlink()
        drop_in.write_text(before)


def test_containers_of_root_count_though_root_is_not_in_the_document(
    host: Host, controller: Controller
) -> None:
    engine: Mapping[str, object] = {**NO_PIDS_CONTROLLER, "engine": {"volume_path": "/srv/volumes"}}
    inventory = controller.inventory({host.name: controller.reach()}, users={}, engine=engine)
    host.sh("podman ps; rm -f /dev/shm/libpod_lock /dev/shm/libpod_rootless_lock_*")
    try:
        (refusal,) = controller.json("apply", inventory).host(host.name).refusals
        assert "root (UID 0, not in the document)" in refusal.reason
    finally:
        host.sh("rm -rf /var/lib/containers/storage")
