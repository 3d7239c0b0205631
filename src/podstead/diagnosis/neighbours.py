"""C: ranges that touch other people's IDs, and how they came to be. Security has no symptom."""

from __future__ import annotations

from podstead.allocate import RESERVED
from podstead.case import Case
from podstead.diagnosis.sign import Register, Sign
from podstead.finding import Verdict
from podstead.ranges import IdRange, first_overlap
from podstead.subidfile import Entry, SubidFile

register = Register()


def _others(case: Case, file: SubidFile) -> tuple[Entry, ...]:
    owners = {case.user, str(case.account.uid)}
    return tuple(entry for entry in file.entries if entry.owner not in owners)


@register("C10", "V03", "V28", "V07", alone=Verdict.FAIL)
def overlap(case: Case) -> Sign | None:
    for file, own in zip(case.state.subids.sides, (case.subuids, case.subgids), strict=True):
        for entry in _others(case, file):
            mine = first_overlap(entry.range, own)
            if mine:
                return Sign(
                    found=f"{file.path}:{entry.line}: {entry.owner}'s {entry.range} overlaps {mine} of {case.user}",
                    expected="ranges of one user only",
                )
    return None


@register("C27", "V03", alone=Verdict.FAIL)
def account_inside(case: Case) -> Sign | None:
    """useradd -u takes a UID inside somebody's range; a directory's accounts are C11."""
    high = case.state.subids.login_defs.get("UID_MAX", 60000)
    for name, account in sorted(case.state.accounts.by_name.items()):
        for one in case.subuids:
            if account.uid in one and name != case.user and account.uid > high:
                return Sign(found=f"the range {one} includes {account.uid}, the UID of {name}")
    return None


@register("C11", "V03", alone=Verdict.FAIL)
def real_ids(case: Case) -> Sign | None:
    accounts = case.state.accounts
    high = case.state.subids.login_defs.get("UID_MAX", 60000)
    low_uids = frozenset(number for number in accounts.uids if number <= high)  # higher ones are C27
    for ranges, real, own in (
        (case.subuids, low_uids, case.account.uid),
        (case.subgids, accounts.gids, case.account.gid),
    ):
        for one in sorted(ranges):
            inside = min((number for number in real if number in one and number != own), default=None)
            if inside is not None:
                return Sign(found=f"the range {one} includes {inside}, the ID of a real account or group")
            block = first_overlap(one, RESERVED[:-1])
            if block:
                return Sign(
                    found=f"the range {one} reaches into the reserved block {block.start} to {block.last}",
                    verdict=Verdict.WARN,  # nobody has these IDs yet
                )
    return None


@register("C25", "V03", alone=Verdict.WARN)
def one_too_many(case: Case) -> Sign | None:
    odd = [one for one in (*case.subuids, *case.subgids) if one.count == 65537]
    return Sign(found=f"the range {odd[0]} has 65537 IDs", expected="65536") if odd else None


@register("C26", "V03", alone=Verdict.WARN)
def deterministic(case: Case) -> Sign | None:
    """SUB_UID_DETERMINISTIC gives each UID a place of its own; a line elsewhere was handed out by another rule."""
    if not case.state.subids.deterministic:
        return None
    defs, uid = case.state.subids.login_defs, case.account.uid
    low, count = defs.get("SUB_UID_MIN", 100000), defs.get("SUB_UID_COUNT", 65536)
    place = IdRange(low + (uid - defs.get("UID_MIN", 1000)) * count, max(count, 1))
    if uid < defs.get("UID_MIN", 1000) or place in case.subuids:
        return None
    return Sign(
        found=f"SUB_UID_DETERMINISTIC is on, and {case.user} has {', '.join(map(str, case.subuids))}",
        expected=str(place),
    )


@register("C24", "V02", alone=Verdict.WARN)
def stale_lock(case: Case) -> Sign | None:
    left = [lock for lock in case.host.all("lock") if lock.rpartition(" ")[2] in ("dead", "none")]
    if not left:
        return None
    path, _, state = left[0].rpartition(" ")
    what = (
        "holds no process ID, so shadow never takes it over"
        if state == "none"
        else "belongs to a process that is gone"
    )
    return Sign(found=f"{path} {what}", expected="no lock")
