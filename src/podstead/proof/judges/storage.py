"""Judging the storage that Podman chooses."""

from __future__ import annotations

from typing import Final

from podstead.proof.check import Check, Judgement, could_not_look, failed, passed
from podstead.proof.engine_evidence import error_line
from podstead.proof.finding import Severity
from podstead.proof.judges.needs import own_podman_starts
from podstead.proof.subject import Subject


def _driver(subject: Subject) -> Judgement:
    info, own = subject.evidence.fresh_info, subject.evidence.info_with_database
    start = subject.evidence.user_info
    if info is None or start is None:
        return could_not_look("podman info was not run")
    if not start.ran.ok:
        return could_not_look("the user's own podman info fails (V31)")
    if not info.ran.ok:
        return failed(expected="podman info", found=error_line(info.ran.output))
    name = info.get("store.graphDriverName")
    if not name:
        return could_not_look("podman info named no driver")
    executable = subject.evidence.attempts.get("executable")
    wanted = subject.spec.storage.driver
    if wanted is not None and name != wanted:
        return failed(expected=f"driver {wanted}", found=f"a new user gets {name}")
    if executable is not None and not executable.ok:
        return failed(expected="programs beside the storage can run", found=executable.last)
    backing = start.get("store.graphStatus.Backing Filesystem")
    mount = subject.graph_mount
    where = backing or (mount[0] if mount else "an unknown file system")
    user_driver = own.get("store.graphDriverName") if own else ""
    return passed(
        f"{name} on {where}" + (f"; the user's own storage has {user_driver}" if user_driver else "")
    )


V27: Final = Check(
    id="V27",
    title="storage has the requested driver, on a file system that supports it",
    fails="storage does not have the requested driver, or its file system does not support it",
    severity=Severity.DRIFT,
    why="The driver of the first use stays in the user's database; vfs copies whole layers, network file systems refuse foreign IDs.",
    remedy="As the user, podman info shows which driver is in use. If the user has storage, do not delete any of it.",
    sources=("containers-storage.conf(5)", "podman rootless.md"),
    undone_by_reboot=True,
    needs=(own_podman_starts,),
    judge=_driver,
)
