"""Each failure mode of the kernel (A), the helpers (B) and unusual hosts (J) is told from its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from podstead.ids.ranges import IdMap
from podstead.proof.diagnosis import signs
from podstead.proof.finding import Verdict
from podstead.proof.subject import PING_RANGE
from tests.support.subjects import (
    HEALTHY,
    TOOLS,
    Broken,
    assert_diagnosed,
    attempt,
    host,
    judged,
    no_container,
    no_grant,
    no_helper,
    no_namespace,
    podman,
    subject,
)

APPARMOR = "kernel.apparmor_restrict_unprivileged_userns"
EPERM = "newuidmap: write to uid_map failed: Operation not permitted"
NO_PROGRAM = 'command required for rootless mode with multiple IDs: exec: "newuidmap": executable file not found in $PATH'
WEAK = "/usr/bin/newuidmap -rwxr-xr-x 0\n/usr/bin/newgidmap -rwxr-xr-x 0"
OWN = "/home/alice/bin/newuidmap -rwxr-xr-x 1000\n/usr/bin/newgidmap -rwsr-xr-x 0"


KERNEL: Mapping[str, Broken] = {
    "A01": Broken(
        subject=subject(no_namespace("unshare: No space left on device"), host(live={"user.max_user_namespaces": "0"})),
        check="V04",
    ),
    "A02": Broken(subject=subject(no_namespace(), host(live={"kernel.unprivileged_userns_clone": "0"})), check="V04"),
    "A03": Broken(
        subject=subject(no_namespace(), host(live={APPARMOR: "1"}, facts={"podman__path": "/usr/local/bin/podman"})),
        check="V04",
    ),
    "A04": Broken(
        subject=subject(no_namespace(), host(live={APPARMOR: "1"}, facts={"apparmor__loaded": "crun (unconfined)"})),
        check="V04",
    ),
    "A05": Broken(subject=subject(replace(no_namespace(), apparmor_label="unprivileged_userns (enforce)")), check="V04"),
    "A06": Broken(
        subject=subject(no_namespace(), host(live={"kernel.apparmor_restrict_unprivileged_unconfined": "1"})),
        check="V04",
        proved=False,
    ),
    "A07": Broken(
        subject=subject(no_namespace("cannot clone: Invalid argument"), host(facts={"ns__user": "no"})), check="V04"
    ),
    "A08": Broken(
        subject=subject(replace(no_namespace(), status={"Seccomp": "2"}), host(container=True)),
        check="V04",
    ),
    "A09": Broken(
        subject=subject(no_container("crun: unshare: No space left on device"), host(live={"user.max_net_namespaces": "0"})),
        check="V17",
    ),
    "A10": Broken(
        subject=subject(no_namespace("fsopen: Function not implemented"), host(kernel="4.18.0-553.el8", tools={*TOOLS, "fuse-overlayfs"})),
        check="V04",
    ),
}  # fmt: skip
HELPERS: Mapping[str, Broken] = {
    "B01": Broken(
        subject=subject(replace(no_namespace(NO_PROGRAM), helpers={}, helper_stat=""), host(tools=TOOLS - {"newuidmap", "newgidmap"})),
        check="V05",
    ),
    "B02": Broken(
        subject=subject(replace(no_namespace(NO_PROGRAM), helpers={}, helper_stat="", environment={**HEALTHY.environment, "PATH": "/opt/bin"})),
        check="V05",
    ),
    "B03": Broken(subject=subject(replace(no_helper(EPERM), helper_stat=WEAK)), check="V05"),
    "B04": Broken(subject=subject(no_helper(EPERM), host(facts={"helper__mount": "ext4 rw,nosuid,nodev"})), check="V05"),
    "B05": Broken(subject=subject(replace(no_helper(EPERM), status={"NoNewPrivs": "1"})), check="V05"),
    "B06": Broken(subject=subject(no_helper("newuidmap: open of uid_map failed: Permission denied")), check="V05"),
    "B07": Broken(
        subject=subject(replace(no_helper("newuidmap: Target process is owned by a different user"), who=("alice", "1000", "33", "33"))),
        check="V05",
    ),
    "B08": Broken(subject=subject(replace(no_helper("newuidmap: Cannot determine your user name."), passwd="")), check="V05"),
    "B09": Broken(subject=subject(replace(no_helper(EPERM), helper_stat=OWN)), check="V05"),
    "B10": Broken(subject=subject(no_helper("newuidmap: uid range [1-65537) -> [5-65541) not allowed")), check="V05"),
}  # fmt: skip
UNUSUAL: Mapping[str, Broken] = {
    "J01": Broken(subject=subject(replace(HEALTHY, own_map=IdMap.parse("0 100000 65536"))), check="V01"),
    "J02": Broken(
        subject=subject(replace(HEALTHY, own_map=IdMap.parse("0 0 550000\n550000 700000 100000"))),
        check="V01",
        also=("J01",),
    ),
    "J03": Broken(
        subject=subject(no_container("Error: crun: cannot read argv"), host(facts={"proc__options": "rw,nosuid,hidepid=invisible"})),
        check="V17",
    ),
    "J04": Broken(
        subject=subject(
            replace(HEALTHY, icmp={4: "13"}),
            host(container=True, live={PING_RANGE: "1 0"}, read_only={PING_RANGE}),
            sysctls={PING_RANGE: {"covers": [0, 2000000]}},
        ),
        check="V22",
        also=("G09",),
    ),
    "J05": Broken(
        subject=subject(no_grant(), host(files={"/etc/subuid": "", "/etc/subgid": ""}, facts={"ostree": "yes"})),
        check="V02",
        also=("C01",),
    ),
    "J06": Broken(
        subject=subject(
            replace(podman("5.4.2", host__cgroupManager="cgroupfs"), context="direct", controllers=None),
            host(systemd=False, init="openrc-init", linger=set(), buses=set(), user_facts={"delegated": None}),
        ),
        check="V25",
        also=("F06",),
    ),
}  # fmt: skip
BROKEN = {**KERNEL, **HELPERS, **UNUSUAL}


@pytest.mark.parametrize("ref", sorted(BROKEN))
def test_the_failure_mode_is_told_from_its_evidence(ref: str) -> None:
    assert_diagnosed(ref, BROKEN[ref])


def test_a_switch_names_the_file_that_turns_it_off_at_boot() -> None:
    key = "user.max_user_namespaces"
    on = host(live={key: "0"})
    on.files["/etc/sysctl.d/50-stig.conf"] = f"# hardening\n{key} = 0\n"
    found = judged("V04", subject(no_namespace(), on)).found
    assert found.startswith(f"{key} is 0; /etc/sysctl.d/50-stig.conf:2 sets it to 0 at boot")


def test_apparmors_profiles_are_no_proof_to_who_cannot_see_them() -> None:
    finding = judged("V04", subject(no_namespace(), host(live={APPARMOR: "1"})))
    assert (finding.ref, finding.others) == ("", ("A04",))


def test_a_loaded_profile_is_not_accused() -> None:
    on = host(live={APPARMOR: "1"}, facts={"apparmor__loaded": "podman (unconfined) crun (unconfined)"})
    assert judged("V04", subject(no_namespace(), on)).ref == ""


def test_a_seccomp_filter_is_a_suspect_only_where_another_switch_is_off() -> None:
    filtered = replace(no_namespace(), status={"Seccomp": "2"})
    assert judged("V04", subject(filtered)).ref == "A08"
    other = judged("V04", subject(filtered, host(live={"kernel.unprivileged_userns_clone": "0"})))
    assert (other.ref, other.others) == ("A02", ("A08",))


def test_zero_namespaces_are_said_before_the_seccomp_filter_of_the_container() -> None:
    on = host(container=True, live={"user.max_user_namespaces": "0"})
    finding = judged("V04", subject(replace(no_namespace(), status={"Seccomp": "2"}), on))
    assert (finding.ref, finding.others) == ("A01", ("A08",))


def test_the_mount_is_said_where_the_setuid_bit_is_there() -> None:
    on = host(facts={"helper__mount": "ext4 rw,nosuid"})
    assert judged("V05", subject(no_helper(EPERM), on)).ref == "B04"
    both = judged("V05", subject(replace(no_helper(EPERM), helper_stat=WEAK), on))
    assert (both.ref, both.others) == ("B04", ("B03",))


def test_a_session_without_privileges_is_said_before_the_mount() -> None:
    ill = replace(no_helper(EPERM), status={"NoNewPrivs": "1"})
    finding = judged("V05", subject(ill, host(facts={"helper__mount": "ext4 rw,nosuid"})))
    assert (finding.ref, finding.others) == ("B05", ("B04",))


@pytest.mark.parametrize("capability", ["cap_setuid=ep", "= cap_setuid+ep"])
def test_file_capabilities_do_what_the_setuid_bit_does(capability: str) -> None:
    capable = {"newuidmap": capability, "newgidmap": capability.replace("uid", "gid")}
    weak = replace(HEALTHY, helper_stat=WEAK)
    assert signs(subject(weak, host(capabilities=capable))) == []
    assert [one.ref for one, _ in signs(subject(weak))] == ["B03"]


def test_the_capabilities_of_the_systems_helper_are_not_those_of_a_users_own() -> None:
    fedora = host(capabilities={"newuidmap": "cap_setuid=ep", "newgidmap": "cap_setgid=ep"})
    own = OWN.replace("rws", "rwx")
    assert [one.ref for one, _ in signs(subject(replace(HEALTHY, helper_stat=own), fedora))] == ["B09"]


def test_podman_alone_proves_nothing_against_the_helpers() -> None:
    """Nothing is wrong below: the finding says what failed and names nobody."""
    finding = judged("V10", subject(attempt(inside=no_container("odd").attempts["whole"])))
    assert (finding.verdict, finding.ref, finding.found) == (Verdict.FAIL, "", "odd")


def test_one_limit_is_0_and_two_are() -> None:
    full = no_container("crun: unshare: No space left on device")
    limits = {"user.max_net_namespaces": "0", "user.max_pid_namespaces": "0"}
    assert judged("V17", subject(full, host(live={"user.max_net_namespaces": "0"}))).found.startswith(
        "user.max_net_namespaces is 0"
    )
    assert judged("V17", subject(full, host(live=limits))).found.startswith(
        "user.max_net_namespaces, user.max_pid_namespaces are 0"
    )
