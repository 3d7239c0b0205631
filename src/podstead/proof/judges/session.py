"""Judging the session: as it is now, and whether it lives on without a login."""

from __future__ import annotations

from typing import Final

from podstead.proof.check import Check, Judgement, could_not_look, failed, passed
from podstead.proof.finding import Severity, Verdict
from podstead.proof.judges.needs import session_reported
from podstead.proof.subject import Subject


def _session(subject: Subject) -> Judgement:
    evidence = subject.evidence
    faults = _session_faults(subject)
    if faults:
        return failed(expected="a login session of the user", found="; ".join(faults))
    if subject.state.platform.systemd and evidence.context != "session":
        return Judgement(
            verdict=Verdict.WARN, found="no user bus: the probe ran outside a systemd user session"
        )
    where = "in the user session" if evidence.context == "session" else "this host has no user sessions"
    return passed(f"{evidence.who[0]} ({evidence.who[1]}:{evidence.who[2]}), {where}")


def _session_faults(subject: Subject) -> list[str]:
    evidence = subject.evidence
    faults = []
    fields = evidence.passwd.split(":")
    if len(fields) < 7:
        faults.append(f"UID {evidence.who[1]} has no passwd entry")
    elif fields[3] != evidence.who[2]:
        faults.append(f"primary group is {evidence.who[2]}, passwd says {fields[3]}")
    if evidence.status.get("NoNewPrivs") == "1":
        faults.append("no_new_privs is set")
    # Podman takes $USER for the user's name where it is set at all (containers/storage idtools)
    if evidence.environment.get("USER") not in (evidence.who[0], None, ""):
        faults.append(f"$USER is {evidence.environment['USER']}, the user is {evidence.who[0]}")
    if "directory" not in evidence.access:
        faults.append("the working directory cannot be entered")
    if "home" not in evidence.access:
        faults.append(f"{subject.account.home} is not writable")
    outer = evidence.own_map
    if (
        outer
        and outer.extents  # no map at all: it could not be read
        and not outer.is_whole_host
        and not all(outer.holds(range_) for range_ in (*subject.subuids, *subject.subgids))
    ):
        faults.append(f"this host is itself in a user namespace ({outer}) that does not hold the granted IDs")
    return faults


V01: Final = Check(
    id="V01",
    title="the user's session is sound",
    fails="something is wrong with the user's session or account",
    severity=Severity.BLOCK,
    why="newuidmap refuses a caller whose primary group is not the one in passwd, a process with no_new_privs cannot "
    "gain what the setuid helpers need, and in a nested user namespace host IDs are not what they seem.",
    remedy="Log in through SSH and verify again; id and grep NoNewPrivs /proc/self/status show how a session differs.",
    sources=("newuidmap(1)", "systemd.exec(5) NoNewPrivileges=", "podman#21738", "shadow#304"),
    needs=(session_reported,),
    judge=_session,
)


def _no_survival(subject: Subject) -> str:
    if not subject.state.platform.systemd:
        return f"PID 1 is {subject.state.platform.init or 'unknown'}, not systemd: there are no user sessions"
    return "" if subject.wants_linger else "the document does not ask for linger"


def _survival(subject: Subject) -> Judgement:
    user = subject.state.session.users.get(subject.user)
    if user is None:
        return could_not_look("the user's session could not be checked")
    missing = [
        what
        for what, there in (
            ("linger", user.linger),
            (f"/run/user/{user.uid}", user.runtime_dir),
            ("the user bus", user.bus),
        )
        if not there
    ]
    if missing:
        return failed(
            expected="linger, a runtime directory and a user bus without a login",
            found=f"missing: {', '.join(missing)}",
        )
    return passed(f"linger is on, /run/user/{user.uid}/bus exists")


V26: Final = Check(
    id="V26",
    title="the session continues without a login",
    fails="the session ends with the last login",
    severity=Severity.DRIFT,
    why="Without linger, containers die at logout, and user units do not start at boot.",
    remedy="loginctl show-user --property=Linger with the name of the user shows it.",
    sources=("loginctl(1)", "podman troubleshooting.md 17 and 21"),
    undone_by_reboot=True,
    applies=_no_survival,
    judge=_survival,
)
