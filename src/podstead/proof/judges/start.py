"""Judging whether the user's own Podman starts, and what cannot be said of anything else where it does not."""

from __future__ import annotations

import re

from podstead.proof.engine_files import spoken_of
from podstead.proof.finding import Finding, Verdict
from podstead.proof.judges.podman import why
from podstead.proof.subject import Subject

FOLLOWING = frozenset(
    ("V10", "V12", "V13", "V14", "V15", "V16", "V17", "V18", "V19", "V20", "V23", "V24", "V25", "V27")
)
"""What nobody can say of a user whose Podman does not start."""

_EXPECTED = "podman info and podman ps of the user's own"


def start(subject: Subject) -> Finding:
    """V31"""
    seen = subject.evidence
    if no_podman(subject):
        return subject.failed("V31", expected="Podman", found="Podman is not installed")
    if seen.helpers and "podman" not in seen.helpers:
        at = subject.state.platform.tools.get("podman", "Podman")
        return subject.failed(
            "V31",
            expected="podman on the PATH of the session",
            found=f"{at} is not on the session's PATH ({seen.environment.get('PATH', '')})",
        )
    if seen.start is None or seen.listed is None:
        return subject.blind("V31", "no namespace could be made in which to start Podman")
    failed = not (seen.listed.ok and seen.start.ran.ok)
    # one that Podman would write to fails for want of a copy, and without one that it would read anything may succeed
    if large := [line for line in seen.large if failed or not line.startswith("bound ")]:
        return subject.blind(
            "V31", f"{large[0].partition(' ')[2]} is too large for the copy that Podman is started with"
        )
    for attempt in (seen.listed, seen.start.ran):
        if not attempt.ok:
            said = why(attempt.said) if attempt.code != 124 else "Podman did not end in 25 seconds"
            return subject.failed("V31", expected=_EXPECTED, found=_placed(said))
    if said := refused(subject):
        return subject.failed("V31", expected=_EXPECTED, found=_placed(why(said)))
    if seen.policy is not None and re.search(r"invalid policy|policy\.json", seen.policy.said):
        return subject.failed(
            "V31", expected="a signature policy that Podman reads", found=_placed(why(seen.policy.said))
        )
    kept = "with the user's database" if seen.has_database else "nothing of it was kept"
    graph = seen.start.get("store.graphRoot") or "an unknown folder"
    return subject.passed("V31", f"storage in {graph}; {kept}")


def starts(subject: Subject) -> bool | None:
    """Whether the user's own Podman starts: None where that was not tried, or not with all that it has."""
    if subject.evidence.large and not subject.evidence.starts:
        return None
    return False if refused(subject) else subject.evidence.starts


def refused(subject: Subject) -> str:
    """What Podman says before it makes its namespace, where it makes none because of a file.

    Podman 4.3 reads storage.conf there and not within: only ``podman unshare`` tells. The probe's folder, where the user's
    files are linked, is the user's own in the words.
    """
    inside = subject.evidence.attempts.get("inside")
    if inside is None or inside.ok or "--uid" in inside.said.splitlines():
        return ""
    said = re.sub(
        r"/[^\s\"']{0,300}/\.?podstead\.[a-z0-9]{1,9}/config/",
        lambda _: f"{subject.account.home}/.config/",
        inside.said,
    )
    return said if spoken_of(said) else ""


def _placed(said: str) -> str:
    place = spoken_of(said)
    return f"{place}: {said}" if place.rpartition(":")[2].isdigit() else said


def no_podman(subject: Subject) -> bool:
    """Podman is wanted, and it is known not to be there."""
    tools = subject.state.platform.tools
    return bool(tools) and "podman" not in tools and "podman" in subject.spec.packages


def follow(subject: Subject, finding: Finding) -> Finding:
    """The same finding, or the word that it cannot be made: Podman runs for the probe and not for the user."""
    if finding.check not in FOLLOWING or finding.verdict is Verdict.NOT_APPLICABLE:
        return finding
    if no_podman(subject):
        return subject.blind(finding.check, "Podman is not installed")
    if starts(subject) is False:
        return subject.blind(finding.check, "the user's own Podman does not start (V31)")
    return finding
