"""A healthy user on a healthy host, and ways to break exactly one thing: what the judges' tests start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from podstead.ids.ranges import IdMap, IdRange
from podstead.proof.diagnosis import signs
from podstead.proof.engine_evidence import Attempt, Graph, Info
from podstead.proof.evidence import Bind, Evidence
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import PING_RANGE, PORT_START, Subject, subject_of
from podstead.proof.verdict import findings
from tests.model_host import SYSTEMD_TOOLS, ModelAccount, ModelHost, spec_of

RANGE = IdRange(524288, 65536)
UID_MAP = "         0       1000          1\n         1     524288      65536\n"
GID_MAP = "         0       1001          1\n         1     524288      65536\n"
CHOWN = "chown 1:1 ok\nchown 5:5 ok\nchown 65536:65536 ok\nchown: invalid argument\nchown: invalid argument\n"
GRAPH = "/home/alice/.local/share/containers/storage"
WHOLE = IdMap.parse("0 0 4294967295")
CONTROLLERS = "cpu cpuset io memory pids"

TOLD: Mapping[str, str] = {
    "uid": UID_MAP,
    "gid": GID_MAP,
    "route": "Iface\tDestination\tGateway\neth0\t00000000\t0102000A\t0003\n",
    "devices": "Inter-|   Receive\n face |bytes\n    lo:       0\n  eth0:       0\n",
    "memory": "67108864\n",
    "cpu": "50000 100000\n",
}
"""What a container tells about itself, section by section."""

INSIDE: Mapping[str, str] = {
    "uid": UID_MAP,
    "gid": GID_MAP,
    "setgroups": "allow\n",
    "chown": CHOWN,
    "nested": "         0          0          1\n",
    "extents": "ok\nrefused\n",
    "process": "4711\n",
}
"""What the shell inside ``podman unshare`` prints."""

KEPT: Mapping[str, str] = {
    "id": "1000\n1001\n",
    "uid": "0 1 1000\n1000 0 1\n1001 1001 64536\n",
}
"""What a container with --userns=keep-id tells; its map is relative to Podman's own namespace."""


def printed(sections: Mapping[str, str | None], **changed: str | None) -> str:
    """The text of these sections; one that is None is left out."""
    return "".join(f"--{name}\n{text}" for name, text in {**sections, **changed}.items() if text is not None)


def refused(text: str = "newuidmap: uid range [0-1) -> [0-1) not allowed") -> Attempt:
    return Attempt(1, f"{text}\n")


def inside(code: int = 0, **changed: str | None) -> Attempt:
    return Attempt(code, f"a warning\n{printed(INSIDE, **changed)}")


ATTEMPTS: Mapping[str, Attempt] = {
    "unshare": Attempt(0, ""),
    "newuidmap": Attempt(0, ""),
    "newgidmap": Attempt(0, ""),
    "uid-over": refused(),
    "gid-over": refused(),
    "other": refused(),
    "host-root": refused(),
    "raw": refused("cat: write error: Operation not permitted"),
    "single": Attempt(0, ""),
    "executable": Attempt(0, ""),
    "inside": inside(),
    "whole": Attempt(0, "0123456789abcdef\n"),
    "answer": Attempt(0, "0123456789abcdef\n"),
    "top": Attempt(0, "USER HUSER GROUP HGROUP HPID\n5 524292 7 524294 4242\n"),
    "kill": Attempt(0, ""),
    "keep-id": Attempt(0, ""),
}

INFO: Mapping[str, str] = {
    "host.cgroupManager": "systemd",
    "host.ociRuntime.name": "crun",
    "host.ociRuntime.version": "crun version 1.21\ncommit: 0",
    "host.databaseBackend": "sqlite",
    "store.graphDriverName": "overlay",
    "store.graphStatus.Backing Filesystem": "extfs",
    "store.graphStatus.Supports d_type": "true",
    "store.runRoot": "/run/user/1000/containers",
}

HEALTHY = Evidence(
    context="session",
    complete=True,
    who=("alice", "1000", "1001", "1001"),
    passwd="alice:x:1000:1001::/home/alice:/bin/bash",
    environment={
        "USER": "alice",
        "HOME": "/home/alice",
        "XDG_RUNTIME_DIR": "/run/user/1000",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    },
    status={"NoNewPrivs": "0", "Seccomp": "0"},
    own_map=WHOLE,
    access=frozenset({"directory", "home", "/etc/subuid", "/etc/subgid", "bus", "runtime-dir"}),
    limits={"processes": "96365", "open files": "20000"},
    helpers={name: f"/usr/bin/{name}" for name in ("newuidmap", "newgidmap", "podman")},
    helper_stat="/usr/bin/newuidmap -rwsr-xr-x 0\n/usr/bin/newgidmap -rwsr-xr-x 0",
    apparmor_label="unconfined",
    attempts=ATTEMPTS,
    maps={
        "granted": UID_MAP + GID_MAP,
        "over": "",
        "forbidden": "",
        "raw": "",
        "single": "0 1000 1\n0 1001 1\n",
    },
    podman="podman version 5.4.2\n",
    fresh_info=Info(Attempt(0, ""), INFO),
    user_info=Info(Attempt(0, ""), INFO),
    listed=Attempt(0, ""),
    policy=Attempt(125, "Error: open /nonexistent/manifest.json: no such file or directory\n"),
    graph=Graph(path=GRAPH, nearest=GRAPH, owner="1000:1001", mount=("ext4", frozenset({"rw", "relatime"}))),
    owner_of_5_5="524292:524292",
    credentials="524292:524294",
    container_output={"whole": printed(TOLD), "keep-id": printed(KEPT)},
    volumes={"whole": "524292:524294"},
    keep_id_file_owner="1000:1001",
    controllers=frozenset(CONTROLLERS.split()),
    in_pod=True,
    process="524292:524294",
    binds=tuple(
        Bind(family, port, result) for family in (4, 6) for port, result in ((1024, "ok"), (1023, "13"))
    ),
    icmp={4: "ok", 6: "ok"},
    denied="13\n",
    peer="bob",
    reached=dict.fromkeys(("user read", "user signal", "root read", "root signal"), False),
)

TOOLS = {
    *SYSTEMD_TOOLS,
    *("crun", "conmon", "pasta", "slirp4netns", "nft", "iptables", "catatonit", "systemd-run"),
}

FACTS: Mapping[str, str | tuple[str, ...]] = {
    "cgroup": "cgroup2fs",
    "cgroup.controllers": CONTROLLERS,
    "root.propagation": "shared",
    "proc.options": "rw,nosuid,nodev,noexec,relatime",
    "boot.id": "18c16cdb-5f83-4adf-afa4-9b59baae4fe5",
    "ns.user": "yes",
    "route": "default",
    "dev.tun": "666",
    "dev.fuse": "666",
    "systemd": "systemd 257 (257.13-1~deb13u1)",
    "pam.systemd": "2",
    "podman.path": "/usr/bin/podman",
    "helper.mount": "ext4 rw,relatime",
    "policy": "/etc/containers/policy.json",
    "tmpfiles.keep": ("x /tmp/podman-run-*", "x /tmp/storage-run-*"),
    "tmp.keep": "end",
}
USER_FACTS: Mapping[str, str | tuple[str, ...]] = {
    "delegated": CONTROLLERS,
    "tasks.max": "31797",
    "graph.mount": "ext4 rw,relatime",
    "keys": "5/200 55/20000",
    "graph.owner": ("1000 1001", "524292 524292"),
}
SPEC: Mapping[str, Any] = {
    "session": {"linger": True, "delegate": CONTROLLERS.split()},
    "storage": {"driver": "overlay"},
}


def facts(
    base: Mapping[str, str | tuple[str, ...]], **changed: str | tuple[str, ...] | None
) -> dict[str, tuple[str, ...]]:
    """Facts with changes; ``__`` in a name stands for its dot, and None for what is not there."""
    merged = {**base, **{name.replace("__", "."): value for name, value in changed.items()}}
    return {
        name: (value,) if isinstance(value, str) else value
        for name, value in merged.items()
        if value is not None
    }


def host(**more: Any) -> ModelHost:
    """A healthy host; ``facts`` and ``user_facts`` are changes, everything else replaces."""
    line = f"alice:{RANGE}\n"
    changes = {name: more.pop(name, {}) for name in ("facts", "user_facts")}
    one = ModelHost(
        accounts={"alice": ModelAccount(1000, 1001)},
        files={"/etc/subuid": line, "/etc/subgid": line},
        live={PORT_START: "1024", PING_RANGE: "0 2000000"},
        tools=set(TOOLS),
        linger={"alice"},
        buses={"alice"},
        kernel="6.12.48-amd64",
        facts=facts(FACTS, **changes["facts"]),
        user_facts={"alice": facts(USER_FACTS, **changes["user_facts"])},
    )
    return replace(one, **more)


def subject(evidence: Evidence = HEALTHY, on: ModelHost | None = None, **document: Any) -> Subject:
    spec = spec_of(**{**SPEC, **document})
    return subject_of("alice", spec, (on or host()).state(spec.users), evidence)


def judged(check: str, one: Subject) -> Finding:
    """The finding of a check; the first where the diagnosis has put others behind it."""
    return next(finding for finding in findings(one) if finding.check == check)


def attempt(**changed: Attempt | None) -> Evidence:
    """Healthy evidence with other attempts; ``_`` in a name stands for its dash, and None for one not made.

    A container that fails with keep-id has told nothing and written nothing.
    """
    names = {name.replace("_", "-"): value for name, value in changed.items()}
    attempts = {name: value for name, value in {**ATTEMPTS, **names}.items() if value is not None}
    made = replace(HEALTHY, attempts=attempts)
    kept = attempts.get("keep-id")
    if kept is not None and not kept.ok:
        made = replace(
            made,
            container_output={
                name: text for name, text in made.container_output.items() if name != "keep-id"
            },
            keep_id_file_owner="",
        )
    return made


def maps(**changed: str | None) -> Evidence:
    return replace(
        HEALTHY, maps={name: text for name, text in {**HEALTHY.maps, **changed}.items() if text is not None}
    )


def info(ran: Attempt | None = None, **changed: str | None) -> Info:
    """``podman info`` with other values; ``__`` in a name stands for its dot, and None for one that is missing."""
    names = {name.replace("__", "."): value for name, value in changed.items()}
    values = {name: value for name, value in {**INFO, **names}.items() if value is not None}
    return Info(ran or Attempt(0, ""), values)


def not_started(said: str, configs: Mapping[str, str] | None = None, **more: Any) -> Evidence:
    """The user's own Podman fails with these words; the probe's own storage works."""
    failed = Attempt(125, f"{said}\n")
    return replace(
        HEALTHY, user_info=Info(failed, {}), listed=failed, policy=failed, configs=configs or {}, **more
    )


def no_container(said: str) -> Evidence:
    """Neither container starts, and the runtime says why."""
    failed = Attempt(126, f"{said}\n")
    ill = attempt(whole=failed, plain=failed, keep_id=failed, top=None, kill=None, answer=None)
    return replace(ill, container_output={}, volumes={}, keep_id_file_owner="", process="", in_pod=False)


def no_network(said: str) -> Evidence:
    """The plain container runs, the one with a network does not."""
    failed = Attempt(126, f"{said}\n")
    ill = attempt(
        whole=failed, plain=Attempt(0, "abc\n"), network=failed, limited=Attempt(0, "abc\n"), answer=None
    )
    told = printed(TOLD)
    return replace(
        ill,
        container_output={"plain": told, "limited": told, "keep-id": printed(KEPT)},
        volumes={"plain": "524292:524294"},
        in_pod=False,
    )


def no_namespace(said: str = "unshare: unshare failed: Operation not permitted") -> Evidence:
    """Nobody may make a user namespace: the probe ends where it would have made one."""
    denied = Attempt(1, f"{said}\n")
    attempts = dict.fromkeys(("unshare", "inside", "whole", "plain", "keep-id", "pod-create"), denied)
    ill = replace(HEALTHY, attempts=attempts | {"executable": Attempt(0, "")}, maps={}, apparmor_label="")
    ill = replace(
        ill,
        owner_of_5_5="",
        credentials="",
        container_output={},
        volumes={},
        keep_id_file_owner="",
        process="",
        in_pod=False,
    )
    return replace(ill, fresh_info=None, user_info=None, listed=None, policy=None, graph=None, reached=None)


def no_helper(said: str) -> Evidence:
    """The helpers fail, and so Podman does."""
    ill = no_namespace(said)
    failed = Attempt(1, f"{said}\n")
    helped = dict.fromkeys(("newuidmap", "newgidmap"), failed)
    tried = {name: one for name, one in ATTEMPTS.items() if name not in ill.attempts} | helped
    names = (
        "unshare",
        "newuidmap",
        "newgidmap",
        "uid-over",
        "gid-over",
        "other",
        "host-root",
        "raw",
        "single",
    )
    own = {"unshare": Attempt(0, "")} | {name: tried[name] for name in names if name in tried}
    return replace(ill, attempts=dict(ill.attempts) | own, maps=dict(HEALTHY.maps) | {"granted": ""})


def no_grant() -> Evidence:
    """Nothing is granted: no helper is asked, Podman falls back to a single ID, and user 5 is not in it."""
    asked = ("newuidmap", "newgidmap", "uid-over", "gid-over", "other", "host-root", "raw", "single")
    single = inside(uid="0 1000 1\n", gid="0 1001 1\n", setgroups="deny\n", chown="")
    ill = no_container("Error: crun: setgroups: Invalid argument: OCI runtime error")
    attempts = {name: one for name, one in ill.attempts.items() if name not in asked}
    return replace(
        ill, attempts=attempts | {"inside": single}, maps={}, owner_of_5_5="", peer="", reached=None
    )


def pods(create: Attempt | None, start: Attempt | None = None) -> Evidence:
    """The container did not run in a pod, and a pod was tried by itself."""
    return replace(attempt(pod_create=create, pod_start=start), in_pod=False)


def podman(version: str, evidence: Evidence = HEALTHY, **values: str | None) -> Evidence:
    """The same evidence of another Podman, with other values of ``podman info``."""
    return replace(
        evidence,
        podman=f"podman version {version}\n",
        fresh_info=evidence.fresh_info and info(evidence.fresh_info.ran, **values),
    )


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One failure mode on an otherwise healthy host.

    ``verdict`` is what its finding says; ``proved`` is False where it can only not be ruled out. ``also`` are other
    modes that are proved by necessity: the same thing, said less exactly.
    """

    subject: Subject
    check: str
    verdict: Verdict = Verdict.FAIL
    proved: bool = True
    also: tuple[str, ...] = ()


def assert_diagnosed(ref: str, broken: Broken) -> None:
    """The sign is seen and no other is, and where it is proved a finding says what it is and what to do."""
    seen = {one.ref: sign for one, sign in signs(broken.subject)}
    assert ref in seen
    assert seen[ref].proved is broken.proved
    assert seen[ref].found
    proved = {name for name, sign in seen.items() if sign.proved}
    assert proved == {*([ref] if broken.proved else []), *broken.also}
    results = findings(broken.subject)
    if not broken.proved:
        assert ref in {
            name for finding in results if finding.check == broken.check for name in finding.others
        }
        return
    named = [finding for finding in results if finding.ref == ref]
    assert [finding.verdict for finding in named if finding.check == broken.check] == [broken.verdict]
    for finding in named:
        assert finding.mode
        assert finding.found
        assert finding.cause
        assert finding.remedy
