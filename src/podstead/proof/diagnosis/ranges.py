"""C: /etc/subuid, /etc/subgid, and where ranges really come from. Only what touches this user; lint sees the whole."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from podstead.ids.allocate import RESERVED
from podstead.ids.ranges import IdRange, first_overlap, total
from podstead.ids.subid_files import Entry, SubidFile
from podstead.plural import agree, counted
from podstead.proof import catalogue
from podstead.proof.diagnosis.neighbours import sign_of_flaw
from podstead.proof.diagnosis.sign import HELPERS, PODMAN, Register, Sign
from podstead.proof.finding import Verdict
from podstead.proof.remedy import range_values
from podstead.proof.subject import Subject

register = Register()
_GRANT = ("V02", "V03", *HELPERS)


def _names(subject: Subject) -> frozenset[str]:
    return frozenset({subject.user, str(subject.account.uid)})


def _own(subject: Subject, file: SubidFile) -> tuple[Entry, ...]:
    return file.of(_names(subject))


def _from_files(subject: Subject) -> bool:
    return subject.state.subids.source == "files"


@register("C16", *_GRANT)
def unreadable(subject: Subject) -> Sign | None:
    if not subject.evidence.who or not _from_files(subject):
        return None
    closed = [
        file.path
        for file in subject.state.subids.sides
        if file.exists and file.path not in subject.evidence.access
    ]
    return (
        Sign(found=f"{subject.user} cannot read {' and '.join(closed)}", expected="mode 0644")
        if closed
        else None
    )


@register("C03", *_GRANT)
def missing_file(subject: Subject) -> Sign | None:
    missing = [file.path for file in subject.state.subids.sides if not file.exists and file.readable]
    if not missing or not _from_files(subject):
        return None
    return Sign(found=f"{' and '.join(missing)} {agree(len(missing), 'does', 'do')} not exist")


@register("C05", "V01", *_GRANT)
def other_name_in_user(subject: Subject) -> Sign | None:
    evidence, name = subject.evidence, subject.evidence.environment.get("USER", "")
    # Podman takes $USER for the user's name where it is set at all (containers/storage idtools)
    if not evidence.who or not name or name == evidence.who[0]:
        return None
    return Sign(found=f"$USER is {name} in the session of {evidence.who[0]}", expected=evidence.who[0])


@register("C32", *_GRANT)
def not_regular(subject: Subject) -> Sign | None:
    """shadow opens the files with O_NOFOLLOW (lib/commonio.c)."""
    irregular = [f"{file.path} is a {file.kind}" for file in subject.state.subids.sides if not file.regular]
    return (
        Sign(found="; ".join(irregular), expected="regular files")
        if irregular and _from_files(subject)
        else None
    )


@register("C33", *_GRANT, alone=Verdict.WARN)
def unfinished(subject: Subject) -> Sign | None:
    cut = [file.path for file in subject.state.subids.sides if file.unfinished]
    if not cut or not _from_files(subject):
        return None
    lines = agree(len(cut), "the last line", "the last lines")
    return Sign(
        found=f"{lines} of {' and '.join(cut)} {agree(len(cut), 'does', 'do')} not end with a newline"
    )


@register("C15", *_GRANT)
def malformed(subject: Subject) -> Sign | None:
    """The user's own line; or anybody's, where this user's Podman stops at it and says so."""
    if not _from_files(subject):
        return None
    sides = subject.state.subids.sides
    bad = [(file.path, bad_line) for file in sides for bad_line in file.bad_of(_names(subject))]
    if bad:
        text = catalogue.load()["C15"].remedy_for(subject.state.platform.family)
        plain = all(bad_line.intended and set(bad_line.grants) <= {bad_line.intended} for _, bad_line in bad)
        return Sign(
            found="; ".join(f"{path}:{bad_line.line}: {bad_line.printable}" for path, bad_line in bad[:3]),
            expected="an owner, a first ID and a count, with colons between them and nothing else",
            # apply repairs what can mean one thing only, and refuses the rest (subid_files.repaired)
            remedy=text if plain else text.partition("; by hand: ")[2],
        )
    stops = re.search(r"Format not correct for (/etc/sub[ug]id) file", subject.failure_output)
    if not stops:
        return None
    bad_lines = [
        f"{file.path}:{bad_line.line}: {bad_line.printable}"
        for file in sides
        if file.path == stops[1]
        for bad_line in file.bad
        if len(bad_line.text.strip().split(":")) != 3
    ]
    if not bad_lines:
        return None
    return Sign(
        found="; ".join(bad_lines[:3]),
        expected="an owner, a first ID and a count on every line: this Podman stops at any other line",
        remedy="correct these lines: each must be an owner, a first ID and a count with colons between them, with the "
        "owner and the IDs that it has now",
    )


@register("C21", "V02", alone=Verdict.WARN)
def no_module(subject: Subject) -> Sign | None:
    """shadow then takes the files, so it may do no harm, and it explains no failure but that of the grant."""
    source = subject.state.subids.source
    if source == "files" or f"libsubid_{source}.so" in subject.host.all("libsubid.module"):
        return None
    return Sign(found=f"nsswitch.conf: subid: {source}, and libsubid_{source}.so is not installed")


@register("C20", *_GRANT)
def directory(subject: Subject) -> Sign | None:
    source = subject.state.subids.source
    if source == "files":
        return None
    if not subject.granted:
        return Sign(found=f"nsswitch.conf: subid: {source}, which has no range for {subject.user}")
    if subject.host.get("podman.libsubid") == "":
        return Sign(found=f"nsswitch.conf: subid: {source}, and this Podman is built without libsubid")
    return None


@register("C19", *_GRANT)
def other_spelling(subject: Subject) -> Sign | None:
    if any(_own(subject, file) for file in subject.state.subids.sides):
        return None
    entries = [
        entry
        for file in subject.state.subids.sides
        for entry in file.entries
        if entry.owner not in _names(subject) and _plain(entry.owner) == _plain(subject.user)
    ]
    if not entries:
        return None
    ranges = {entry.range for entry in entries}
    return Sign(
        found=f"the files name {', '.join(sorted({entry.owner for entry in entries}))}",
        values=range_values(ranges.pop() if len(ranges) == 1 else None),
        expected=f"{subject.user}, byte for byte, or {subject.account.uid}",
    )


def _plain(name: str) -> str:
    """A directory name without its domain, in lower case."""
    return re.sub(r"^.*[\\+]|@.*$", "", name).strip().lower()


@register("C22", *_GRANT)
def renamed(subject: Subject) -> Sign | None:
    if subject.granted:
        return None
    home = subject.account.home.rpartition("/")[2]
    stale = {
        entry.owner
        for file in subject.state.subids.sides
        for entry in file.entries
        if subject.state.accounts.owner(entry.owner) is None
    }
    if home != subject.user and home in stale:
        return Sign(
            found=f"the files grant a range to {home}, whose home {subject.user} has",
            expected=subject.user,
            values={"OLDNAME": shlex.quote(home)},
        )
    return (
        Sign(found=f"ranges of accounts that are gone: {', '.join(sorted(stale)[:5])}", proved=False)
        if stale
        else None
    )


@register("C02", *_GRANT)
def one_side(subject: Subject) -> Sign | None:
    if not _from_files(subject):
        return None
    have = [file.path for file in subject.state.subids.sides if _own(subject, file)]
    if len(have) != 1 or not all(file.exists for file in subject.state.subids.sides):
        return None
    kind, option = ("GID", "-w") if have[0].endswith("subuid") else ("UID", "-v")
    file = next(file for file in subject.state.subids.sides if file.path == have[0])
    entries = _own(subject, file)
    same = entries[0].range if len(entries) == 1 and _free(subject, entries[0].range, kind) else None
    return Sign(
        found=f"{subject.user} has a range in {have[0]} only",
        expected="one in both files",
        remedy=f"podstead apply; by hand, with the numbers of {have[0]}: usermod {option} FIRST-LAST OWNER; "
        "then, as the user: podman system migrate",
        values=range_values(same),
    )


@register("C04", *_GRANT)
def passed_over(subject: Subject) -> Sign | None:
    """useradd hands out nothing to system accounts, to UIDs outside UID_MIN..UID_MAX, or where the count is 0."""
    if (
        subject.granted
        or not _from_files(subject)
        or not all(file.exists for file in subject.state.subids.sides)
    ):
        return None
    defs, uid = subject.state.subids.login_defs, subject.account.uid
    low, high = defs.get("UID_MIN", 1000), defs.get("UID_MAX", 60000)
    if not low <= uid <= high:
        return Sign(found=f"no range: UID {uid} is outside UID_MIN {low} to UID_MAX {high}")
    zero = [key for key in ("SUB_UID_COUNT", "SUB_GID_COUNT") if defs.get(key) == 0]
    return Sign(found=f"no range: {zero[0]} is 0 in /etc/login.defs") if zero else None


@register("C31", *_GRANT)
def no_usermod(subject: Subject) -> Sign | None:
    if subject.granted or "usermod" in subject.state.platform.tools or not subject.state.platform.tools:
        return None
    return Sign(found="usermod is not installed", proved=False)


@register("J05", *_GRANT)
def image_based(subject: Subject) -> Sign | None:
    return (
        Sign(found="the host is image-based (/run/ostree-booted)")
        if subject.host.get("ostree") and not subject.granted
        else None
    )


@register("C01", *_GRANT)
def no_entry(subject: Subject) -> Sign | None:
    if (
        subject.granted
        or not _from_files(subject)
        or any(_own(subject, file) for file in subject.state.subids.sides)
    ):
        return None
    return Sign(found=f"neither file has a line for {subject.user} or {subject.account.uid}")


@register("C07", *_GRANT)
def repeated(subject: Subject) -> Sign | None:
    return sign_of_flaw(subject, "C07")


@register("C06", *_GRANT)
def name_and_number(subject: Subject) -> Sign | None:
    sign = sign_of_flaw(subject, "C06")
    if sign is None:
        return None
    repeated = next(flaw.range for flaw in subject.flaws if flaw.ref == "C06")
    return replace(sign, values={**sign.values, **range_values(repeated)})


@register("C08", *_GRANT)
def own_overlap(subject: Subject) -> Sign | None:
    return sign_of_flaw(subject, "C08")


@register("C09", *_GRANT)
def own_id(subject: Subject) -> Sign | None:
    return sign_of_flaw(subject, "C09")


@register("C12", "V03", *HELPERS, alone=Verdict.FAIL)
def beyond_the_last_id(subject: Subject) -> Sign | None:
    return sign_of_flaw(subject, "C12")


@register("C18", "V05", "V03", *PODMAN)
def too_many(subject: Subject) -> Sign | None:
    found = sign_of_flaw(subject, "C18")
    return found and replace(found, expected="at most 340 lines, and less than 4096 bytes, in one map")


@register("C13", "V02", "V19")
def too_small(subject: Subject) -> Sign | None:
    count = min(total(subject.subuids), total(subject.subgids))
    wanted = max(subject.spec.subids.count, 1)
    if not subject.granted or count >= wanted:
        return None
    return Sign(
        found=counted(count, "ID"), expected=f"at least {wanted}", values=range_values(_following(subject))
    )


def _following(subject: Subject) -> IdRange | None:
    """What would make the user's one range large enough at its end, where that is free of everybody else's IDs."""
    missing = subject.spec.subids.count - total(subject.subuids)
    if len(subject.subuids) != 1 or subject.subuids != subject.subgids or missing < 1:
        return None
    wanted = IdRange(subject.subuids[0].stop, missing)
    return wanted if _free(subject, wanted) else None


def _free(subject: Subject, wanted: IdRange, kinds: str = "UID GID") -> bool:
    """Whether nobody else has an ID of a range; what no program can settle is not free."""
    if any(file.unreadable_lines for file in subject.state.subids.sides) or first_overlap(wanted, RESERVED):
        return False
    sides = [side for side in subject.state.sides if side.kind in kinds]
    return not any(
        any(grant.range.overlaps(wanted) for grant in side.everything if grant.owner != subject.account.name)
        or any(number in wanted for number in side.numbers)
        for side in sides
    )


@register("B10", *HELPERS)
def not_allowed(subject: Subject) -> Sign | None:
    """Last of all: the helper refuses what Podman asks for, although the files grant what the user was given."""
    inside, helper = subject.evidence.attempts.get("inside"), subject.evidence.attempts.get("newuidmap")
    failed = [
        attempt
        for attempt in (inside, helper)
        if attempt and not attempt.ok and "not allowed" in attempt.output
    ]
    if not failed:
        return None
    line = next((line for line in failed[0].output.splitlines() if "not allowed" in line), failed[0].last)
    return Sign(found=line.strip())
