"""Judging whether the user's own Podman starts."""

from __future__ import annotations

import re
from typing import Final

from podstead.proof.check import Check, Judgement, could_not_look, failed, passed
from podstead.proof.engine_evidence import error_line
from podstead.proof.engine_files import named_file
from podstead.proof.finding import Severity
from podstead.proof.subject import Subject

_EXPECTED = "the user's own podman info and podman ps"


def _start(subject: Subject) -> Judgement:
    evidence = subject.evidence
    if no_podman(subject):
        return failed(expected="Podman", found="Podman is not installed")
    if evidence.helpers and "podman" not in evidence.helpers:
        at = subject.state.platform.tools.get("podman", "Podman")
        return failed(
            expected="podman on the PATH of the session",
            found=f"{at} is not on the session's PATH ({evidence.environment.get('PATH', '')})",
        )
    if evidence.user_info is None or evidence.listed is None:
        return could_not_look("no namespace could be created in which to start Podman")
    start_failed = not (evidence.listed.ok and evidence.user_info.ran.ok)
    # one that Podman would write to fails for want of a copy, and without one that it would read anything may succeed
    if large := [line for line in evidence.large if start_failed or not line.startswith("bound ")]:
        return could_not_look(
            f"{large[0].partition(' ')[2]} is too large for the copy that Podman is started with"
        )
    for attempt in (evidence.listed, evidence.user_info.ran):
        if not attempt.ok:
            message = (
                error_line(attempt.output)
                if attempt.code != 124
                else "Podman did not finish within 25 seconds"
            )
            return failed(expected=_EXPECTED, found=_with_place(message))
    if message := error_before_namespace(subject):
        return failed(expected=_EXPECTED, found=_with_place(error_line(message)))
    if evidence.policy is not None and re.search(r"invalid policy|policy\.json", evidence.policy.output):
        return failed(
            expected="a signature policy that Podman reads",
            found=_with_place(error_line(evidence.policy.output)),
        )
    scope = "with the user's database" if evidence.has_database else "nothing that it created was kept"
    graph = evidence.user_info.get("store.graphRoot") or "an unknown folder"
    return passed(f"storage in {graph}; {scope}")


def starts(subject: Subject) -> bool | None:
    """Whether the user's own Podman starts: None where that was not tried, or not with all that it has."""
    if subject.evidence.large and not subject.evidence.starts:
        return None
    return False if error_before_namespace(subject) else subject.evidence.starts


def error_before_namespace(subject: Subject) -> str:
    """What Podman says before it makes its namespace, where it makes none because of a file.

    Podman 4.3 reads storage.conf there and not within: only ``podman unshare`` tells. The probe's folder, where the user's
    files are linked, is the user's own in the words.
    """
    inside = subject.evidence.attempts.get("inside")
    if inside is None or inside.ok or "--uid" in inside.output.splitlines():
        return ""
    output = re.sub(
        r"/[^\s\"']{0,300}/\.?podstead\.[a-z0-9]{1,9}/config/",
        lambda _: f"{subject.account.home}/.config/",
        inside.output,
    )
    return output if named_file(output) else ""


def _with_place(message: str) -> str:
    place = named_file(message)
    return f"{place}: {message}" if place.rpartition(":")[2].isdigit() else message


def no_podman(subject: Subject) -> bool:
    """Podman is wanted, and it is known not to be there."""
    tools = subject.state.platform.tools
    return bool(tools) and "podman" not in tools and "podman" in subject.spec.packages


V31: Final = Check(
    id="V31",
    title="the user's own Podman starts, with its own files and storage",
    fails="the user's own Podman does not start",
    severity=Severity.BLOCK,
    why="Every podman command reads storage.conf, containers.conf, registries.conf and policy.json of the user and of the "
    "host, and opens the user's storage, database and locks. The other checks run Podman with a storage of their own.",
    remedy="See Podman's own message under 'found', and fix what it names. As the user, podman --log-level=debug ps shows "
    "more. No image or container has to be deleted for this.",
    sources=("containers-storage.conf(5)", "containers.conf(5)", "podman-info(1)", "docs/decisions/0012"),
    judge=_start,
)
