"""Each failure mode of cgroups (F), network (G), storage (H) and runtimes (I) is told from its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from podstead.host.families import FAMILIES
from podstead.ids.ranges import IdRange
from podstead.proof.diagnosis import signs
from podstead.proof.engine_evidence import Attempt, Graph, Info
from podstead.proof.evidence import Bind, Evidence
from podstead.proof.finding import Verdict
from podstead.proof.subject import PING_RANGE, PORT_START, Subject
from podstead.visit import script
from tests.model_host import NONCE, ModelHost, spec_of
from tests.support.subjects import (
    GRAPH,
    HEALTHY,
    INFO,
    TOOLS,
    Broken,
    assert_diagnosed,
    attempt,
    host,
    info,
    inside,
    judged,
    no_container,
    no_network,
    podman,
    pods,
    subject,
)

V1 = {"cgroup": "tmpfs", "cgroup__controllers": None}
NO_PIDS = "Error: crun: the requested cgroup controller `pids` is not available: OCI runtime error"
FUSE = '[storage]\ndriver = "overlay"\n[storage.options.overlay]\nmount_program = "/usr/bin/fuse-overlayfs"\n'
NO_XATTRS = "Error: lsetxattr /: operation not supported"
PINGS = {PING_RANGE: {"covers": [0, 2000000]}}
KEPT_OUT = Attempt(126, "Error: crun: open /home/alice/.local: Permission denied\n")


def stored(kind: str, *options: str) -> Evidence:
    """The user's storage lies on a file system of this type, mounted with these options."""
    graph = Graph(path=GRAPH, nearest=GRAPH, owner="1000:1001", mount=(kind, frozenset(options)))
    return replace(HEALTHY, graph=graph)


def fuse(**facts: str | None) -> ModelHost:
    """A host on which a file names a mount program."""
    on = host(facts=facts)
    on.files["/home/alice/.config/containers/storage.conf"] = FUSE
    return on


CGROUPS: Mapping[str, Broken] = {
    "F01": Broken(
        subject=subject(podman("6.1.0", no_container("Error: Cgroups v1 not supported")), host(facts=V1)), check="V17"
    ),
    "F02": Broken(
        subject=subject(no_container("Error: crun: cgroups in hybrid mode not supported"), host(facts={**V1, "cgroup__hybrid": "memory pids"})),
        check="V17",
    ),
    "F03": Broken(
        subject=subject(replace(HEALTHY, controllers=frozenset({"memory", "pids"}))), check="V25"
    ),
    "F04": Broken(
        subject=subject(replace(HEALTHY, controllers=frozenset({"cpu", "io", "memory", "pids"})), host(facts={"systemd": "systemd 239 (239-82.el8)"})),
        check="V25",
        also=("F03",),
    ),
    "F05": Broken(subject=subject(no_container(NO_PIDS)), check="V17", also=("F03",)),
    "F06": Broken(
        subject=subject(
            podman("5.4.2", replace(HEALTHY, context="direct"), host__cgroupManager="cgroupfs"),
            host(systemd=False, init="init", linger=set(), buses=set()),
        ),
        check="V25",
        verdict=Verdict.WARN,
        also=("J06",),
    ),
}  # fmt: skip
RUNTIME: Mapping[str, Broken] = {
    "I01": Broken(
        subject=subject(no_container('Error: default OCI runtime "crun" not found'), host(tools=TOOLS - {"crun"})), check="V17"
    ),
    "I02": Broken(
        subject=subject(podman("5.4.2", no_container("Error: OCI runtime error: crun: unknown version specified"), host__ociRuntime__version="crun version 1.8.1\ncommit: 0")),
        check="V17",
    ),
    "I04": Broken(
        subject=subject(
            pods(Attempt(125, 'Error: finding pause binary: exec: "catatonit": executable file not found in $PATH\n')),
            host(tools=TOOLS - {"catatonit"}),
        ),
        check="V20",
    ),
    "I05": Broken(subject=subject(attempt(kill=Attempt(125, "Error: kill: permission denied\n"))), check="V17"),
    "I06": Broken(
        subject=subject(no_container("Error: crun: setrlimit `RLIMIT_NOFILE`: Operation not permitted")), check="V17"
    ),
    "I07": Broken(
        subject=subject(on=host(user_facts={"keys": "195/200 5500/20000"})), check="V17", verdict=Verdict.WARN
    ),
    "I08": Broken(
        subject=subject(on=host(live={"fs.inotify.max_user_instances": "64", PORT_START: "1024"})),
        check="V17",
        verdict=Verdict.WARN,
    ),
    "I09": Broken(subject=subject(on=host(user_facts={"tasks__max": "100"})), check="V10", verdict=Verdict.WARN),
}  # fmt: skip
STORAGE: Mapping[str, Broken] = {
    "H01": Broken(subject=subject(stored("nfs4", "rw", "vers=4.2")), check="V27"),
    "H02": Broken(subject=subject(no_container(NO_XATTRS)), check="V17"),
    "H03": Broken(subject=subject(stored("ext4", "rw", "noexec")), check="V27"),
    "H04": Broken(
        subject=subject(podman("5.4.2", stored("ext4", "rw", "nosuid"), host__ociRuntime__name="runc")),
        check="V27",
        verdict=Verdict.WARN,
    ),
    "H05": Broken(
        subject=subject(
            replace(HEALTHY, fresh_info=info(Attempt(125, "Error: kernel does not support overlay fs: 'overlay' is not supported over extfs\n"), store__graphDriverName=None)),
            host(kernel="5.10.0-30-amd64"),
        ),
        check="V27",
    ),
    "H06": Broken(subject=subject(podman("4.3.1", store__graphDriverName="vfs")), check="V27"),
    "H07": Broken(subject=subject(replace(HEALTHY, fresh_info=Info(Attempt(0, ""), {**INFO, "store.graphStatus.Supports d_type": "false"}))), check="V27"),
    "H08": Broken(subject=subject(no_container("Error: mounting: exit status 1"), fuse(dev__fuse="missing")), check="V17"),
    "H09": Broken(
        subject=subject(replace(HEALTHY, fresh_info=info(Attempt(125, "Error: 'overlay' is not supported over ecryptfs, a mount_program is required: not supported over ecryptfs\n")))),
        check="V27",
        also=("H05",),
    ),
    "H10": Broken(
        subject=subject(no_container("crun: cannot apply additional memory protection after relocation: Permission denied"), host(facts={"selinux": "1"})),
        check="V17",
    ),
    "H11": Broken(subject=subject(on=host(manager="dnf", os_id="fedora", facts={"selinux": "1"})), check="V17"),
    "H13": Broken(
        subject=subject(
            attempt(inside=inside(chown="chown: changing ownership: Invalid argument\n")),
            host(
                files=dict.fromkeys(("/etc/subuid", "/etc/subgid"), "alice:100000:65536\n"),
                user_facts={"homed": "yes", "graph__owner": None},
            ),
        ),
        check="V13",
    ),
    "H14": Broken(
        subject=subject(
            podman("6.1.0", replace(HEALTHY, fresh_info=info(Attempt(125, "Error: creating tmpdir: permission denied\n")))),
            host(facts={"storage__key": '/etc/containers/storage.conf:3:graphroot = "/var/lib/containers/storage"'}),
        ),
        check="V27",
    ),
    "H15": Broken(
        subject=subject(podman("6.1.0"), host(user_facts={"config": "containers.conf"})), check="V27", verdict=Verdict.WARN
    ),
    "H16": Broken(
        subject=subject(on=host(facts={"storage__key": '/etc/containers/storage.conf:9:mount_program = "/usr/bin/fuse-overlayfs"'})),
        check="V27",
        verdict=Verdict.WARN,
    ),
    "H17": Broken(subject=subject(attempt(keep_id=KEPT_OUT)), check="V19"),
    "H18": Broken(subject=subject(on=host(facts={"policy": None})), check="V27"),
}  # fmt: skip
NETWORK: Mapping[str, Broken] = {
    "G01": Broken(subject=subject(no_network("Error: could not find pasta"), host(tools=TOOLS - {"pasta"})), check="V23"),
    "G02": Broken(
        subject=subject(podman("4.3.1", no_network("Error: could not find slirp4netns")), host(tools=TOOLS - {"slirp4netns"})), check="V23"
    ),
    "G03": Broken(
        subject=subject(on=host(facts={"network__removed": '/etc/containers/containers.conf:7:network_backend = "cni"'})),
        check="V23",
        verdict=Verdict.WARN,
    ),
    "G04": Broken(subject=subject(no_network("Error: setting up Pasta"), host(facts={"dev__tun": "missing"})), check="V23"),
    "G05": Broken(subject=subject(no_network("Couldn't open network namespace /run/user/1000/netns/x: Permission denied")), check="V23"),
    "G06": Broken(subject=subject(no_network("netns dir open: Permission denied, exiting")), check="V23"),
    "G07": Broken(
        subject=subject(no_network("External interface not usable"), host(facts={"route": "none"})), check="V23"
    ),
    "G08": Broken(
        subject=subject(replace(HEALTHY, binds=(Bind(4, 1024, "ok"), Bind(4, 1023, "13"))), sysctls={PORT_START: {"at_most": 80}}),
        check="V21",
    ),
    "G09": Broken(
        subject=subject(replace(HEALTHY, icmp={4: "13"}), host(live={PING_RANGE: "1 0"}), sysctls=PINGS), check="V22"
    ),
    "G10": Broken(
        subject=subject(no_container("crun: write to `/proc/sys/net/ipv4/ping_group_range`: net.ipv4.ping_group_range: Invalid argument")),
        check="V17",
    ),
    "G11": Broken(subject=subject(on=host(tools=TOOLS - {"nft", "iptables"})), check="V23", verdict=Verdict.WARN),
    "G13": Broken(
        subject=subject(podman("6.1.0", host__networkBackendInfo__version="netavark 1.14.0")), check="V23", verdict=Verdict.WARN
    ),
}  # fmt: skip
BROKEN = {**CGROUPS, **RUNTIME, **STORAGE, **NETWORK}


@pytest.mark.parametrize("ref", sorted(BROKEN))
def test_the_failure_mode_is_told_from_its_evidence(ref: str) -> None:
    assert_diagnosed(ref, BROKEN[ref])


def refs(one: Subject) -> list[str]:
    return [diagnosis.ref for diagnosis, _ in signs(one)]


def test_cgroup_v1_is_a_suspect_where_nothing_said_a_word() -> None:
    assert [(one.ref, sign.proved) for one, sign in signs(subject(on=host(facts=V1)))] == [("F01", False)]


def test_cgroup_v1_is_proved_by_words_about_cgroups_alone() -> None:
    """RHEL 8 without slirp4netns: the network is what is missing, not cgroup v2."""
    for said, proved in (("Error: could not find slirp4netns", False), ("crun: no cgroup v2", True)):
        found = signs(subject(podman("4.9.3", no_network(said)), host(facts=V1)))
        assert {sign.proved for one, sign in found if one.ref == "F01"} == {proved}


def test_a_host_is_asked_about_each_package_that_explains_a_failure() -> None:
    header = script.observe_header(spec_of(), NONCE)
    asked = next(line for line in header.splitlines() if line.startswith("PS_PACKAGES="))
    explaining = {family.selinux_policy for family in FAMILIES} - {""}
    assert [name for name in explaining if name not in asked] == []
    assert "container-selinux" in explaining


def test_a_missing_pids_controller_is_said_before_the_delegation() -> None:
    finding = judged("V17", BROKEN["F05"].subject)
    assert (finding.ref, finding.others) == ("F05", ("F03",))


def test_catatonit_of_a_package_need_not_be_on_path() -> None:
    """Fedora has it where no PATH leads."""
    on = host(manager="dnf", tools=TOOLS - {"catatonit"}, installed={"catatonit": "0.2.1-3.fc43"})
    ill = pods(Attempt(125, "Error: odd\n"))
    assert judged("V20", subject(ill, on)).ref == ""


def test_a_kill_that_is_refused_is_no_pass() -> None:
    finding = judged("V17", BROKEN["I05"].subject)
    assert (finding.verdict, finding.ref) == (Verdict.FAIL, "I05")


def test_keep_id_is_not_accused_where_no_container_starts() -> None:
    everywhere = replace(no_container("odd"), attempts={**no_container("odd").attempts, "keep-id": KEPT_OUT})
    assert refs(subject(everywhere)) == []


def test_a_program_that_cannot_run_beside_the_storage_is_noexec() -> None:
    said = Attempt(126, "sh: /home/alice/.podstead.x/run: Permission denied\n")
    finding = judged("V27", subject(attempt(executable=said)))
    assert (finding.verdict, finding.ref) == (Verdict.FAIL, "H03")
    # a home that cannot be written to sends the probe elsewhere, which says nothing about the storage
    nowhere = replace(attempt(executable=said), access=HEALTHY.access - {"home"})
    assert "H03" not in refs(subject(nowhere))


ROOTS_PATH = '/etc/containers/storage.conf:3:graphroot = "/var/lib/containers/storage"'


def test_a_missing_fuse_matters_only_to_a_mount_program() -> None:
    assert refs(subject(on=host(facts={"dev__fuse": "missing"}))) == []
    assert refs(subject(on=host(facts={"dev__fuse": "missing", "storage__key": ROOTS_PATH}))) == []


def test_paths_of_root_are_no_matter_before_podman_six() -> None:
    assert refs(subject(on=host(facts={"storage__key": ROOTS_PATH}))) == []


@pytest.mark.parametrize(("kernel", "expected"), [("5.12.0", ["H05"]), ("5.13.0", []), ("", [])])
def test_native_overlay_is_a_matter_of_the_kernel(kernel: str, expected: list[str]) -> None:
    assert refs(subject(on=host(kernel=kernel))) == expected


@pytest.mark.parametrize(
    ("version", "tool", "expected"),
    [("5.4.2", "slirp4netns", []), ("4.3.1", "pasta", []), ("4.9.3", "slirp4netns", ["G02"]), ("5.0.0", "pasta", ["G01"])],
)  # fmt: skip
def test_each_podman_needs_its_own_network_tool(version: str, tool: str, expected: list[str]) -> None:
    assert refs(subject(podman(version), host(tools=TOOLS - {tool}))) == expected


def test_the_tool_that_a_file_chose_is_the_one_that_counts() -> None:
    chosen = podman("5.4.2", host__rootlessNetworkCmd="slirp4netns")
    assert refs(subject(chosen, host(tools=TOOLS - {"pasta"}))) == []


@pytest.mark.parametrize(
    ("keys", "expected"),
    [("179/200 1/20000", []), ("180/200 1/20000", ["I07"]), ("²/² 1/1", []), ("9" * 5000 + "/1 1/1", []), ("/", [])],
)  # fmt: skip
def test_keys_are_counted_where_they_are_numbers(keys: str, expected: list[str]) -> None:
    assert refs(subject(on=host(user_facts={"keys": keys}))) == expected


@pytest.mark.parametrize("text", ["max", "unlimited", "²", "", "9" * 5000, "1000"])
def test_a_limit_that_is_no_small_number_is_no_limit(text: str) -> None:
    limited = replace(HEALTHY, limits={"processes": text})
    assert refs(subject(limited, host(user_facts={"tasks__max": text}))) == []


def test_a_range_in_systemds_window_suits_a_homed_home() -> None:
    assert IdRange(524288, 65536).last <= 1879048191
    assert refs(subject(on=host(user_facts={"homed": "yes"}))) == []


@pytest.mark.parametrize(("kind", "expected"), [("overlay", "H09"), ("ext4", "H05")])
def test_a_podman_that_finds_no_way_to_mount_overlay_is_the_fault_of_the_file_system_or_of_the_kernel(
    kind: str, expected: str
) -> None:
    """As Podman 5.8.6 ended where the home was on an overlay."""
    printed = "Error: configure storage: native overlay not supported and fuse-overlayfs not found: backing file system is unsupported for this graph driver\n"
    seen = replace(stored(kind), listed=Attempt(125, printed))
    named = {mode.ref for mode, _ in signs(subject(seen))}
    assert named & {"H05", "H09"} == {expected}
