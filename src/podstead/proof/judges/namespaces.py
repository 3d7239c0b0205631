"""From evidence to findings: pure functions. A pass is said only for what was looked at."""

from __future__ import annotations

from collections.abc import Iterator

from podstead.ids.ranges import IdMap, total
from podstead.proof.engine_evidence import Attempt
from podstead.proof.evidence import id_map, sections
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import Subject


def context(subject: Subject) -> Iterator[Finding]:
    """V01"""
    seen = subject.evidence
    if len(seen.who) < 3:
        yield subject.blind("V01", "the probe told nothing about the session")
        return
    wrong = _wrong_with_session(subject)
    if wrong:
        yield subject.failed("V01", expected="a login session of the user", found="; ".join(wrong))
    elif subject.state.platform.systemd and seen.context != "session":
        yield subject.finding(
            "V01",
            Verdict.WARN,
            found="no user bus: the probe ran outside a systemd user session",
        )
    else:
        where = "in the user session" if seen.context == "session" else "this host has no user sessions"
        yield subject.passed("V01", f"{seen.who[0]} ({seen.who[1]}:{seen.who[2]}), {where}")


def _wrong_with_session(subject: Subject) -> list[str]:
    seen = subject.evidence
    wrong = []
    fields = seen.passwd.split(":")
    if len(fields) < 7:
        wrong.append(f"UID {seen.who[1]} has no passwd entry")
    elif fields[3] != seen.who[2]:
        wrong.append(f"primary group is {seen.who[2]}, passwd says {fields[3]}")
    if seen.status.get("NoNewPrivs") == "1":
        wrong.append("no_new_privs is set")
    # Podman takes $USER for the user's name where it is set at all (containers/storage idtools)
    if seen.environment.get("USER") not in (seen.who[0], None, ""):
        wrong.append(f"$USER is {seen.environment['USER']}, the user is {seen.who[0]}")
    if "directory" not in seen.access:
        wrong.append("the working directory cannot be entered")
    if "home" not in seen.access:
        wrong.append(f"{subject.account.home} is not writable")
    outer = seen.own_map
    if (
        outer
        and outer.extents  # no map at all: it could not be read
        and not outer.is_whole_host
        and not all(outer.holds(one) for one in (*subject.subuids, *subject.subgids))
    ):
        wrong.append(f"this host is itself in a user namespace ({outer}) that does not hold the granted IDs")
    return wrong


def delegation(subject: Subject) -> Iterator[Finding]:
    """V02 and V03"""
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
        yield subject.failed("V02", expected=expected, found=found)
    elif closed:
        yield subject.failed("V02", expected="files that the user can read", found=found)
    else:
        yield subject.passed("V02", found, expected)
    yield _untouched(subject)


def _untouched(subject: Subject) -> Finding:
    """V03: nobody else has these IDs, as far as that can be known."""
    if not subject.granted:
        return subject.absent("V03", "nothing is granted")
    wrong = [flaw.text for flaw in subject.flaws if flaw.fatal]
    if wrong:
        return subject.failed("V03", expected="ranges of this user only", found="; ".join(wrong))
    if subject.state.subids.source == "files":
        unread = [
            f"{file.path}:{bad.line}: {bad.shown}"
            for file in subject.state.subids.sides
            for bad in file.unsettled
        ]
        if unread:
            why = f"no program can read {'; '.join(unread[:3])}: which IDs are meant is not known"
            return subject.blind("V03", why)
        return subject.passed("V03", "no overlap with other owners, accounts, groups or reserved blocks")
    seen = "no overlap with accounts, groups, reserved blocks or the other users of the document"
    return subject.passed(
        "V03", f"{seen}; whom else {subject.state.subids.source} grants ranges cannot be listed"
    )


def namespaces(subject: Subject) -> Iterator[Finding]:
    """V04, and V05 to V09 with the real helpers."""
    seen = subject.evidence
    unshare, inside = seen.attempts.get("unshare"), seen.attempts.get("inside")
    if unshare is None and inside is None:
        why = "no probe of namespaces was made" + ("" if subject.granted else ": nothing is granted")
        yield subject.blind("V04", why)
        yield _no_helper(subject)
        yield from (subject.blind(check, why) for check in ("V06", "V07", "V08", "V09"))
        return
    if (unshare and unshare.ok) or (inside and id_map(sections(inside.said).get("uid"))):
        confined = (
            "; a bare unshare is confined by AppArmor, Podman is not" if not (unshare and unshare.ok) else ""
        )
        yield subject.passed("V04", f"a user namespace was created{confined}")
    else:
        yield subject.failed(
            "V04", expected="a user namespace", found=(unshare or inside or Attempt(1, "")).last
        )
    if "newuidmap" not in seen.attempts:
        yield _no_helper(subject)
        yield from (subject.blind(check, "newuidmap was not run") for check in ("V06", "V07", "V08", "V09"))
        return
    yield _helpers(subject)
    yield _refused(subject, "V06", ("uid-over", "gid-over"), "over", "one ID more than granted")
    yield _refused(subject, "V07", ("other", "host-root"), "forbidden", "foreign IDs and host root")
    yield _refused(subject, "V08", ("raw",), "raw", "a raw map of several IDs")
    yield _single(subject)


def _no_helper(subject: Subject) -> Finding:
    """V05 where newuidmap was not even tried."""
    if not subject.granted:
        return subject.blind("V05", "nothing is granted")
    if "newuidmap" in subject.evidence.helpers:
        return subject.blind("V05", "no child namespace could be made")
    return subject.failed("V05", expected="newuidmap and newgidmap", found="newuidmap was not found")


def _helpers(subject: Subject) -> Finding:
    seen = subject.evidence
    expected = f"uid {subject.uid_map}; gid {subject.gid_map}"
    bad = [
        seen.attempts[name]
        for name in ("newuidmap", "newgidmap")
        if name in seen.attempts and not seen.attempts[name].ok
    ]
    if bad:
        return subject.failed("V05", expected=expected, found=bad[0].last)
    found = id_maps(seen.maps.get("granted", ""))
    if found is None:
        return subject.blind("V05", "the maps of the child could not be read")
    if not (found[0].same_ids(subject.uid_map) and found[1].same_ids(subject.gid_map)):
        return subject.failed("V05", expected=expected, found=f"uid {found[0]}; gid {found[1]}")
    return subject.passed("V05", f"uid {found[0]}; gid {found[1]}", expected)


def id_maps(text: str) -> tuple[IdMap, IdMap] | None:
    """Split the two maps of a child: the kernel prints one after the other, each starting at container ID 0."""
    lines = [line for line in text.splitlines() if line.strip()]
    starts = [index for index, line in enumerate(lines) if line.split()[:1] == ["0"]]
    if len(starts) != 2:
        return None
    uid, gid = id_map("\n".join(lines[: starts[1]])), id_map("\n".join(lines[starts[1] :]))
    return (uid, gid) if uid and gid else None


def _refused(subject: Subject, check: str, names: tuple[str, ...], map_name: str, what: str) -> Finding:
    """A counter-proof: every attempt was refused, and the map is still empty."""
    tried = {name: subject.evidence.attempts[name] for name in names if name in subject.evidence.attempts}
    # 126 and 127 are the shell's: a program that did not run has refused nothing
    made = [name for name in names if name in tried and tried[name].code not in (126, 127)]
    if len(made) < len(names) or map_name not in subject.evidence.maps:
        return subject.blind(check, "the attempt was not made")
    allowed = [name for name, attempt in tried.items() if attempt.ok]
    left = subject.evidence.maps[map_name].strip()
    if allowed or left:
        return subject.failed(
            check,
            expected="a refusal",
            found=f"{what}: allowed ({', '.join(allowed)}); map {' '.join(left.split()) or 'empty'}",
        )
    other = next((one for one in tried.values() if check != "V08" and "not allowed" not in one.said), None)
    if other:
        return subject.blind(check, f"refused for another reason than the grant: {other.last}")
    return subject.passed(check, f"refused: {next(iter(tried.values())).last}", "a refusal")


def _single(subject: Subject) -> Finding:
    attempt, text = subject.evidence.attempts.get("single"), subject.evidence.maps.get("single")
    if attempt is None or text is None:
        return subject.blind("V09", "the attempt was not made")
    expected = (IdMap.expected(subject.account.uid, ()), IdMap.expected(subject.account.gid, ()))
    found = id_maps(text)
    if attempt.ok and found == expected:
        return subject.passed("V09", f"uid {found[0]}; gid {found[1]}")
    return subject.failed("V09", expected=f"uid {expected[0]}; gid {expected[1]}", found=attempt.last)
