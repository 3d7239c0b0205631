"""Verifying one host, which is known only as a function that runs a script: one script looks and proves, then all is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from podstead.document.spec import HostSpec, UserSpec
from podstead.errors import LookError
from podstead.host import frames, subids
from podstead.host.state import HostState, from_records
from podstead.host.state import parse as parse_state
from podstead.proof import owners as lint
from podstead.proof.checks import CHECKS, finding_of
from podstead.proof.evidence import Evidence
from podstead.proof.evidence import parse as parse_evidence
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import subject_of
from podstead.proof.verdict import findings
from podstead.provision.room import remaining_capacity
from podstead.visit import protocol, script
from podstead.visit.job import Job
from podstead.visit.kind import kind_of
from podstead.visit.look import WITHOUT_ROOT, Visit
from podstead.visit.obstacles import intended
from podstead.visit.record import Capacity, Grant, HostReport, Status, Trouble, failed_findings
from podstead.visit.settled import converged, without_idle_apply


def verify(job: Job, visit: Visit) -> HostReport:
    """Prove one host. Raises LookError when the host could not be looked at, and whatever ``visit.run`` raises."""
    users = () if job.as_user else _users_to_verify(job, visit.spec)
    visit.report_progress(_progress_text(job, users))
    nonce = visit.new_nonce()
    text = script.prove(visit.spec, users, nonce, seconds=job.probe_timeout, as_user=job.as_user)
    answer = visit.run(text)
    state = parse_state(answer, nonce=nonce)
    names, spec = users, visit.spec
    if job.as_user:
        names = (state.platform.user,)
        spec = spec.model_copy(update={"users": {names[0]: UserSpec()} | spec.users})
    results = list(_proved(names, spec, state, answer, nonce))
    if state.platform.is_root or not job.as_user:
        results = _with_host_findings(spec, state, results, frozenset(names))
    trouble = None
    if not names:
        trouble = Trouble(
            message="there are no users to verify: the document names none",
            hint="name them with --for, or in the inventory under podstead: users:",
        )
    results.append(_reboot())
    return report(visit.name, spec, state, results, names, checks=job.verify_checks, trouble=trouble)


def _users_to_verify(job: Job, spec: HostSpec) -> tuple[str, ...]:
    return tuple(name for name in sorted(spec.users) if not job.verify_users or name in job.verify_users)


def _progress_text(job: Job, users: Sequence[str]) -> str:
    if job.as_user or len(users) == 1:
        return f"proving as {users[0] if users else 'the user of the connection'}"
    return f"proving as {len(users)} users" if users else "looking"


def report(
    name: str,
    spec: HostSpec,
    state: HostState,
    results: Sequence[Finding],
    users: Sequence[str],
    *,
    checks: Sequence[str] = (),
    trouble: Trouble | None = None,
) -> HostReport:
    """The record of a host that was verified; ``checks`` are the ids that were asked for (all, where it is empty)."""
    chosen = tuple(finding for finding in results if not checks or finding.check in checks)
    failed = trouble is not None or failed_findings(chosen)
    notes = () if state.platform.is_root else (WITHOUT_ROOT,)
    return HostReport(
        name=name,
        status=Status.FAILED if failed else Status.OK,
        system=state.platform.name,
        kernel=state.platform.kernel,
        kind=kind_of(spec, state),
        findings=chosen,
        trouble=trouble,
        notes=(*notes, *lint.notes(state.subids, state.accounts)),
        boot_id=state.facts.host.get("boot.id") or "",
        grants={user: _grant(user, state) for user in users},
        capacity=_capacity(spec, state),
    )


def _capacity(spec: HostSpec, state: HostState) -> Capacity | None:
    room = remaining_capacity(spec, state.subids, state.accounts)
    return None if room is None else Capacity.model_validate(room, from_attributes=True)


def _grant(name: str, state: HostState) -> Grant:
    uids, gids = subids.granted(name, state.subids, state.accounts)
    account = state.accounts.by_name.get(name)
    return Grant(uid=account.uid if account else None, uids=tuple(map(str, uids)), gids=tuple(map(str, gids)))


def _with_host_findings(
    spec: HostSpec, state: HostState, user_findings: Sequence[Finding], verified_users: frozenset[str]
) -> list[Finding]:
    """All findings, with what is about the host and no single user: V03 over all owners, and V29."""
    found = [
        *user_findings,
        *lint.findings(
            spec, state.subids, state.accounts, state.platform.family, verified_users=verified_users
        ),
    ]
    if not state.platform.is_root:
        why = "only root sees everything that apply would look at"
        return [*found, finding_of("V29", Verdict.NOT_APPLICABLE, cause=why)]
    wanted = intended(spec, state)
    return [*without_idle_apply(found, wanted), converged(wanted)]


def _reboot() -> Finding:
    """V30 is judged where two reports meet (:mod:`podstead.fleet.compare`)."""
    return finding_of("V30", Verdict.NOT_APPLICABLE, cause="needs the report of an earlier run: --since FILE")


def judge(name: str, text: str, spec: HostSpec) -> HostReport:
    """Judge the output of the standalone script. Raises LookError for anything else, and for another protocol."""
    look = frames.decode(text, kind="observe")
    notes = protocol.notes(look)
    state = from_records(look)
    evidence = parse_evidence(text)
    names = {*evidence, *state.uninspected} & state.accounts.by_name.keys()
    users = {user: spec.users.get(user, UserSpec()) for user in names}
    spec = spec.model_copy(update={"users": users})
    user_findings = [
        finding
        for user in sorted(users)
        for finding in (
            _could_not_look(user, state.uninspected[user])
            if user in state.uninspected
            else findings(subject_of(user, spec, state, evidence[user]))
        )
    ]
    results = [*_with_host_findings(spec, state, user_findings, frozenset(users)), _reboot()]
    host_report = report(name, spec, state, results, sorted(users))
    return host_report.model_copy(update={"notes": (*notes, *host_report.notes)})


def _proved(
    names: Sequence[str], spec: HostSpec, state: HostState, answer: Sequence[str], nonce: str
) -> Iterator[Finding]:
    """What the answer of one script shows of each user."""
    evidence: Mapping[str, Evidence] = {}
    trouble = ""
    try:
        evidence = parse_evidence(answer, nonce=nonce)
    except LookError as error:
        trouble = error.message
    for name in names:
        if name not in state.accounts.by_name:
            why = f"the host has no account {name}"
            # what to do about a session gone wrong makes no account
            yield finding_of("V01", Verdict.FAIL, user=name, cause=why, remedy="")
        elif why := _why_not_inspected(name, state) or trouble:
            yield from _could_not_look(name, why)
        else:
            yield from findings(subject_of(name, spec, state, evidence.get(name, Evidence())))


def _why_not_inspected(name: str, state: HostState) -> str:
    """Why a user could not be proved at all: the host goes by the same (ps_subjects in visit/scripts/probe.sh)."""
    if not state.platform.is_root and state.platform.user != name:
        return f"only root can look as {name}: add --become, or log in as {name} and use --as-user"
    return state.uninspected.get(name, "")


def _could_not_look(name: str, why: str) -> tuple[Finding, ...]:
    return tuple(
        finding_of(check, Verdict.COULD_NOT_LOOK, user=name, cause=why)
        for check, known in CHECKS.items()
        if not known.of_host
    )
