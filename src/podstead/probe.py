"""Verifying one host: look once, run one probe for each user, judge. Knows hosts only as a function that runs a script."""

from __future__ import annotations

from collections.abc import Sequence

from podstead import script
from podstead.case import Case
from podstead.checks import CHECKS
from podstead.converge import WITHOUT_ROOT, DrawNonce, RunScript, Say, look
from podstead.errors import LookError
from podstead.evidence import parse as parse_evidence
from podstead.finding import Finding, Severity, Verdict
from podstead.job import Job, Target
from podstead.judge_podman import PING_RANGE, PORT_START, findings
from podstead.parts import subids
from podstead.parts.accounts import owners
from podstead.ranges import IdRange
from podstead.report.record import HostReport, Status, Trouble, failed_findings
from podstead.spec import HostSpec, UserSpec
from podstead.state import HostState

PROBE_SECONDS = 180
"""The time that one user's probe may take; what is still running then is ended by the host itself."""


def verify(job: Job, target: Target, run: RunScript, draw: DrawNonce, say: Say) -> HostReport:
    """Prove one host. Raises LookError when the host itself could not be looked at, and whatever ``run`` raises."""
    say("looking")
    spec = target.spec
    state = look(spec, run, draw)
    if job.as_user and state.platform.user not in spec.users:
        spec = spec.model_copy(update={"users": {state.platform.user: UserSpec()}})
        state = look(spec, run, draw)
    names = _chosen(job, spec, state)
    results: list[Finding] = []
    for name in names:
        say(f"proving as {name}")
        results += _user(name, spec, state, run, draw)
    trouble = None
    if not names:
        trouble = Trouble(
            message="nobody to verify: the spec names no users",
            hint="name them under users, or with -e 'users={NAME: {}}'",
        )
    failed = trouble is not None or failed_findings(tuple(results))
    return HostReport(
        name=target.name,
        status=Status.FAILED if failed else Status.OK,
        system=state.platform.name,
        kernel=state.platform.kernel,
        findings=tuple(results),
        trouble=trouble,
        notes=() if state.platform.is_root else (WITHOUT_ROOT,),
    )


def _chosen(job: Job, spec: HostSpec, state: HostState) -> tuple[str, ...]:
    if job.as_user:
        return (state.platform.user,)
    return tuple(name for name in sorted(spec.users) if not job.verify_users or name in job.verify_users)


def _user(
    name: str, spec: HostSpec, state: HostState, run: RunScript, draw: DrawNonce
) -> tuple[Finding, ...]:
    account = state.accounts.by_name.get(name)
    if account is None:
        return (_all_blind(name, f"the host has no account {name}", Verdict.FAIL)[0],)
    if not state.platform.is_root and state.platform.user != name:
        return _all_blind(
            name, f"only root can look as {name}: add --become, or log in as {name} and use --as-user"
        )
    subuids, subgids = subids.granted(name, state.subids, state.accounts)
    nonce = draw()
    text = script.probe(
        probe_values(name, state, subuids, subgids),
        name,
        nonce,
        seconds=PROBE_SECONDS,
        denied_gid=denied_gid(state),
    )
    try:
        evidence = parse_evidence(run(text), nonce=nonce)
    except LookError as error:
        return _all_blind(name, error.message)
    case = Case(
        user=name,
        account=account,
        spec=spec,
        state=state,
        subuids=subuids,
        subgids=subgids,
        evidence=evidence,
    )
    return findings(case)


def _all_blind(name: str, why: str, verdict: Verdict = Verdict.COULD_NOT_LOOK) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            check=check.id,
            title=check.title,
            severity=Severity(check.severity),
            verdict=verdict,
            user=name,
            cause=why,
        )
        for check in CHECKS.values()
    )


def probe_values(
    name: str, state: HostState, subuids: tuple[IdRange, ...], subgids: tuple[IdRange, ...]
) -> dict[str, str]:
    """The variables of the user's probe: what the helpers are asked for, and what they must refuse."""
    account = state.accounts.by_name[name]
    values = {
        "PS_UIDMAP": "",
        "PS_GIDMAP": "",
        "PS_UIDOVER": "",
        "PS_GIDOVER": "",
        "PS_OTHER": "",
        "PS_RAW": "",
    }
    if subuids and subgids:
        for side, own, ranges in (
            ("UID", account.uid, sorted(subuids)),
            ("GID", account.gid, sorted(subgids)),
        ):
            values[f"PS_{side}MAP"] = _arguments(own, ranges)
            over = [*ranges[:-1], IdRange(ranges[-1].start, ranges[-1].count + 1)]
            values[f"PS_{side}OVER"] = _arguments(own, over)
        values["PS_OTHER"] = str(_foreign(name, state, subuids))
        values["PS_RAW"] = f"0 {account.uid} 1\\n1 {min(subuids).start} 10\\n"
    live = state.sysctls.live.get(PORT_START, "")
    boundary = int(live) if live.isascii() and live.isdigit() else 1024
    return values | {
        "PS_LAST": str(sum(one.count for one in subuids)),
        "PS_GLAST": str(sum(one.count for one in subgids)),
        "PS_PORTS": " ".join(str(port) for port in (boundary, boundary - 1) if 0 < port < 65536),
        "PS_CONTAINER": "yes",
    }


def _arguments(own: int, ranges: Sequence[IdRange]) -> str:
    """The arguments of newuidmap(1) for a map: container ID, host ID, count, for each extent."""
    inside, words = 1, [f"0 {own} 1"]
    for one in ranges:
        words.append(f"{inside} {one.start} {one.count}")
        inside += one.count
    return " ".join(words)


def _foreign(name: str, state: HostState, own: tuple[IdRange, ...]) -> int:
    """A host UID that the user was not granted: another owner's if there is one, else the ID far above."""
    names = owners(name, state.accounts)
    for entry in state.subids.subuid.entries:
        if entry.owner not in names and not any(entry.range.start in one for one in own):
            return entry.range.start
    return max(one.stop for one in own) + 1_000_000


def denied_gid(state: HostState) -> str:
    """A group outside ``ping_group_range`` for the counter-proof, or nothing where the range leaves none."""
    fields = state.sysctls.live.get(PING_RANGE, "").split()
    if len(fields) != 2 or not all(field.isascii() and field.isdigit() for field in fields):
        return ""
    above = int(fields[1]) + 1
    return str(above) if above < 2**31 - 1 else ""
