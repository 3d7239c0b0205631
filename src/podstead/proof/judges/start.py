"""Judging whether the user's own Podman starts."""

from __future__ import annotations

import re
from typing import Final

from podstead.proof.check import Check, Judgement, blind, failed, passed
from podstead.proof.engine_evidence import why
from podstead.proof.engine_files import spoken_of
from podstead.proof.finding import Severity
from podstead.proof.subject import Subject

_EXPECTED = "the user's own podman info and podman ps"


def _start(subject: Subject) -> Judgement:
    seen = subject.evidence
    if no_podman(subject):
        return failed(expected="Podman", found="Podman is not installed")
    if seen.helpers and "podman" not in seen.helpers:
        at = subject.state.platform.tools.get("podman", "Podman")
        return failed(
            expected="podman on the PATH of the session",
            found=f"{at} is not on the session's PATH ({seen.environment.get('PATH', '')})",
        )
    if seen.start is None or seen.listed is None:
        return blind("no namespace could be created in which to start Podman")
    went_wrong = not (seen.listed.ok and seen.start.ran.ok)
    # one that Podman would write to fails for want of a copy, and without one that it would read anything may succeed
    if large := [line for line in seen.large if went_wrong or not line.startswith("bound ")]:
        return blind(f"{large[0].partition(' ')[2]} is too large for the copy that Podman is started with")
    for attempt in (seen.listed, seen.start.ran):
        if not attempt.ok:
            said = why(attempt.said) if attempt.code != 124 else "Podman did not finish within 25 seconds"
            return failed(expected=_EXPECTED, found=_placed(said))
    if said := refused(subject):
        return failed(expected=_EXPECTED, found=_placed(why(said)))
    if seen.policy is not None and re.search(r"invalid policy|policy\.json", seen.policy.said):
        return failed(expected="a signature policy that Podman reads", found=_placed(why(seen.policy.said)))
    kept = "with the user's database" if seen.has_database else "nothing that it created was kept"
    graph = seen.start.get("store.graphRoot") or "an unknown folder"
    return passed(f"storage in {graph}; {kept}")


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


V31: Final = Check(
    id="V31",
    title="the user's own Podman starts, with its own files and storage",
    severity=Severity.BLOCK,
    why="Every podman command reads storage.conf, containers.conf, registries.conf and policy.json of the user and of the "
    "host, and opens the user's storage, database and locks. The other checks run Podman with a storage of their own.",
    remedy="See Podman's own message under 'found', and fix what it names. As the user, podman --log-level=debug ps shows "
    "more. No image or container has to be deleted for this.",
    sources=("containers-storage.conf(5)", "containers.conf(5)", "podman-info(1)", "docs/decisions/0012"),
    judge=_start,
)
