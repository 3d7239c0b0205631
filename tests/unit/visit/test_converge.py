"""Look, plan, change, look again: which scripts run, and what is said of each change."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from podstead.document.spec import HostSpec
from podstead.errors import LookError
from podstead.host.frames import Record
from podstead.ids.ranges import IdMap
from podstead.provision.change import Change, NotApplicable, Phase, Refusal
from podstead.provision.plan import Plan
from podstead.visit import converge as converging
from podstead.visit import look
from podstead.visit.converge import TagSelection
from podstead.visit.job import Job
from podstead.visit.look import Visit
from podstead.visit.obstacles import intended
from podstead.visit.record import ChangeStatus, HostReport, Status
from tests.model_host import ChangedSinceError, ModelAccount, ModelHost, record, spec_of

FULL = spec_of(
    users={"alice": {}, "new": {"create": True}},
    packages={"podman": {}},
    sysctls={"net.ipv4.ip_unprivileged_port_start": {"at_most": 80}},
    session={"linger": True, "delegate": ["cpu", "pids"]},
    storage={"driver": "overlay"},
    engine={"containers": {"pids_limit": 0}},
)


@dataclass
class Answers:
    """Runs the scripts of podstead against a model, as the real shell files would."""

    host: ModelHost
    spec: HostSpec
    fails: str = ""
    undone: str = ""
    overtaken: int = 0
    """How many times somebody else is faster with the ranges."""
    calls: list[list[str]] = field(default_factory=list)
    unserved: set[str] = field(default_factory=set)
    scripts: list[str] = field(default_factory=list)
    log: str = "first\npodstead: changed-since /etc/subuid was changed\n"
    """What a change that fails prints."""

    def __call__(self, text: str) -> Sequence[str]:
        found = re.search("^PS_NONCE=([0-9a-f]+)$", text, re.MULTILINE)
        assert found
        if "ps_framed apply" not in text:
            self.scripts.append("look")
            return self.host.frame(self.spec.users, nonce=found[1])
        ids = [
            shlex.split(line)[1]
            for line in text.splitlines()
            if line.startswith("ps_change ") and line.split()[-1].startswith("ps_c")
        ]
        self.calls = [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("ps_change ")]
        self.scripts.append(" ".join(ids))
        return self.host.frame(self.spec.users, kind="apply", nonce=found[1], first=self.make(ids))

    def make(self, ids: Sequence[str]) -> list[Record]:
        # ranges of the others are planned without a user whose own could not be granted
        users = {name: one for name, one in self.spec.users.items() if name not in self.unserved}
        spec = self.spec.model_copy(update={"users": users})
        planned: dict[str, Change] = {
            one.id: one for one in intended(spec, self.host.state(spec.users), allowed=ids).changes
        }
        records = []
        failed: set[str] = set()
        for one, function, *needed in self.calls:
            if failed & set(needed):
                failed.add(function)
                continue
            code = self.code(one)
            if code == 0 and one != self.undone:
                try:
                    self.host.apply([planned[one]])
                except ChangedSinceError:
                    code = 75
            if code:
                failed.add(function)
            if code == 7 and one.startswith("subids:"):
                self.unserved.add(one.split(":")[1])
            log = self.log if code else "fine\n"
            records += [record("change", f"{code}\n", one), record("log", log, one)]
        return records

    def code(self, one: str) -> int:
        if one.startswith("subids:") and self.overtaken:
            self.overtaken -= 1
            free = 524288 + 65536 * sum(text.count("\n") for text in (self.host.files["/etc/subuid"],))
            for path in ("/etc/subuid", "/etc/subgid"):
                self.host.files[path] += f"other{self.overtaken}:{free}:65536\n"
            return 75
        return 7 if one == self.fails else 0


def nonces() -> Any:
    return (f"{number:016x}" for number in itertools.count(1))


def run(answers: Answers, verb: str = "apply", **options: Any) -> tuple[HostReport, list[str]]:
    job = Job.model_validate({"verb": verb, "targets": [], **options})
    draw = nonces()
    said: list[str] = []
    visit = Visit(
        name="web1", spec=answers.spec, run=answers, new_nonce=lambda: next(draw), report_progress=said.append
    )
    return converging.converge(job, visit), said


def fresh() -> ModelHost:
    return ModelHost(
        accounts={"alice": ModelAccount(1000, 1000)},
        tools={"systemctl", "loginctl", "useradd", "usermod"},
        live={"net.ipv4.ip_unprivileged_port_start": "1024"},
        available={"podman": "4.3.1+ds1-8"},
    )


def settled() -> ModelHost:
    host = fresh()
    run(Answers(host, FULL))
    return host


def statuses(report: HostReport) -> dict[str, str]:
    return {change.id: change.status.value for change in report.changes}


def test_a_healthy_host_costs_one_look() -> None:
    answers = Answers(settled(), FULL)
    report, said = run(answers)
    assert (answers.scripts, said, report.status, report.changes) == (["look"], ["looking"], Status.OK, ())


def test_packages_come_first_and_in_a_command_of_their_own() -> None:
    answers = Answers(fresh(), FULL)
    report, said = run(answers)
    assert answers.scripts[:2] == ["look", "packages:install:names"]
    assert "packages:install:names" not in " ".join(answers.scripts[2:])
    assert said[0] == "looking"
    assert said[1].startswith("install podman, ")
    assert Status.CHANGED is report.status


def test_a_fresh_host_converges_and_every_change_is_confirmed() -> None:
    host = fresh()
    report, _ = run(Answers(host, FULL))
    assert {"changed"} == set(statuses(report).values())
    assert {
        "packages:install:names", "accounts:new:exists", "subids:alice:ranges", "subids:new:ranges",
        "sysctls:drop-in:content", "sysctls:net.ipv4.ip_unprivileged_port_start:live", "session:delegate:controllers",
        "session:alice:linger", "session:new:linger", "storage:driver:system", "engine:drop-in:content",
    } == set(statuses(report))  # fmt: skip
    assert host.plan(FULL).converged


def test_the_order_is_the_order_of_the_phases() -> None:
    phases = [change.phase for change in fresh().plan(FULL).changes]
    assert sorted(phases) == phases
    assert phases[0] == Phase.PACKAGES


def test_what_only_a_new_account_can_have_follows_in_another_round() -> None:
    answers = Answers(fresh(), FULL)
    run(answers)
    assert ["session:new:linger" in one for one in answers.scripts] == [False, False, False, True]


def test_check_says_exactly_what_apply_does() -> None:
    """Also what apply can only do once it has created an account."""
    shown = statuses(run(Answers(fresh(), FULL), "check")[0])
    assert set(shown) == set(statuses(run(Answers(fresh(), FULL))[0]))
    assert shown["session:new:linger"] == "pending"


def test_where_the_package_lists_say_nothing_check_names_the_lines_that_may_be_added() -> None:
    def host() -> ModelHost:
        return replace(fresh(), has_lists=False)

    shown, _ = run(Answers(host(), FULL), "check")
    made, _ = run(Answers(host(), FULL))
    (note,) = shown.notes
    more = [change.id for change in made.changes]
    for change in shown.changes:
        more.remove(change.id)
    assert more, "the second look after the installation finds more to do"
    assert set(more) <= set(re.findall(r"\b[a-z]+:[a-z]+:[a-z]+\b", note))


def test_linger_of_an_account_that_is_not_asked_for_is_not_shown() -> None:
    for options in ({"tags": ("subids",)}, {"skip_tags": ("session",)}, {"tags": ("session",)}):
        report, _ = run(Answers(fresh(), FULL), "check", **options)
        assert "session:new:linger" not in statuses(report), options


def test_check_never_changes_anything() -> None:
    answers = Answers(fresh(), FULL)
    report, _ = run(answers, "check")
    assert (answers.scripts, report.status) == (["look"], Status.PENDING)
    assert {"pending"} == set(statuses(report).values())


def test_check_of_a_healthy_host_is_ok() -> None:
    assert Status.OK is run(Answers(settled(), FULL), "check")[0].status


def test_a_failed_change_stops_only_what_needs_it() -> None:
    host = settled()
    host.files |= {"/etc/subuid": "", "/etc/subgid": ""}
    host.live["net.ipv4.ip_unprivileged_port_start"] = "1024"
    host.linger.clear()
    answers = Answers(host, FULL, fails="subids:alice:ranges")
    report, _ = run(answers)
    assert statuses(report) == {
        "subids:alice:ranges": "failed",
        "subids:new:ranges": "changed",
        "sysctls:net.ipv4.ip_unprivileged_port_start:live": "changed",
        "session:alice:linger": "not-reached",
        "session:new:linger": "changed",
    }
    assert Status.FAILED is report.status
    assert len([one for one in answers.scripts if "subids:alice:ranges" in one]) == 1


def test_what_needs_no_packages_is_done_where_they_cannot_be_installed() -> None:
    report, _ = run(Answers(fresh(), FULL, fails="packages:install:names"))
    found = statuses(report)
    assert found["packages:install:names"] == "failed"
    assert {found["subids:alice:ranges"], found["accounts:new:exists"]} == {"changed"}
    assert found["session:alice:linger"] == "not-reached"


def test_a_change_that_was_overtaken_is_planned_anew_within_the_run() -> None:
    host = settled()
    host.files |= {"/etc/subuid": "", "/etc/subgid": ""}
    report, _ = run(Answers(host, FULL, overtaken=3))
    assert statuses(report) == {"subids:alice:ranges": "changed", "subids:new:ranges": "changed"}
    assert Status.CHANGED is report.status
    lines = host.files["/etc/subuid"].splitlines()
    starts = [line.split(":")[1] for line in lines]
    assert len(lines) == 5
    assert len(set(starts)) == 5


def test_a_change_that_is_overtaken_for_ever_fails_and_says_by_what() -> None:
    host = settled()
    host.files |= {"/etc/subuid": "", "/etc/subgid": ""}
    answers = Answers(host, FULL, overtaken=1000)
    report, _ = run(answers)
    assert Status.FAILED is report.status
    assert ChangeStatus.FAILED is report.changes[0].status
    assert "keeps changing the file" in report.changes[0].hint
    assert len(answers.scripts) == 2 + converging.MAX_OVERTAKEN


def test_a_failed_change_says_what_it_printed_and_what_to_do() -> None:
    report, _ = run(Answers(fresh(), FULL, fails="packages:install:names"))
    (failed,) = [change for change in report.changes if change.status is ChangeStatus.FAILED]
    assert failed.log == "first\npodstead: changed-since /etc/subuid was changed"
    assert failed.hint.startswith("another program keeps changing the file")


def test_a_change_that_did_not_hold_is_failed_and_not_tried_for_ever() -> None:
    host = settled()
    host.live["net.ipv4.ip_unprivileged_port_start"] = "1024"
    answers = Answers(host, FULL, undone="sysctls:net.ipv4.ip_unprivileged_port_start:live")
    report, _ = run(answers)
    assert len(answers.scripts) == 2
    (change,) = report.changes
    assert (
        change.status,
        change.log,
    ) == (ChangeStatus.FAILED, "the command succeeded, but the difference is still there")
    assert Status.FAILED is report.status


def test_tags_choose_parts_or_single_changes() -> None:
    report, _ = run(Answers(fresh(), FULL), "check", tags=["sysctls", "subids:alice:ranges"])
    assert {
        "subids:alice:ranges",
        "sysctls:drop-in:content",
        "sysctls:net.ipv4.ip_unprivileged_port_start:live",
    } == set(statuses(report))


def test_skipped_tags_win_over_tags() -> None:
    report, _ = run(Answers(fresh(), FULL), "check", tags=["sysctls"], skip_tags=["sysctls:drop-in:content"])
    assert {"sysctls:net.ipv4.ip_unprivileged_port_start:live"} == set(statuses(report))


def test_with_tags_a_run_is_good_when_the_chosen_parts_are() -> None:
    answers = Answers(fresh(), FULL)
    report, _ = run(answers, tags=["sysctls"])
    assert (len(answers.scripts), report.status) == (2, Status.CHANGED)
    assert {"changed"} == set(statuses(report).values())


def test_a_refusal_fails_the_host_and_the_rest_is_still_done() -> None:
    spec = spec_of(users={"alice": {}, "ghost": {}})
    report, _ = run(Answers(fresh(), spec))
    assert (statuses(report), report.status) == ({"subids:alice:ranges": "changed"}, Status.FAILED)
    assert [refusal.id for refusal in report.refusals] == ["accounts:ghost:exists"]


def test_a_refusal_that_is_allowed_by_name_is_done() -> None:
    host = settled()
    host.pause["alice"], host.running["alice"] = (IdMap.expected(1000, ()), IdMap.expected(1000, ())), 2
    refused, _ = run(Answers(host, FULL))
    assert (refused.status, refused.changes) == (Status.FAILED, ())
    allowed, _ = run(Answers(host, FULL), allow=["session:alice:migrate"])
    assert (statuses(allowed), allowed.status) == ({"session:alice:migrate": "changed"}, Status.CHANGED)


def test_the_report_names_the_system() -> None:
    report, _ = run(Answers(settled(), FULL))
    assert (report.name, report.system, report.kernel) == ("web1", "Model debian", "6.1.0-18-amd64")


def test_each_script_has_a_nonce_of_its_own_and_another_runs_answer_is_none() -> None:
    host = fresh()

    def stale(_script: str) -> list[str]:
        return host.frame(FULL.users, nonce="f" * 16)

    with pytest.raises(LookError):
        look.look(FULL, stale, lambda: "0" * 16)


def test_an_answer_to_a_change_that_was_cut_short_is_no_answer() -> None:
    answers = Answers(fresh(), FULL)

    def torn(text: str) -> Sequence[str]:
        lines = answers(text)
        return lines[:-2] if "ps_framed apply" in text else lines

    draw = nonces()
    visit = Visit(
        name="web1", spec=FULL, run=torn, new_nonce=lambda: next(draw), report_progress=lambda _: None
    )
    with pytest.raises(LookError, match="cut short"):
        converging.converge(Job(verb="apply", targets=()), visit)


def test_a_failed_change_of_a_user_comes_with_advice_about_this_user() -> None:
    host = fresh()
    host.accounts["alice"] = ModelAccount(4321, 4321)
    answers = Answers(
        host, FULL, fails="session:alice:linger", log="podstead: no socket /run/user/4321/bus\n"
    )
    report, _ = run(answers)
    (failed,) = [one for one in report.changes if one.status is ChangeStatus.FAILED]
    assert "systemctl status user@4321.service" in failed.hint


def test_a_refusal_outside_the_chosen_parts_does_not_count() -> None:
    refusal = Refusal(id="sysctls:net.x:boot", title="t", reason="r", remedy="d")
    absent = NotApplicable(id="session:alice:linger", reason="r")
    intended = Plan(refusals=(refusal,), not_applicable=(absent,))
    assert chosen(intended, tags=["subids"]) == Plan()
    assert chosen(intended, tags=["sysctls"]) == Plan(refusals=(refusal,))
    assert chosen(intended, skip_tags=["sysctls:net.x:boot"]) == Plan(not_applicable=(absent,))


def chosen(intended: Plan, **options: Any) -> Plan:
    return TagSelection.of(Job(verb="apply", targets=(), **options), intended).select(intended)


def planned(*ids: str) -> Plan:
    phases = {"packages": Phase.PACKAGES, "subids": Phase.SUBIDS, "session": Phase.SESSION}
    return Plan(
        changes=tuple(Change(id=one, phase=phases[one.split(":")[0]], title=one, steps=()) for one in ids)
    )


ORDERED = planned(
    "packages:install:names", "subids:alice:ranges", "subids:bob:ranges", "session:alice:linger"
)


@pytest.mark.parametrize(
    ("start", "left"),
    [
        ("packages", 4),
        ("accounts", 3),
        ("subids", 3),
        ("subids:alice:ranges", 3),
        ("subids:bob:ranges", 2),
        ("session", 1),
    ],
)
def test_start_at_leaves_out_what_the_plan_has_before_it(start: str, left: int) -> None:
    assert chosen(ORDERED, start_at=start).changes == ORDERED.changes[-left:]


def test_what_start_at_left_out_stays_left_out_when_its_change_is_done() -> None:
    choice = TagSelection.of(Job(verb="apply", targets=(), start_at="subids:bob:ranges"), ORDERED)
    later = planned("subids:alice:ranges", "subids:carol:ranges", "session:alice:linger")
    assert [one.id for one in choice.select(later).changes] == ["subids:carol:ranges", "session:alice:linger"]


@pytest.mark.parametrize(("number", "said"), [(1, "1 change needs root"), (2, "2 changes need root")])
def test_changes_that_only_root_can_make_are_counted(number: int, said: str) -> None:
    state = ModelHost().state({})
    state = replace(state, platform=replace(state.platform, user="bob"))
    report = converging._needs_root("web1", state, ORDERED.changes[:number])
    assert report.trouble
    assert report.trouble.message == f"{said}, and this is bob"
