"""Verifying one host: look once, run one probe for each user, judge. Knows hosts only as a function that runs a script."""

from __future__ import annotations

import re
from collections.abc import Sequence

from podstead.document.spec import HostSpec, UserSpec
from podstead.errors import LookError
from podstead.host import subids
from podstead.host.accounts import owners
from podstead.host.state import HostState
from podstead.host.state import parse as parse_state
from podstead.ids.ranges import IdRange
from podstead.proof import owners as lint
from podstead.proof.checks import CHECKS, finding_of
from podstead.proof.evidence import parse as parse_evidence
from podstead.proof.evidence import parse_alone
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import PING_RANGE, PORT_START, subject_of
from podstead.proof.verdict import findings
from podstead.provision.room import left
from podstead.visit import script
from podstead.visit.job import Job
from podstead.visit.look import WITHOUT_ROOT, Visit, look
from podstead.visit.obstacles import intended
from podstead.visit.record import Capacity, Grant, HostReport, Status, Trouble, failed_findings
from podstead.visit.script import Person
from podstead.visit.settled import honest, settled


def verify(job: Job, visit: Visit) -> HostReport:
    """Prove one host. Raises LookError when the host could not be looked at, and whatever ``visit.run`` raises."""
    visit.say("looking")
    spec = visit.spec
    state = look(spec, visit.run, visit.draw)
    if job.as_user and state.platform.user not in spec.users:
        spec = spec.model_copy(update={"users": {state.platform.user: UserSpec()}})
        state = look(spec, visit.run, visit.draw)
    names = _chosen(job, spec, state)
    results: list[Finding] = []
    if names:
        visit.say(f"proving as {names[0]}" if len(names) == 1 else f"proving as {len(names)} users")
        results += _prove(names, spec, state, visit, job.probe_timeout)
    if state.platform.is_root or not job.as_user:
        results = _of_host(spec, state, results, frozenset(names))
    trouble = None
    if not names:
        trouble = Trouble(
            message="nobody to verify: the spec names no users",
            hint="name them under users, or with -e 'users={NAME: {}}'",
        )
    results.append(_reboot())
    return report(visit.name, spec, state, results, names, checks=job.verify_checks, trouble=trouble)


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
    chosen = tuple(one for one in results if not checks or one.check in checks)
    failed = trouble is not None or failed_findings(chosen)
    notes = () if state.platform.is_root else (WITHOUT_ROOT,)
    return HostReport(
        name=name,
        status=Status.FAILED if failed else Status.OK,
        system=state.platform.name,
        kernel=state.platform.kernel,
        findings=chosen,
        trouble=trouble,
        notes=(*notes, *lint.notes(state.subids, state.accounts)),
        boot_id=state.facts.host.get("boot.id") or "",
        grants={user: _grant(user, state) for user in users},
        capacity=_capacity(spec, state),
    )


def _capacity(spec: HostSpec, state: HostState) -> Capacity | None:
    room = left(spec, state.subids, state.accounts)
    return None if room is None else Capacity.model_validate(room, from_attributes=True)


def _grant(name: str, state: HostState) -> Grant:
    uids, gids = subids.granted(name, state.subids, state.accounts)
    return Grant(uids=tuple(map(str, uids)), gids=tuple(map(str, gids)))


def _of_host(
    spec: HostSpec, state: HostState, of_users: Sequence[Finding], judged: frozenset[str]
) -> list[Finding]:
    """All findings, with what is about the host and no single user: V03 over all owners, and V29."""
    found = [
        *of_users,
        *lint.findings(spec, state.subids, state.accounts, state.platform.family, judged=judged),
    ]
    if not state.platform.is_root:
        why = "only root sees all that apply would look at"
        return [*found, finding_of("V29", Verdict.NOT_APPLICABLE, cause=why)]
    wanted = intended(spec, state)
    return [*honest(found, wanted), settled(wanted)]


def _reboot() -> Finding:
    """V30 is judged where two reports meet (:mod:`podstead.fleet.compare`)."""
    return finding_of("V30", Verdict.NOT_APPLICABLE, cause="needs the report of an earlier run: --since FILE")


def judge(name: str, text: str, spec: HostSpec) -> HostReport:
    """Judge what the script that people carry away printed. Raises LookError for anything else."""
    state = parse_state(text)
    seen = parse_alone(text)
    users = {user: spec.users.get(user, UserSpec()) for user in seen if user in state.accounts.by_name}
    spec = spec.model_copy(update={"users": users})
    results = [
        one
        for user in sorted(users)
        for one in (
            _all_blind(user, state.unseen[user])
            if user in state.unseen
            else findings(subject_of(user, spec, state, seen[user]))
        )
    ]
    results = [*_of_host(spec, state, results, frozenset(users)), _reboot()]
    return report(name, spec, state, results, sorted(users))


def _chosen(job: Job, spec: HostSpec, state: HostState) -> tuple[str, ...]:
    if job.as_user:
        return (state.platform.user,)
    return tuple(name for name in sorted(spec.users) if not job.verify_users or name in job.verify_users)


def _prove(
    names: Sequence[str], spec: HostSpec, state: HostState, visit: Visit, seconds: int
) -> list[Finding]:
    """One probe for all who can be probed, then the judgement of each."""
    people: dict[str, Person] = {}
    results: dict[str, tuple[Finding, ...]] = {}
    for name in names:
        account = state.accounts.by_name.get(name)
        if account is None:
            why = f"the host has no account {name}"
            # what to do about a session gone wrong makes no account
            results[name] = (finding_of("V01", Verdict.FAIL, user=name, cause=why, remedy=""),)
        elif not state.platform.is_root and state.platform.user != name:
            results[name] = _all_blind(
                name, f"only root can look as {name}: add --become, or log in as {name} and use --as-user"
            )
        elif name in state.unseen:
            results[name] = _all_blind(name, state.unseen[name])
        else:
            people[name] = Person(
                name=name,
                nonce=visit.draw(),
                values=probe_values(name, state),
                denied_gid=denied_gid(state),
            )
    if people:
        nonce = visit.draw()
        text = script.probe(tuple(people.values()), nonce, seconds=seconds, isolation=len(people) > 1)
        try:
            seen = parse_evidence(
                visit.run(text), nonce=nonce, users={name: one.nonce for name, one in people.items()}
            )
        except LookError as error:
            seen = {}
            results |= {name: _all_blind(name, error.message) for name in people}
        results |= {
            name: findings(subject_of(name, spec, state, evidence)) for name, evidence in seen.items()
        }
    return [finding for name in names for finding in results[name]]


def _all_blind(name: str, why: str) -> tuple[Finding, ...]:
    return tuple(
        finding_of(check, Verdict.COULD_NOT_LOOK, user=name, cause=why)
        for check, known in CHECKS.items()
        if not known.of_host
    )


def probe_values(name: str, state: HostState) -> dict[str, str]:
    """The variables of the user's probe: what the helpers are asked for, and what they must refuse."""
    account = state.accounts.by_name[name]
    subuids, subgids = subids.granted(name, state.subids, state.accounts)
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
        values["PS_RAW"] = f"0 {account.uid} 1\\n1 {min(subuids).start} {min(subuids).count}\\n"
    live = state.sysctls.live.get(PORT_START, "")
    boundary = int(live) if re.fullmatch("[0-9]{1,5}", live) else 1024
    return values | {
        "PS_LAST": str(sum(one.count for one in subuids)),
        "PS_GLAST": str(sum(one.count for one in subgids)),
        "PS_PORTS": " ".join(str(port) for port in (boundary or 1, boundary - 1) if 0 < port < 65536),
        "PS_DO": "helpers sockets engine containers",
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
    if len(fields) != 2 or not all(re.fullmatch("[0-9]{1,10}", field) for field in fields):
        return ""
    above = int(fields[1]) + 1
    return str(above) if above < 2**31 - 1 else ""
