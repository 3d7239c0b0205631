"""C: /etc/subuid, /etc/subgid, and where ranges really come from. Only what touches this user; lint sees the whole."""

from __future__ import annotations

import re
from itertools import combinations

from podstead import allocate
from podstead.case import Case
from podstead.diagnosis.sign import HELPERS, PODMAN, Register, Sign
from podstead.finding import Verdict
from podstead.ranges import total
from podstead.subidfile import Entry, SubidFile

register = Register()
_GRANT = ("V02", "V03", *HELPERS)


def _names(case: Case) -> frozenset[str]:
    return frozenset({case.user, str(case.account.uid)})


def _own(case: Case, file: SubidFile) -> tuple[Entry, ...]:
    return file.of(_names(case))


def _from_files(case: Case) -> bool:
    return case.state.subids.source == "files"


@register("C16", *_GRANT)
def unreadable(case: Case) -> Sign | None:
    if not case.evidence.who or not _from_files(case):
        return None
    closed = [
        file.path for file in case.state.subids.sides if file.exists and file.path not in case.evidence.access
    ]
    return (
        Sign(found=f"{case.user} cannot read {' and '.join(closed)}", expected="mode 0644")
        if closed
        else None
    )


@register("C03", *_GRANT)
def absent(case: Case) -> Sign | None:
    gone = [file.path for file in case.state.subids.sides if not file.exists and file.readable]
    return Sign(found=f"{' and '.join(gone)} does not exist") if gone and _from_files(case) else None


@register("C05", "V01", *_GRANT)
def other_name_in_user(case: Case) -> Sign | None:
    seen, name = case.evidence, case.evidence.environment.get("USER", "")
    # Podman takes $USER for the user's name where it is set at all (containers/storage idtools)
    if not seen.who or not name or name == seen.who[0]:
        return None
    return Sign(found=f"$USER is {name} in the session of {seen.who[0]}", expected=seen.who[0])


@register("C15", *_GRANT)
def malformed(case: Case) -> Sign | None:
    bad = [
        f"{file.path}:{one.line}: {one.text!r}"
        for file in case.state.subids.sides
        for one in file.bad
        if one.meant is None or one.meant.owner in _names(case)
    ]
    return Sign(found="; ".join(bad[:3]), expected="NAME:FIRST:COUNT and nothing else") if bad else None


@register("C21", "V02", alone=Verdict.WARN)
def no_module(case: Case) -> Sign | None:
    """shadow then takes the files, so it may do no harm, and it explains no failure but that of the grant."""
    source = case.state.subids.source
    if source == "files" or f"libsubid_{source}.so" in case.host.all("libsubid.module"):
        return None
    return Sign(found=f"nsswitch.conf: subid: {source}, and libsubid_{source}.so is not installed")


@register("C20", *_GRANT)
def directory(case: Case) -> Sign | None:
    source = case.state.subids.source
    if source == "files":
        return None
    if not case.granted:
        return Sign(found=f"nsswitch.conf: subid: {source}, which has no range for {case.user}")
    if case.host.get("podman.libsubid") == "":
        return Sign(found=f"nsswitch.conf: subid: {source}, and this Podman is built without libsubid")
    return None


@register("C19", *_GRANT)
def other_spelling(case: Case) -> Sign | None:
    if any(_own(case, file) for file in case.state.subids.sides):
        return None
    alike = sorted(
        {
            entry.owner
            for file in case.state.subids.sides
            for entry in file.entries
            if entry.owner not in _names(case) and _plain(entry.owner) == _plain(case.user)
        }
    )
    if not alike:
        return None
    return Sign(
        found=f"the files name {', '.join(alike)}",
        expected=f"{case.user}, byte for byte, or {case.account.uid}",
    )


def _plain(name: str) -> str:
    """A directory name without its domain, in lower case."""
    return re.sub(r"^.*[\\+]|@.*$", "", name).strip().lower()


@register("C22", *_GRANT)
def renamed(case: Case) -> Sign | None:
    if case.granted:
        return None
    home = case.account.home.rpartition("/")[2]
    stale = {
        entry.owner
        for file in case.state.subids.sides
        for entry in file.entries
        if case.state.accounts.owner(entry.owner) is None
    }
    if home != case.user and home in stale:
        return Sign(
            found=f"the files grant a range to {home}, whose home {case.user} has", expected=case.user
        )
    return (
        Sign(found=f"ranges of accounts that are gone: {', '.join(sorted(stale)[:5])}", proved=False)
        if stale
        else None
    )


@register("C02", *_GRANT)
def one_side(case: Case) -> Sign | None:
    if not _from_files(case):
        return None
    have = [file.path for file in case.state.subids.sides if _own(case, file)]
    if len(have) != 1 or not all(file.exists for file in case.state.subids.sides):
        return None
    return Sign(found=f"{case.user} has a range in {have[0]} only", expected="one in both files")


@register("C04", *_GRANT)
def passed_over(case: Case) -> Sign | None:
    """useradd hands out nothing to system accounts, to UIDs outside UID_MIN..UID_MAX, or where the count is 0."""
    if case.granted or not _from_files(case) or not all(file.exists for file in case.state.subids.sides):
        return None
    defs, uid = case.state.subids.login_defs, case.account.uid
    low, high = defs.get("UID_MIN", 1000), defs.get("UID_MAX", 60000)
    if not low <= uid <= high:
        return Sign(found=f"no range: UID {uid} is outside UID_MIN {low} to UID_MAX {high}")
    zero = [key for key in ("SUB_UID_COUNT", "SUB_GID_COUNT") if defs.get(key) == 0]
    return Sign(found=f"no range: {zero[0]} is 0 in /etc/login.defs") if zero else None


@register("C31", *_GRANT)
def no_usermod(case: Case) -> Sign | None:
    if case.granted or "usermod" in case.state.platform.tools or not case.state.platform.tools:
        return None
    return Sign(found="usermod is not installed", proved=False)


@register("J05", *_GRANT)
def image_based(case: Case) -> Sign | None:
    return (
        Sign(found="the host is image-based (/run/ostree-booted)")
        if case.host.get("ostree") and not case.granted
        else None
    )


@register("C01", *_GRANT)
def no_entry(case: Case) -> Sign | None:
    if case.granted or not _from_files(case) or any(_own(case, file) for file in case.state.subids.sides):
        return None
    return Sign(found=f"neither file has a line for {case.user} or {case.account.uid}")


@register("C07", *_GRANT)
def repeated(case: Case) -> Sign | None:
    return _twice(case, same_owner=True)


@register("C06", *_GRANT)
def name_and_number(case: Case) -> Sign | None:
    return _twice(case, same_owner=False)


def _twice(case: Case, *, same_owner: bool) -> Sign | None:
    for file in case.state.subids.sides:
        for one, other in combinations(_own(case, file), 2):
            if one.range == other.range and (one.owner == other.owner) is same_owner:
                return Sign(found=f"{file.path}: lines {one.line} and {other.line} grant {one.range} twice")
    return None


@register("C08", *_GRANT)
def own_overlap(case: Case) -> Sign | None:
    for file in case.state.subids.sides:
        for one, other in combinations(_own(case, file), 2):
            if one.range != other.range and one.range.overlaps(other.range):
                return Sign(
                    found=f"{file.path}: lines {one.line} and {other.line} overlap: {one.range}, {other.range}"
                )
    return None


@register("C09", *_GRANT)
def own_id(case: Case) -> Sign | None:
    sides = ((case.subuids, case.account.uid, "UID"), (case.subgids, case.account.gid, "GID"))
    for ranges, number, kind in sides:
        for one in ranges:
            if number in one:
                return Sign(found=f"the range {one} includes the user's own {kind} {number}")
    return None


@register("C12", "V03", *PODMAN, alone=Verdict.FAIL)
def beyond_2_31(case: Case) -> Sign | None:
    for one in {*case.subuids, *case.subgids}:
        if one.stop > 2**31:
            return Sign(found=f"the range {one} reaches beyond 2147483647", expected="IDs below 2^31")
    return None


@register("C18", "V05", "V03", *PODMAN)
def too_many(case: Case) -> Sign | None:
    for ranges in (case.subuids, case.subgids):
        if ranges and allocate.too_many(ranges):
            return Sign(
                found=f"{len(ranges)} ranges",
                expected="at most 340 lines, and less than 4096 bytes, in one map",
            )
    return None


@register("C13", "V02", "V19")
def too_small(case: Case) -> Sign | None:
    count = min(total(case.subuids), total(case.subgids))
    wanted = max(case.spec.subids.count, 1)
    if not case.granted or count >= wanted:
        return None
    return Sign(found=f"{count} IDs", expected=f"at least {wanted}")


@register("B10", *HELPERS)
def not_allowed(case: Case) -> Sign | None:
    """Last of all: the helper refuses what Podman asks for, although the files grant what the user was given."""
    inside, helper = case.evidence.attempts.get("inside"), case.evidence.attempts.get("newuidmap")
    failed = [one for one in (inside, helper) if one and not one.ok and "not allowed" in one.said]
    if not failed:
        return None
    line = next((line for line in failed[0].said.splitlines() if "not allowed" in line), failed[0].last)
    return Sign(found=line.strip())
