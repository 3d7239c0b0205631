"""Judging Podman's own namespace: its maps, the owners and credentials in it, and a namespace within."""

from __future__ import annotations

from typing import Final

from podstead.ids.ranges import Extent, IdMap
from podstead.proof.check import Check, Judgement, could_not_look, failed, not_applicable, passed
from podstead.proof.engine_evidence import error_line
from podstead.proof.evidence import id_map
from podstead.proof.finding import Severity
from podstead.proof.judges.needs import inside, own_podman_starts, podman_run, unshare_works
from podstead.proof.subject import Subject

_EXAMPLE = 5
"""The container UID whose host ID every report shows, and whose owner the probe looks at from outside."""


def _map(subject: Subject) -> Judgement:
    reported, expected = inside(subject), f"uid {subject.uid_map}; gid {subject.gid_map}"
    uid, gid = (id_map((reported or {}).get(side)) for side in ("uid", "gid"))
    if not (uid and gid):
        return failed(expected=expected, found=error_line(subject.evidence.attempts["inside"].output))
    if not subject.granted:
        return not_applicable(f"nothing is granted, and Podman maps uid {uid}")
    if uid.same_ids(subject.uid_map) and gid.same_ids(subject.gid_map):
        host = uid.to_host(_EXAMPLE)
        example = "" if host is None else f"; container UID {_EXAMPLE} is host UID {host}"
        return passed(f"uid {uid}; gid {gid}{example}", expected)
    return failed(expected=expected, found=f"uid {uid}; gid {gid}{single(uid)}")


def single(uid: IdMap) -> str:
    return " (Podman fell back to a single ID)" if uid.last_inside == 0 else ""


V10: Final = Check(
    id="V10",
    title="Podman's ID map is exactly the grant",
    fails="Podman's ID map differs from the grant",
    severity=Severity.BLOCK,
    why="Podman computes the map from $USER, NSS, the sort order and both files; each of these can make it differ from the grant.",
    remedy="See Podman's message or its map under 'found', and the grant under 'expected'. As the user, podman --log-level=debug "
    "unshare cat /proc/self/uid_map shows how Podman computes the map.",
    sources=("podman-unshare(1)", "containers/storage pkg/idtools"),
    undone_by_reboot=True,
    needs=(own_podman_starts, podman_run),
    judge=_map,
)


def _pause_map(subject: Subject) -> Judgement:
    session = subject.state.session.users.get(subject.user)
    if session is None or session.pause is None:
        return not_applicable("there is no pause process that keeps a map")
    uid, gid = session.pause
    if uid.same_ids(subject.uid_map) and gid.same_ids(subject.gid_map):
        return passed(f"uid {uid}; gid {gid}")
    return failed(
        expected=f"uid {subject.uid_map}; gid {subject.gid_map}",
        found=f"uid {uid}; gid {gid}",
    )


V11: Final = Check(
    id="V11",
    title="the map that Podman keeps is the same",
    fails="Podman still uses an earlier ID map",
    severity=Severity.MAJOR,
    why="A pause process keeps the namespace of the first command; later changes to the ranges do not reach it.",
    remedy="As the user: podman system migrate (stops the user's containers).",
    sources=("podman-system-migrate(1)", "podman#3356"),
    undone_by_reboot=True,
    judge=_pause_map,
)


_IN_NAMESPACE: Final = (own_podman_starts, podman_run, unshare_works)


def _section(subject: Subject, name: str) -> str:
    return (inside(subject) or {}).get(name, "")


def _setgroups(subject: Subject) -> Judgement:
    allow = _section(subject, "setgroups").strip()
    return passed(allow) if allow == "allow" else failed(expected="allow", found=allow)


V12: Final = Check(
    id="V12",
    title="setgroups is allowed inside",
    fails="setgroups is refused inside",
    severity=Severity.MAJOR,
    why="'deny' is a sign that Podman fell back to a single ID.",
    remedy="If V02 or V10 fails too, start there.",
    sources=("user_namespaces(7)",),
    needs=(*_IN_NAMESPACE,),
    judge=_setgroups,
)


def _chown(subject: Subject) -> Judgement:
    text = _section(subject, "chown")
    last, glast = subject.uid_map.last_inside, subject.gid_map.last_inside
    done = {
        line.removeprefix("chown ").removesuffix(" ok")
        for line in text.splitlines()
        if line.startswith("chown ") and line.endswith(" ok")
    }
    wanted = ("1:1", "5:5", f"{last}:{glast}")
    missing = [ids for ids in wanted if ids not in done]
    beyond = sorted(ids for ids in done if ids.startswith("beyond"))
    if missing or beyond:
        errors = [line for line in text.splitlines() if "hown" in line and not line.endswith(" ok")]
        found = "; ".join(
            (
                *(f"chown to {ids} failed" for ids in missing),
                *(f"chown {ids} worked" for ids in beyond),
                *errors[:1],
            )
        )
        return failed(expected=f"1, 5 and {last} allowed, {last + 1} refused", found=found)
    if not subject.evidence.attempts["inside"].ok:
        return could_not_look("the attempts were cut short")  # a chown that was not tried was not refused
    return passed(f"1, 5 and {last} allowed, {last + 1} refused")


V13: Final = Check(
    id="V13",
    title="chown works up to the last ID and not beyond",
    fails="chown does not work for every granted ID, or works beyond them",
    severity=Severity.MAJOR,
    why="Network file systems and ID-mapped homes refuse IDs even when they exist in the namespace.",
    remedy="findmnt -T with the folder of the user's storage shows the file system; see chown's message under 'found'.",
    sources=("podman rootless.md", "systemd-homed(8)"),
    needs=(*_IN_NAMESPACE,),
    judge=_chown,
)


def owner(subject: Subject, found: str, ids: tuple[int, int], what: str) -> Judgement:
    """Whether what ``ids`` own inside is on the host what the grant makes of them."""
    expected = f"{subject.uid_map.to_host(ids[0])}:{subject.gid_map.to_host(ids[1])}"
    if not found:
        return could_not_look("there was nothing to look at")
    if found == expected:
        return passed(f"{what} belongs to {found} on the host", expected)
    return failed(expected=f"{what} belongs to {expected} on the host", found=found)


def _file(subject: Subject) -> Judgement:
    what = f"a file of container {_EXAMPLE}:{_EXAMPLE}"
    return owner(subject, subject.evidence.owner_of_5_5, (_EXAMPLE, _EXAMPLE), what)


V14: Final = Check(
    id="V14",
    title="the host sees the shifted owner",
    fails="a file's owner on the host is not the mapped ID",
    severity=Severity.MAJOR,
    why="Container ID 5 must be the fourth ID after the start of the range; anything else means that a different map is in use.",
    remedy="If V10 fails too, start there; on ID-mapped homes, ranges must be inside systemd's container range.",
    sources=("user_namespaces(7)", "systemd#21952"),
    needs=(*_IN_NAMESPACE,),
    judge=_file,
)


def _process(subject: Subject) -> Judgement:
    return owner(subject, subject.evidence.credentials, (5, 7), "a process of container 5:7")


V15: Final = Check(
    id="V15",
    title="process credentials are shifted in the same way as file owners",
    fails="process credentials on the host are not the mapped IDs",
    severity=Severity.MAJOR,
    why="A process of container ID 5 must run as the same host ID that owns the files of container ID 5.",
    remedy="If V10 or V14 fails too, start there.",
    sources=("user_namespaces(7)", "credentials(7)"),
    needs=(*_IN_NAMESPACE,),
    judge=_process,
)


def _nested(subject: Subject) -> Judgement:
    """A namespace within, and the kernel's refusal of a map that crosses extents."""
    inner = id_map(_section(subject, "nested"))
    tried = _section(subject, "extents").split()
    if inner is None or not inner.extents:
        output = _section(subject, "nested").strip()
        if not output or "unrecognized option" in output or "not found" in output:
            return could_not_look(output or "no nested namespace was tried")
        return failed(expected="a namespace within the namespace", found=output)
    if inner.extents != (Extent(0, 0, 1),):
        return failed(expected="0 0 1", found=str(inner))
    if len(tried) != 2:
        return could_not_look("the maps of a nested namespace were not tried")
    if tried != ["ok", "refused"]:
        expected = "a map within the extents is accepted, a map across them is refused"
        return failed(expected=expected, found=f"within: {tried[0]}, across: {tried[1]}")
    return passed(f"nested map {inner}; a map within the extents was accepted, a map across them was refused")


V16: Final = Check(
    id="V16",
    title="a namespace can be nested, and no map crosses extents",
    fails="a nested namespace cannot be set up, or a map crosses extents",
    severity=Severity.MINOR,
    why="Podman in Podman, Buildah and sandboxes in containers need it; the kernel must still refuse a map across extents.",
    remedy="Check the limits (user.max_*_namespaces) and seccomp filters.",
    sources=("user_namespaces(7)", "namespaces(7)"),
    needs=(*_IN_NAMESPACE,),
    judge=_nested,
)
