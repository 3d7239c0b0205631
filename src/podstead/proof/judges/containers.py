"""Judging containers and pods, as they are inside and as the host sees them."""

from __future__ import annotations

from typing import Final

from podstead.proof.check import Check, Judgement, could_not_look, failed, not_applicable, passed
from podstead.proof.engine_evidence import error_line
from podstead.proof.evidence import id_map, sections
from podstead.proof.finding import Severity, Verdict
from podstead.proof.judges.maps import owner, single
from podstead.proof.judges.needs import (
    container_runs,
    container_tried,
    own_podman_starts,
    started_container,
)
from podstead.proof.subject import Subject


def _container(subject: Subject) -> Judgement:
    name, attempt = started_container(subject) or ("", None)
    if attempt is None or not attempt.ok:
        return failed(expected="a container", found=error_line(attempt.output if attempt else ""))
    reported = sections(subject.evidence.container_output.get(name, ""))
    uid, gid = id_map(reported.get("uid")), id_map(reported.get("gid"))
    if uid is None or gid is None or not uid.extents:
        return could_not_look("the container ran but reported nothing about itself")
    if not uid.same_ids(subject.uid_map) or not gid.same_ids(subject.gid_map):
        expected = f"uid {subject.uid_map}; gid {subject.gid_map}"
        return failed(expected=expected, found=f"uid {uid}; gid {gid}{single(uid)}")
    volume = owner(subject, subject.evidence.volumes.get(name, ""), (5, 7), "a file of container 5:7")
    if volume.verdict is not Verdict.PASS:
        return volume
    return passed(f"uid {uid}; {volume.found}")


V17: Final = Check(
    id="V17",
    title="a container runs, with that map",
    fails="no container runs with the user's ID map",
    severity=Severity.BLOCK,
    why="This is the first check that depends on the runtime, cgroups, seccomp, storage and mounts together.",
    remedy="See the cause, and the runtime's own message under 'found'.",
    sources=("podman-run(1) --rootfs", "crun(1)"),
    needs=(own_podman_starts, container_tried),
    judge=_container,
)


def _top(subject: Subject) -> Judgement:
    top = subject.evidence.attempts.get("top")
    if top is None or not top.ok:
        return could_not_look(error_line(top.output) if top else "podman top was not run")
    host = (str(subject.uid_map.to_host(5)), str(subject.gid_map.to_host(7)))
    rows = [line.split() for line in top.output.splitlines() if line.strip()]
    row = rows[-1] if rows else []
    if len(row) < 4:
        return could_not_look("podman top did not print a table")
    if "?" in (row[1], row[3]):
        return not_applicable(
            f"this Podman ({(subject.evidence.podman or '').strip()}) prints ? for host IDs"
        )
    real = ":".join(host)
    host_ids = subject.evidence.process
    if not host_ids:
        return could_not_look("the process of the container could not be found on the host")
    if row[1] == host[0] and row[3] == host[1] and host_ids == real:
        return passed(f"user 5 is {row[1]}, group 7 is {row[3]}; the host says {host_ids}", real)
    return failed(
        expected=real,
        found=f"podman top says {row[1]}:{row[3]}, the host says {host_ids}",
    )


V18: Final = Check(
    id="V18",
    title="podman top shows host IDs, and they are correct",
    fails="podman top does not show the correct host IDs",
    severity=Severity.MINOR,
    why="Podman before 5.1.2 could print a wrong UID for containers in user namespaces.",
    remedy="Read the IDs from /proc, or use a newer Podman.",
    sources=("podman-top(1)", "podman#22293"),
    needs=(own_podman_starts, container_tried, container_runs),
    judge=_top,
)


def _keep_id(subject: Subject) -> Judgement:
    """Inside, the user has the own ID; the file of that ID is the user's own on the host."""
    attempt = subject.evidence.attempts.get("keep-id")
    own = (str(subject.account.uid), str(subject.account.gid))
    if attempt is None:
        return could_not_look("no container was run")
    container = sections(subject.evidence.container_output.get("keep-id", ""))
    uid, ids = id_map(container.get("uid")), tuple(container.get("id", "").split())
    reported = uid is not None and len(ids) == 2
    # Podman 3 may come too late to attach to a container that ends at once, and calls it an error: what such a one has
    # told and written counts (its last step makes the file)
    if not attempt.ok and not (reported and subject.evidence.keep_id_file_owner):
        return failed(expected=f"a container in which the user is {own[0]}", found=error_line(attempt.output))
    if uid is None or not reported:
        return could_not_look("the container reported nothing about itself")
    expected = f"{':'.join(own)} inside, mapped to the user; a file of it belongs to {':'.join(own)}"
    # the inner map is shown relative to Podman's own namespace, in which the user is 0
    if (
        ids != own
        or uid.to_host(subject.account.uid) != 0
        or subject.evidence.keep_id_file_owner != ":".join(own)
    ):
        return failed(
            expected=expected,
            found=f"{':'.join(ids)} inside, map {uid}, file of {subject.evidence.keep_id_file_owner or 'nobody'}",
        )
    return passed(
        f"{':'.join(ids)} inside; its file belongs to {subject.evidence.keep_id_file_owner}", expected
    )


V19: Final = Check(
    id="V19",
    title="keep-id: the user is the same inside and outside",
    fails="keep-id: the user is not the same inside and outside",
    severity=Severity.MINOR,
    why="With --userns=keep-id the container's root is a subordinate ID, and that ID must be able to reach the storage.",
    remedy="See Podman's message under 'found'. If it says that a folder is not accessible: namei -l on the storage "
    "shows which folder, and podstead explain H17 says how to open it.",
    sources=("podman-run(1) --userns", "podman#24159"),
    needs=(own_podman_starts, container_tried),
    judge=_keep_id,
)


def _before_pods(subject: Subject) -> str:
    old = subject.podman is not None and subject.podman.major < 4
    return "before Podman 4 a pod needs an image from a registry" if old else ""


def _pod(subject: Subject) -> Judgement:
    attempts = subject.evidence.attempts
    create, start = attempts.get("pod-create"), attempts.get("pod-start")
    combined = attempts.get("whole")
    if subject.evidence.in_pod and combined is not None and combined.ok:
        return passed("a container ran in a pod")
    if create is None:
        return could_not_look("no pod was created")
    bad = next((attempt for attempt in (create, start) if attempt is not None and not attempt.ok), None)
    if bad is not None:
        return failed(expected="a pod whose pause container runs", found=error_line(bad.output))
    return passed("a pod was created and started") if start else could_not_look("the pod was not started")


V20: Final = Check(
    id="V20",
    title="a pod starts without any image",
    fails="no pod starts",
    severity=Severity.MINOR,
    why="A pod needs catatonit as its pause process.",
    remedy="See Podman's message under 'found'. If it names catatonit, install the package catatonit.",
    sources=("podman-pod-create(1)",),
    applies=_before_pods,
    needs=(own_podman_starts, container_tried),
    judge=_pod,
)
