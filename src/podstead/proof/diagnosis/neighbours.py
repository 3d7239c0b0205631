"""C: ranges that touch other people's IDs, and how they came to be. Security has no symptom."""

from __future__ import annotations

from podstead.ids.ranges import IdRange
from podstead.proof import catalogue
from podstead.proof.diagnosis.sign import Register, Sign
from podstead.proof.finding import Verdict
from podstead.proof.remedy import about
from podstead.proof.subject import Subject

register = Register()


def sign_of_flaw(subject: Subject, ref: str) -> Sign | None:
    """The gravest flaw of a kind that :mod:`podstead.ids.flaws` finds in this user's ranges; what is not fatal is a warning."""
    found = sorted((flaw for flaw in subject.flaws if flaw.ref == ref), key=lambda flaw: not flaw.fatal)
    if not found:
        return None
    text = found[0].instead or catalogue.load()[ref].remedy_for(subject.state.platform.family)
    text, values = about(found[0], subject.state.sides, text)
    verdict = None if found[0].fatal else Verdict.WARN
    return Sign(found=found[0].text, remedy=text, values=values, verdict=verdict)


@register("C10", "V03", "V28", "V07", alone=Verdict.FAIL)
def overlap(subject: Subject) -> Sign | None:
    return sign_of_flaw(subject, "C10")


@register("C27", "V03", alone=Verdict.FAIL)
def account_inside(subject: Subject) -> Sign | None:
    """useradd -u takes a UID inside somebody's range; where accounts are made by themselves, the range is wrong (C11)."""
    return sign_of_flaw(subject, "C27")


@register("C11", "V03", alone=Verdict.FAIL)
def real_ids(subject: Subject) -> Sign | None:
    return sign_of_flaw(subject, "C11")


@register("C25", "V03", alone=Verdict.WARN)
def one_too_many(subject: Subject) -> Sign | None:
    return sign_of_flaw(subject, "C25")


@register("C26", "V03", alone=Verdict.WARN)
def deterministic(subject: Subject) -> Sign | None:
    """SUB_UID_DETERMINISTIC gives each UID a place of its own; a line elsewhere was handed out by another rule."""
    if not subject.state.subids.deterministic:
        return None
    defs, uid = subject.state.subids.login_defs, subject.account.uid
    low, count = defs.get("SUB_UID_MIN", 100000), defs.get("SUB_UID_COUNT", 65536)
    place = IdRange(low + (uid - defs.get("UID_MIN", 1000)) * count, max(count, 1))
    if uid < defs.get("UID_MIN", 1000) or place in subject.subuids:
        return None
    return Sign(
        found=f"SUB_UID_DETERMINISTIC is on, and {subject.user} has {', '.join(map(str, subject.subuids))}",
        expected=str(place),
    )


@register("C24", "V02", alone=Verdict.WARN)
def stale_lock(subject: Subject) -> Sign | None:
    locks = [lock.rpartition(" ") for lock in subject.host.all("lock")]
    meanings = {
        "dead": "belongs to a process that is gone",
        "none": "contains no process ID, so shadow never takes it over",
    }
    found = [f"{path} {meanings[state]}" for path, _, state in locks if state in meanings]
    if not found:
        return None
    of_nobody = [path for path, _, state in locks if state == "none"]
    # a program that is just making its lock has been at it for no time at all
    by_hand = f"if it is minutes old and no useradd, usermod or vipw is running: rm {' '.join(of_nobody)}"
    if len(of_nobody) < len(found):
        by_hand += "; podstead apply removes the other"
    return Sign(found="; ".join(found), expected="no lock", remedy=by_hand if of_nobody else "")
