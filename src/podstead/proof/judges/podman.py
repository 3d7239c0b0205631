"""Judging what Podman itself showed: maps, owners, credentials, nested namespaces, containers and pods."""

from __future__ import annotations

from collections.abc import Iterator

from podstead.ids.ranges import Extent, IdMap
from podstead.proof.engine_evidence import Attempt
from podstead.proof.evidence import id_map, sections
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import Subject

_EXAMPLE = 5
"""The container UID whose host ID every report shows, and whose owner the probe looks at from outside."""
_INSIDE = ("V12", "V13", "V14", "V15", "V16")


def maps(subject: Subject) -> Iterator[Finding]:
    """V10 to V16"""
    yield _kept(subject)
    inside = subject.evidence.attempts.get("inside")
    if inside is None:
        gone = "podman" not in subject.state.platform.tools
        text = "Podman is not installed" if gone else "Podman was not run"
        yield from (subject.blind(check, text) for check in ("V10", *_INSIDE))
        return
    shown = sections(inside.said)
    uid, gid = id_map(shown.get("uid")), id_map(shown.get("gid"))
    expected = f"uid {subject.uid_map}; gid {subject.gid_map}"
    if not (uid and gid and uid.extents and gid.extents and "chown" in shown):
        yield subject.failed("V10", expected=expected, found=why(inside.said))
        yield from (subject.blind(check, "podman unshare did not work") for check in _INSIDE)
        return
    if not subject.granted:
        yield subject.absent("V10", f"nothing is granted, and Podman maps uid {uid}")
    elif uid.same_ids(subject.uid_map) and gid.same_ids(subject.gid_map):
        host = uid.to_host(_EXAMPLE)
        text = f"uid {uid}; gid {gid}" + (
            f"; container UID {_EXAMPLE} is host UID {host}" if host is not None else ""
        )
        yield subject.passed("V10", text, expected)
    else:
        yield subject.failed(
            "V10",
            expected=expected,
            found=f"uid {uid}; gid {gid}{_single_map(uid)}",
        )
    allow = shown.get("setgroups", "").strip()
    yield (
        subject.passed("V12", allow)
        if allow == "allow"
        else subject.failed("V12", expected="allow", found=allow)
    )
    yield _chown(subject, shown["chown"])
    yield _owner(
        subject,
        "V14",
        subject.evidence.owned,
        (_EXAMPLE, _EXAMPLE),
        f"a file of container {_EXAMPLE}:{_EXAMPLE}",
    )
    yield _owner(subject, "V15", subject.evidence.credentials, (5, 7), "a process of container 5:7")
    yield _nested(subject, shown)


def _single_map(uid: IdMap) -> str:
    return " (Podman fell back to a single ID)" if uid.last_inside == 0 else ""


def why(said: str) -> str:
    """The line of a failed Podman command that says most."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "rror" in line or "cannot" in line or "failed" in line]
    return (errors or lines or ["nothing was said"])[-1][-500:]


def _nested(subject: Subject, shown: dict[str, str]) -> Finding:
    """V16: a namespace within, and the kernel's refusal of a map that crosses extents."""
    inner = id_map(shown.get("nested"))
    tried = shown.get("extents", "").split()
    if inner is None or not inner.extents:
        said = (shown.get("nested") or "").strip()
        if not said or "unrecognized option" in said or "not found" in said:
            return subject.blind("V16", said or "no nested namespace was tried")
        return subject.failed("V16", expected="a namespace within the namespace", found=said)
    if inner.extents != (Extent(0, 0, 1),):
        return subject.failed("V16", expected="0 0 1", found=str(inner))
    if len(tried) != 2:
        return subject.blind("V16", "the maps of a nested namespace were not tried")
    if tried != ["ok", "refused"]:
        expected = "a map along the extents is taken, one across them refused"
        return subject.failed("V16", expected=expected, found=f"along: {tried[0]}, across: {tried[1]}")
    return subject.passed(
        "V16", f"nested map {inner}; a map along the extents was taken, one across them refused"
    )


def _kept(subject: Subject) -> Finding:
    session = subject.state.session.users.get(subject.user)
    if session is None or session.pause is None:
        return subject.absent("V11", "no pause process keeps a map")
    uid, gid = session.pause
    if uid.same_ids(subject.uid_map) and gid.same_ids(subject.gid_map):
        return subject.passed("V11", f"uid {uid}; gid {gid}")
    return subject.failed(
        "V11",
        expected=f"uid {subject.uid_map}; gid {subject.gid_map}",
        found=f"uid {uid}; gid {gid}",
    )


def _chown(subject: Subject, text: str) -> Finding:
    last, glast = subject.uid_map.last_inside, subject.gid_map.last_inside
    done = {
        line.removeprefix("chown ").removesuffix(" ok")
        for line in text.splitlines()
        if line.startswith("chown ") and line.endswith(" ok")
    }
    wanted = ("1:1", "5:5", f"{last}:{glast}")
    missing = [one for one in wanted if one not in done]
    beyond = sorted(one for one in done if one.startswith("beyond"))
    if missing or beyond:
        errors = [line for line in text.splitlines() if "hown" in line and not line.endswith(" ok")]
        found = "; ".join(
            (
                *(f"chown to {one} failed" for one in missing),
                *(f"chown {one} worked" for one in beyond),
                *errors[:1],
            )
        )
        return subject.failed("V13", expected=f"1, 5 and {last} allowed, {last + 1} refused", found=found)
    if not subject.evidence.attempts["inside"].ok:
        return subject.blind(
            "V13", "the attempts were cut short"
        )  # a chown that was not tried was not refused
    return subject.passed("V13", f"1, 5 and {last} allowed, {last + 1} refused")


def _owner(subject: Subject, check: str, found: str, ids: tuple[int, int], what: str) -> Finding:
    expected = f"{subject.uid_map.to_host(ids[0])}:{subject.gid_map.to_host(ids[1])}"
    if not found:
        return subject.blind(check, "there was nothing to look at")
    if found == expected:
        return subject.passed(check, f"{what} belongs to {found} on the host", expected)
    return subject.failed(check, expected=f"{what} belongs to {expected} on the host", found=found)


def containers(subject: Subject) -> Iterator[Finding]:
    """V17 to V20"""
    seen = subject.evidence
    ran = started(subject)
    if ran is None:
        yield from (subject.blind(check, "no container was run") for check in ("V17", "V18", "V19", "V20"))
        return
    name, attempt = ran
    if attempt.ok:
        yield _container(subject, name)
        yield _top(subject)
    else:
        yield subject.failed("V17", expected="a container", found=why(attempt.said))
        yield subject.blind("V18", "no container runs")
    yield _keep_id(subject, seen.attempts.get("keep-id"))
    yield _pod(subject)


def started(subject: Subject) -> tuple[str, Attempt] | None:
    """The container that has everything where it ran, else the plain one; None when none was tried."""
    attempts = subject.evidence.attempts
    for name in ("whole", "plain"):
        if name in attempts and (attempts[name].ok or name == "plain"):
            return name, attempts[name]
    return ("whole", attempts["whole"]) if "whole" in attempts else None


def _container(subject: Subject, name: str) -> Finding:
    shown = sections(subject.evidence.told.get(name, ""))
    uid, gid = id_map(shown.get("uid")), id_map(shown.get("gid"))
    if uid is None or gid is None or not uid.extents:
        return subject.blind("V17", "the container ran and told nothing about itself")
    if not uid.same_ids(subject.uid_map) or not gid.same_ids(subject.gid_map):
        expected = f"uid {subject.uid_map}; gid {subject.gid_map}"
        return subject.failed("V17", expected=expected, found=f"uid {uid}; gid {gid}{_single_map(uid)}")
    volume = _owner(subject, "V17", subject.evidence.volumes.get(name, ""), (5, 7), "a file of container 5:7")
    if volume.verdict is not Verdict.PASS:
        return volume
    return subject.passed("V17", f"uid {uid}; {volume.found}")


def _keep_id(subject: Subject, attempt: Attempt | None) -> Finding:
    """V19: inside, the user has the own ID; the file of that ID is the user's own on the host."""
    own = (str(subject.account.uid), str(subject.account.gid))
    if attempt is None:
        return subject.blind("V19", "no container was run")
    shown = sections(subject.evidence.told.get("keep-id", ""))
    uid, ids = id_map(shown.get("uid")), tuple(shown.get("id", "").split())
    told = uid is not None and len(ids) == 2
    # Podman 3 may come too late to attach to a container that ends at once, and calls it an error: what such a one has
    # told and written counts (its last step makes the file)
    if not attempt.ok and not (told and subject.evidence.kept):
        return subject.failed(
            "V19", expected=f"a container in which the user is {own[0]}", found=why(attempt.said)
        )
    if uid is None or not told:
        return subject.blind("V19", "the container told nothing about itself")
    expected = f"{':'.join(own)} inside, mapped to the user; a file of it belongs to {':'.join(own)}"
    # the inner map is shown relative to Podman's own namespace, in which the user is 0
    if ids != own or uid.to_host(subject.account.uid) != 0 or subject.evidence.kept != ":".join(own):
        return subject.failed(
            "V19",
            expected=expected,
            found=f"{':'.join(ids)} inside, map {uid}, file of {subject.evidence.kept or 'nobody'}",
        )
    return subject.passed(
        "V19", f"{':'.join(ids)} inside; its file belongs to {subject.evidence.kept}", expected
    )


def _pod(subject: Subject) -> Finding:
    attempts = subject.evidence.attempts
    create, start = attempts.get("pod-create"), attempts.get("pod-start")
    if subject.podman is not None and subject.podman.major < 4:
        return subject.absent("V20", "before Podman 4 a pod needs an image from a registry")
    whole = attempts.get("whole")
    if subject.evidence.in_pod and whole is not None and whole.ok:
        return subject.passed("V20", "a container ran in a pod")
    if create is None:
        return subject.blind("V20", "no pod was made")
    bad = next((one for one in (create, start) if one is not None and not one.ok), None)
    if bad is not None:
        return subject.failed("V20", expected="a pod whose pause container runs", found=why(bad.said))
    return (
        subject.passed("V20", "a pod was made and started")
        if start
        else subject.blind("V20", "the pod was not started")
    )


def _top(subject: Subject) -> Finding:
    top = subject.evidence.attempts.get("top")
    if top is None or not top.ok:
        return subject.blind("V18", why(top.said) if top else "podman top was not run")
    host = (str(subject.uid_map.to_host(5)), str(subject.gid_map.to_host(7)))
    rows = [line.split() for line in top.said.splitlines() if line.strip()]
    shown = rows[-1] if rows else []
    if len(shown) < 4:
        return subject.blind("V18", "podman top printed something else than a table")
    if "?" in (shown[1], shown[3]):
        return subject.absent(
            "V18", f"this Podman ({(subject.evidence.podman or '').strip()}) prints ? for host IDs"
        )
    real = ":".join(host)
    truth = subject.evidence.process
    if not truth:
        return subject.blind("V18", "the process of the container could not be found on the host")
    if shown[1] == host[0] and shown[3] == host[1] and truth == real:
        return subject.passed(
            "V18", f"user 5 is {shown[1]}, group 7 is {shown[3]}; the host says {truth}", real
        )
    return subject.failed(
        "V18",
        expected=real,
        found=f"podman top says {shown[1]}:{shown[3]}, the host says {truth}",
    )
