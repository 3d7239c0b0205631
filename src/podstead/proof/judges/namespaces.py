"""From evidence to findings: pure functions. A pass is said only for what was looked at."""

from __future__ import annotations

from collections.abc import Iterator

from podstead.ids.ranges import IdMap, total
from podstead.proof.case import Case
from podstead.proof.engine_evidence import Attempt
from podstead.proof.evidence import id_map, sections
from podstead.proof.finding import Finding, Verdict


def context(case: Case) -> Iterator[Finding]:
    """V01"""
    seen = case.evidence
    if len(seen.who) < 3:
        yield case.blind("V01", "the probe told nothing about the session")
        return
    wrong = _wrong_with_session(case)
    if wrong:
        yield case.failed("V01", expected="a login session of the user", found="; ".join(wrong))
    elif case.state.platform.systemd and seen.context != "session":
        yield case.finding(
            "V01",
            Verdict.WARN,
            found="no user bus: the probe ran outside a systemd user session",
        )
    else:
        where = "in the user session" if seen.context == "session" else "this host has no user sessions"
        yield case.passed("V01", f"{seen.who[0]} ({seen.who[1]}:{seen.who[2]}), {where}")


def _wrong_with_session(case: Case) -> list[str]:
    seen = case.evidence
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
        wrong.append(f"{case.account.home} is not writable")
    outer = seen.own_map
    if (
        outer
        and outer.extents  # no map at all: it could not be read
        and not outer.is_whole_host
        and not all(outer.holds(one) for one in (*case.subuids, *case.subgids))
    ):
        wrong.append(f"this host is itself in a user namespace ({outer}) that does not hold the granted IDs")
    return wrong


def delegation(case: Case) -> Iterator[Finding]:
    """V02 and V03"""
    wanted = case.spec.subids.count
    sides = (("UIDs", case.subuids), ("GIDs", case.subgids))
    found = "; ".join(f"{label} {', '.join(map(str, ranges)) or 'none'}" for label, ranges in sides)
    expected = f"at least {wanted} IDs on both sides"
    closed = (
        case.state.subids.source == "files"
        and case.evidence.who
        and not {
            "/etc/subuid",
            "/etc/subgid",
        }
        <= case.evidence.access
    )
    if not case.granted or min(total(case.subuids), total(case.subgids)) < wanted:
        yield case.failed("V02", expected=expected, found=found)
    elif closed:
        yield case.failed("V02", expected="files that the user can read", found=found)
    else:
        yield case.passed("V02", found, expected)
    yield _untouched(case)


def _untouched(case: Case) -> Finding:
    """V03: nobody else has these IDs, as far as that can be known."""
    if not case.granted:
        return case.absent("V03", "nothing is granted")
    wrong = [flaw.text for flaw in case.flaws if flaw.fatal]
    if wrong:
        return case.failed("V03", expected="ranges of this user only", found="; ".join(wrong))
    if case.state.subids.source == "files":
        unread = [
            f"{file.path}:{bad.line}: {bad.shown}"
            for file in case.state.subids.sides
            for bad in file.unsettled
        ]
        if unread:
            why = f"no program can read {'; '.join(unread[:3])}: which IDs are meant is not known"
            return case.blind("V03", why)
        return case.passed("V03", "no overlap with other owners, accounts, groups or reserved blocks")
    seen = "no overlap with accounts, groups, reserved blocks or the other users of the document"
    return case.passed("V03", f"{seen}; whom else {case.state.subids.source} grants ranges cannot be listed")


def namespaces(case: Case) -> Iterator[Finding]:
    """V04, and V05 to V09 with the real helpers."""
    seen = case.evidence
    unshare, inside = seen.attempts.get("unshare"), seen.attempts.get("inside")
    if unshare is None and inside is None:
        why = "no probe of namespaces was made" + ("" if case.granted else ": nothing is granted")
        yield case.blind("V04", why)
        yield _no_helper(case)
        yield from (case.blind(check, why) for check in ("V06", "V07", "V08", "V09"))
        return
    if (unshare and unshare.ok) or (inside and id_map(sections(inside.said).get("uid"))):
        confined = (
            "; a bare unshare is confined by AppArmor, Podman is not" if not (unshare and unshare.ok) else ""
        )
        yield case.passed("V04", f"a user namespace was created{confined}")
    else:
        yield case.failed(
            "V04", expected="a user namespace", found=(unshare or inside or Attempt(1, "")).last
        )
    if "newuidmap" not in seen.attempts:
        yield _no_helper(case)
        yield from (case.blind(check, "newuidmap was not run") for check in ("V06", "V07", "V08", "V09"))
        return
    yield _helpers(case)
    yield _refused(case, "V06", ("uid-over", "gid-over"), "over", "one ID more than granted")
    yield _refused(case, "V07", ("other", "host-root"), "forbidden", "foreign IDs and host root")
    yield _refused(case, "V08", ("raw",), "raw", "a raw map of several IDs")
    yield _single(case)


def _no_helper(case: Case) -> Finding:
    """V05 where newuidmap was not even tried."""
    if not case.granted:
        return case.blind("V05", "nothing is granted")
    if "newuidmap" in case.evidence.helpers:
        return case.blind("V05", "no child namespace could be made")
    return case.failed("V05", expected="newuidmap and newgidmap", found="newuidmap was not found")


def _helpers(case: Case) -> Finding:
    seen = case.evidence
    expected = f"uid {case.uid_map}; gid {case.gid_map}"
    bad = [
        seen.attempts[name]
        for name in ("newuidmap", "newgidmap")
        if name in seen.attempts and not seen.attempts[name].ok
    ]
    if bad:
        return case.failed("V05", expected=expected, found=bad[0].last)
    found = id_maps(seen.maps.get("granted", ""))
    if found is None:
        return case.blind("V05", "the maps of the child could not be read")
    if not (found[0].same_ids(case.uid_map) and found[1].same_ids(case.gid_map)):
        return case.failed("V05", expected=expected, found=f"uid {found[0]}; gid {found[1]}")
    return case.passed("V05", f"uid {found[0]}; gid {found[1]}", expected)


def id_maps(text: str) -> tuple[IdMap, IdMap] | None:
    """Split the two maps of a child: the kernel prints one after the other, each starting at container ID 0."""
    lines = [line for line in text.splitlines() if line.strip()]
    starts = [index for index, line in enumerate(lines) if line.split()[:1] == ["0"]]
    if len(starts) != 2:
        return None
    uid, gid = id_map("\n".join(lines[: starts[1]])), id_map("\n".join(lines[starts[1] :]))
    return (uid, gid) if uid and gid else None


def _refused(case: Case, check: str, names: tuple[str, ...], map_name: str, what: str) -> Finding:
    """A counter-proof: every attempt was refused, and the map is still empty."""
    tried = {name: case.evidence.attempts[name] for name in names if name in case.evidence.attempts}
    # 126 and 127 are the shell's: a program that did not run has refused nothing
    made = [name for name in names if name in tried and tried[name].code not in (126, 127)]
    if len(made) < len(names) or map_name not in case.evidence.maps:
        return case.blind(check, "the attempt was not made")
    allowed = [name for name, attempt in tried.items() if attempt.ok]
    left = case.evidence.maps[map_name].strip()
    if allowed or left:
        return case.failed(
            check,
            expected="a refusal",
            found=f"{what}: allowed ({', '.join(allowed)}); map {' '.join(left.split()) or 'empty'}",
        )
    other = next((one for one in tried.values() if check != "V08" and "not allowed" not in one.said), None)
    if other:
        return case.blind(check, f"refused for another reason than the grant: {other.last}")
    return case.passed(check, f"refused: {next(iter(tried.values())).last}", "a refusal")


def _single(case: Case) -> Finding:
    attempt, text = case.evidence.attempts.get("single"), case.evidence.maps.get("single")
    if attempt is None or text is None:
        return case.blind("V09", "the attempt was not made")
    expected = (IdMap.expected(case.account.uid, ()), IdMap.expected(case.account.gid, ()))
    found = id_maps(text)
    if attempt.ok and found == expected:
        return case.passed("V09", f"uid {found[0]}; gid {found[1]}")
    return case.failed("V09", expected=f"uid {expected[0]}; gid {expected[1]}", found=attempt.last)
