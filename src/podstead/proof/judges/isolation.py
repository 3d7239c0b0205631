"""Judging whether another user's containers are out of reach."""

from __future__ import annotations

from typing import Final

from podstead.proof.check import Check, Judgement, could_not_look, failed, passed
from podstead.proof.finding import Severity
from podstead.proof.subject import Subject


def _without_second_user(subject: Subject) -> str:
    if subject.evidence.peer:
        return ""
    return "one user only" if subject.state.platform.is_root else "only root can act as two users"


def _isolation(subject: Subject) -> Judgement:
    evidence = subject.evidence
    if evidence.peer_changed:
        return could_not_look(
            f"the file and process that {evidence.peer} provided for this check were not as they should be, or changed while it ran"
        )
    if evidence.reached is None or len(evidence.reached) < 4:
        return could_not_look(
            f"there was nothing of {evidence.peer}'s to try to reach, or it was not tried as root of a namespace"
        )
    accesses = [name for name, reached in evidence.reached.items() if reached]
    if accesses:
        words = {"user read": "read", "user signal": "signal", "root read": "read", "root signal": "signal"}
        what = " and ".join(sorted({words[name] for name in accesses}))
        return failed(
            expected="a refusal",
            found=f"{subject.user} can {what} what a container of {evidence.peer} owns",
        )
    return passed(f"a file and a process of {evidence.peer}'s container were out of reach")


V28: Final = Check(
    id="V28",
    title="another user's containers are out of reach",
    fails="another user's containers are within reach",
    severity=Severity.SECURITY,
    why="With overlapping ranges, one user's containers can read the other user's files and signal the other user's processes.",
    remedy="If V03 fails too, start there.",
    sources=("user_namespaces(7)", "podman rootless_tutorial.md"),
    applies=_without_second_user,
    judge=_isolation,
)
