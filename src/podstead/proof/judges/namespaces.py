"""Judging namespaces that were made without Podman, by the kernel and the real newuidmap and newgidmap."""

from __future__ import annotations

from typing import Final

from podstead.ids.ranges import IdMap
from podstead.proof.check import Check, Judgement, could_not_look, failed, passed
from podstead.proof.engine_evidence import Attempt
from podstead.proof.evidence import id_map, sections
from podstead.proof.finding import Severity
from podstead.proof.judges.needs import namespace_tried, newuidmap_run
from podstead.proof.subject import Subject


def _namespace(subject: Subject) -> Judgement:
    unshare, inside = (subject.evidence.attempts.get(name) for name in ("unshare", "inside"))
    if (unshare and unshare.ok) or (inside and id_map(sections(inside.output).get("uid"))):
        confined = (
            "; a bare unshare is confined by AppArmor, Podman is not" if not (unshare and unshare.ok) else ""
        )
        return passed(f"a user namespace was created{confined}")
    return failed(expected="a user namespace", found=(unshare or inside or Attempt(1, "")).last)


V04: Final = Check(
    id="V04",
    title="the kernel lets the user create a user namespace",
    fails="the user cannot create a user namespace",
    severity=Severity.BLOCK,
    why="user.max_user_namespaces=0, Debian's unprivileged_userns_clone=0, AppArmor and seccomp can each forbid it.",
    remedy="See the kernel's message under 'found'. sysctl user.max_user_namespaces and journalctl -k (apparmor, seccomp) show what "
    "prevents it.",
    sources=("user_namespaces(7)", "namespaces(7)", "podman#7704", "podman#24642"),
    needs=(namespace_tried,),
    judge=_namespace,
)


def _helpers(subject: Subject) -> Judgement:
    evidence = subject.evidence
    if "newuidmap" not in evidence.attempts:
        return _no_helper(subject)
    expected = f"uid {subject.uid_map}; gid {subject.gid_map}"
    bad = [
        evidence.attempts[name]
        for name in ("newuidmap", "newgidmap")
        if name in evidence.attempts and not evidence.attempts[name].ok
    ]
    if bad:
        return failed(expected=expected, found=bad[0].last)
    found = id_maps(evidence.maps.get("granted", ""))
    if found is None:
        return could_not_look("the maps of the child could not be read")
    if not (found[0].same_ids(subject.uid_map) and found[1].same_ids(subject.gid_map)):
        return failed(expected=expected, found=f"uid {found[0]}; gid {found[1]}")
    return passed(f"uid {found[0]}; gid {found[1]}", expected)


def _no_helper(subject: Subject) -> Judgement:
    """newuidmap was not even tried."""
    if not subject.granted:
        return could_not_look("nothing is granted")
    if "newuidmap" in subject.evidence.helpers:
        return could_not_look("no child namespace could be created")
    return failed(expected="newuidmap and newgidmap", found="newuidmap was not found")


def id_maps(text: str) -> tuple[IdMap, IdMap] | None:
    """Split the two maps of a child: the kernel prints one after the other, each starting at container ID 0."""
    lines = [line for line in text.splitlines() if line.strip()]
    starts = [index for index, line in enumerate(lines) if line.split()[:1] == ["0"]]
    if len(starts) != 2:
        return None
    uid, gid = id_map("\n".join(lines[: starts[1]])), id_map("\n".join(lines[starts[1] :]))
    return (uid, gid) if uid and gid else None


V05: Final = Check(
    id="V05",
    title="newuidmap and newgidmap write the whole grant",
    fails="newuidmap or newgidmap does not write the whole grant",
    severity=Severity.BLOCK,
    why="Image builds and copies can strip the helpers of their setuid bit or file capabilities; nosuid mounts disable both.",
    remedy="See newuidmap's message under 'found'. ls -l and getcap on newuidmap show its privileges, and findmnt -T shows the "
    "options of its file system.",
    sources=("newuidmap(1)", "podman#2788", "podman#10717"),
    judge=_helpers,
)


def _refused(
    subject: Subject, names: tuple[str, ...], map_name: str, what: str, *, by: str = "not allowed"
) -> Judgement:
    """A counter-proof: every attempt was refused, in words with ``by``, and the map is still empty."""
    tried = {name: subject.evidence.attempts[name] for name in names if name in subject.evidence.attempts}
    # 126 and 127 are the shell's: a program that did not run has refused nothing
    made = [name for name in names if name in tried and tried[name].code not in (126, 127)]
    if len(made) < len(names) or map_name not in subject.evidence.maps:
        return could_not_look("this was not tried")
    allowed = [name for name, attempt in tried.items() if attempt.ok]
    map_text = subject.evidence.maps[map_name].strip()
    if allowed or map_text:
        return failed(
            expected="a refusal",
            found=f"{what}: allowed ({', '.join(allowed)}); map {' '.join(map_text.split()) or 'empty'}",
        )
    other = next((attempt for attempt in tried.values() if by not in attempt.output), None)
    if other:
        return could_not_look(f"refused for another reason than the grant: {other.last}")
    return passed(f"refused: {next(iter(tried.values())).last}", "a refusal")


def _one_more(subject: Subject) -> Judgement:
    return _refused(subject, ("uid-over", "gid-over"), "over", "one ID more than granted")


_AFTER_HELPERS: Final = (namespace_tried, newuidmap_run)


V06: Final = Check(
    id="V06",
    title="newuidmap refuses one ID more than granted",
    fails="newuidmap maps more IDs than were granted",
    severity=Severity.SECURITY,
    why="A helper that allows everything also looks like success: only a refusal shows that the grant is the limit.",
    remedy="Find out who replaced newuidmap, or why the probe runs with privileges.",
    sources=("newuidmap(1)",),
    needs=(*_AFTER_HELPERS,),
    judge=_one_more,
)


def _other_ids(subject: Subject) -> Judgement:
    return _refused(subject, ("other", "host-root"), "forbidden", "other users' IDs and host root")


V07: Final = Check(
    id="V07",
    title="newuidmap refuses other users' IDs and the host's root",
    fails="newuidmap maps other users' IDs or the host's root",
    severity=Severity.SECURITY,
    why="A grant that contains 0 or someone else's IDs gives away the host or that user.",
    remedy="getsubids, with the name of the user, shows every granted range; none may contain 0 or an ID that belongs to someone else.",
    sources=("subuid(5)",),
    needs=(*_AFTER_HELPERS,),
    judge=_other_ids,
)


def _raw(subject: Subject) -> Judgement:
    """The kernel refuses, in words of its own."""
    return _refused(subject, ("raw",), "raw", "a raw map of several IDs", by="")


V08: Final = Check(
    id="V08",
    title="the kernel refuses a raw map of several IDs",
    fails="the kernel takes a raw map of several IDs",
    severity=Severity.SECURITY,
    why="Success would mean that the caller has CAP_SETUID, and then nothing here is proved for an ordinary user.",
    remedy="Run the verification as an ordinary user.",
    sources=("user_namespaces(7)",),
    needs=(*_AFTER_HELPERS,),
    judge=_raw,
)


def _single(subject: Subject) -> Judgement:
    attempt, text = subject.evidence.attempts.get("single"), subject.evidence.maps.get("single")
    if attempt is None or text is None:
        return could_not_look("this was not tried")
    expected = (IdMap.expected(subject.account.uid, ()), IdMap.expected(subject.account.gid, ()))
    found = id_maps(text)
    if attempt.ok and found == expected:
        return passed(f"uid {found[0]}; gid {found[1]}")
    return failed(expected=f"uid {expected[0]}; gid {expected[1]}", found=attempt.last)


V09: Final = Check(
    id="V09",
    title="the user can map their own ID without a helper",
    fails="the user cannot map even their own ID",
    severity=Severity.BLOCK,
    why="When even this fails, a security module or a seccomp filter is the obstacle, not the ranges.",
    remedy="Check for AppArmor denials (journalctl -k) and the seccomp profile of an outer container.",
    sources=("user_namespaces(7)",),
    needs=(*_AFTER_HELPERS,),
    judge=_single,
)
