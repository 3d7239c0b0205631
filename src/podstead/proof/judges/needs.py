"""What must have been looked at before a check can be judged: each says why it was not, or nothing."""

from __future__ import annotations

from podstead.proof.engine_evidence import Attempt
from podstead.proof.evidence import id_map, sections
from podstead.proof.judges.start import no_podman, starts
from podstead.proof.subject import Subject


def session_reported(subject: Subject) -> str:
    return "" if len(subject.evidence.who) >= 3 else "the probe reported nothing about the session"


def namespace_tried(subject: Subject) -> str:
    if {"unshare", "inside"} & subject.evidence.attempts.keys():
        return ""
    return "namespaces were not probed" + ("" if subject.granted else ": nothing is granted")


def newuidmap_run(subject: Subject) -> str:
    return "" if "newuidmap" in subject.evidence.attempts else "newuidmap was not run"


def own_podman_starts(subject: Subject) -> str:
    """Podman may run for the probe and not for the user: then nothing can be said of what it would do."""
    if no_podman(subject):
        return "Podman is not installed"
    return "the user's own Podman does not start (V31)" if starts(subject) is False else ""


def podman_run(subject: Subject) -> str:
    if "inside" in subject.evidence.attempts:
        return ""
    is_missing = "podman" not in subject.state.platform.tools
    return "Podman is not installed" if is_missing else "Podman was not run"


def unshare_works(subject: Subject) -> str:
    return "" if inside(subject) is not None else "podman unshare did not work"


def inside(subject: Subject) -> dict[str, str] | None:
    """What was seen in Podman's namespace, by its name; None where Podman made none, or did not come to the first chown."""
    ran = subject.evidence.attempts.get("inside")
    reported = sections(ran.output) if ran else {}
    maps = id_map(reported.get("uid")), id_map(reported.get("gid"))
    return reported if all(map_ and map_.extents for map_ in maps) and "chown" in reported else None


def container_tried(subject: Subject) -> str:
    return "no container was run" if started_container(subject) is None else ""


def container_runs(subject: Subject) -> str:
    ran = started_container(subject)
    return "" if ran is not None and ran[1].ok else "no container runs"


def started_container(subject: Subject) -> tuple[str, Attempt] | None:
    """The container that has everything where it ran, else the plain one; None when none was tried."""
    attempts = subject.evidence.attempts
    for name in ("whole", "plain"):
        if name in attempts and (attempts[name].ok or name == "plain"):
            return name, attempts[name]
    return ("whole", attempts["whole"]) if "whole" in attempts else None


def sockets_opened(subject: Subject) -> str:
    return "neither perl nor python3 is available to open sockets" if subject.evidence.binds is None else ""
