"""Judging what is granted, and that nobody else has any of it."""

from __future__ import annotations

from typing import Final

from podstead.ids.ranges import total
from podstead.proof.check import Check, Judgement, could_not_look, failed, not_applicable, passed
from podstead.proof.finding import Severity
from podstead.proof.subject import Subject


def _granted(subject: Subject) -> Judgement:
    wanted = subject.spec.subids.count
    sides = (("UIDs", subject.subuids), ("GIDs", subject.subgids))
    found = "; ".join(f"{label} {', '.join(map(str, ranges)) or 'none'}" for label, ranges in sides)
    expected = f"at least {wanted} IDs on both sides"
    closed = (
        subject.state.subids.source == "files"
        and subject.evidence.who
        and not {
            "/etc/subuid",
            "/etc/subgid",
        }
        <= subject.evidence.access
    )
    if not subject.granted or min(total(subject.subuids), total(subject.subgids)) < wanted:
        return failed(expected=expected, found=found)
    if closed:
        return failed(expected="files that the user can read", found=found)
    return passed(found, expected)


V02: Final = Check(
    id="V02",
    title="subordinate UIDs and GIDs are granted and readable",
    fails="subordinate UIDs and GIDs are missing or cannot be read",
    severity=Severity.MAJOR,
    why="Podman drops both maps when one side is missing, and it reads the files as the user. Images expect 65536 IDs.",
    remedy="podstead apply (it grants ranges to the users in the document); which ranges, without a change: podstead check",
    sources=("subuid(5)", "subgid(5)", "podman troubleshooting.md 10 and 19"),
    judge=_granted,
)


def _untouched(subject: Subject) -> Judgement:
    """Nobody else has these IDs, as far as that can be known."""
    if not subject.granted:
        return not_applicable("nothing is granted")
    flaws = [flaw.text for flaw in subject.flaws if flaw.fatal]
    if flaws:
        return failed(expected="ranges of this user only", found="; ".join(flaws))
    if subject.state.subids.source == "files":
        unreadable = [
            f"{file.path}:{bad.line}: {bad.printable}"
            for file in subject.state.subids.sides
            for bad in file.unreadable_lines
        ]
        if unreadable:
            why = f"no program can read {'; '.join(unreadable[:3])}, so it is not known which IDs are meant"
            return could_not_look(why)
        return passed("no overlap with other owners, accounts, groups or reserved blocks")
    no_overlap = "no overlap with accounts, groups, reserved blocks or the other users of the document"
    return passed(
        f"{no_overlap}; the other users to whom {subject.state.subids.source} grants ranges cannot be listed"
    )


V03: Final = Check(
    id="V03",
    title="the ranges overlap no one else's IDs",
    fails="the ranges overlap other IDs",
    severity=Severity.SECURITY,
    why="With overlapping ranges, one user's containers can own another user's files, and signal and trace that user's processes. No tool reports this.",
    remedy="getent passwd, getent group and both files show whose IDs these are; podstead explain C10 says how to move a "
    "range without losing data.",
    sources=("podman rootless_tutorial.md", "systemd docs/UIDS-GIDS.md", "shadow#525"),
    judge=_untouched,
)
