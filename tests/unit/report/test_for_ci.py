"""What GitHub and GitLab are told: one annotation or entry for each problem, and nothing that a host can make of it."""

from __future__ import annotations

import io
import json
import re

import pytest

from podstead.proof.finding import Finding, Severity, Verdict
from podstead.provision.change import Refusal
from podstead.report.formats import renderer
from podstead.report.problems import Weight, problems
from podstead.report.view import View
from podstead.visit.record import ChangeRecord, ChangeStatus, HostReport, Report, Status, Trouble

NOSUID = Finding(
    check="V05", title="t", verdict=Verdict.FAIL, severity=Severity.BLOCK, user="alice", ref="B04", mode="helper-on-nosuid",
    cause="newuidmap is on a file system that is mounted nosuid", found="100% nosuid", expected="suid", remedy="mount -o remount,suid /usr",
)  # fmt: skip
DRIFT = Finding(check="V29", title="t", verdict=Verdict.WARN, severity=Severity.DRIFT, cause="c")
GOOD = Finding(check="V10", title="t", verdict=Verdict.PASS, severity=Severity.BLOCK, user="alice")


def report(*hosts: HostReport) -> Report:
    return Report(verb="verify", version="0", started="2026-11-03T10:00:00+00:00", seconds=0, hosts=hosts)


VERIFIED = report(
    HostReport(name="web1", status=Status.FAILED, system="Debian", findings=(NOSUID, DRIFT, GOOD)),
    HostReport(name="web2", status=Status.OK, findings=(GOOD,)),
    HostReport(
        name="db1",
        status=Status.UNREACHABLE,
        trouble=Trouble(message="connection refused", hint="is sshd running?"),
    ),
)
CHECKED = report(
    HostReport(
        name="web1",
        status=Status.PENDING,
        changes=(
            ChangeRecord(id="subids:alice:ranges", title="grant alice IDs", status=ChangeStatus.PENDING),
        ),
    ),
    HostReport(
        name="web2",
        status=Status.FAILED,
        changes=(
            ChangeRecord(
                id="session:bob:linger", title="enable linger", status=ChangeStatus.FAILED, log="no\nway"
            ),
        ),
        refusals=(Refusal(id="subids:bob:ranges", title="bob keeps the IDs", reason="files", remedy="look"),),
    ),
)


def shown(name: str, what: Report, **view: str) -> str:
    out = io.StringIO()
    renderer(name)(what, View(**view), out)  # type: ignore[arg-type]
    return out.getvalue()


def test_the_problems_of_a_report_are_one_list() -> None:
    assert [(one.host, one.weight, one.about, one.users) for one in problems(VERIFIED)] == [
        ("web1", Weight.ERROR, "B04", ("alice",)),
        ("web1", Weight.WARNING, "V29", ()),
        ("db1", Weight.ERROR, "", ()),
    ]
    assert [(one.host, one.weight, one.headline) for one in problems(CHECKED)] == [
        ("web1", Weight.PENDING, "grant alice IDs"),
        ("web2", Weight.ERROR, "failed: enable linger"),
        ("web2", Weight.ERROR, "refused: bob keeps the IDs"),
    ]


def log(what: Report) -> tuple[str, str, str, list[str]]:
    """The command that stops all others, the text, the one that ends that, and the annotations."""
    first, *rows = shown("github", what).splitlines()
    last = f"::{first.removeprefix('::stop-commands::')}::"
    assert re.fullmatch("::[0-9a-f]{32}::", last)
    place = rows.index(last)
    return first, "".join(f"{row}\n" for row in rows[:place]), last, rows[place + 1 :]


def test_github_gets_the_text_and_a_command_for_each_problem() -> None:
    first, text, last, commands = log(VERIFIED)
    assert text == shown("text", VERIFIED)
    assert first == f"::stop-commands::{last.strip(':')}"
    assert commands == [
        (
            "::error title=web1 alice%3A newuidmap is on a file system that is mounted nosuid::newuidmap is on a file system that "
            "is mounted nosuid%0Afound: 100%25 nosuid%0Aexpected: suid%0Ado:%0A  mount -o remount,suid /usr%0Apodstead explain B04"
        ),
        "::notice title=web1%3A c::c%0Apodstead explain V29",
        "::error title=db1%3A connection refused::connection refused%0Ado: is sshd running?",
    ]
    assert "::warning title=web1%3A pending%3A grant alice IDs::" in shown("github", CHECKED)


def test_no_host_can_give_the_runner_a_command() -> None:
    message = "a\n::set-output name=b::c\r::error::d ##[stop-commands]x"
    bad = HostReport(name="x", status=Status.FAILED, trouble=Trouble(message=message))
    first, text, _, commands = log(report(bad))
    assert "##[" in text, "what the text holds is between the two"
    (command,) = commands
    assert command.startswith("::error title=x%3A a"), (
        "the runner reads a line as the command that it begins with"
    )
    assert "\r" not in command
    assert first not in text
    assert log(report(bad))[0] != first, "no host can know it"


def test_gitlab_gets_a_list_with_all_that_its_widget_needs() -> None:
    entries = json.loads(shown("gitlab", VERIFIED))
    assert [(one["check_name"], one["severity"], one["location"]["path"]) for one in entries] == [
        ("B04", "blocker", "hosts/web1"),
        ("V29", "info", "hosts/web1"),
        ("host", "blocker", "hosts/db1"),
    ]
    for one in entries:
        assert one.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert one["location"]["lines"] == {"begin": 1}
        assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch("[0-9a-f]{64}", one["fingerprint"])
    assert entries[0]["description"] == "web1 (alice): newuidmap is on a file system that is mounted nosuid"
    assert (
        json.loads(shown("gitlab", report(HostReport(name="web2", status=Status.OK, findings=(GOOD,))))) == []
    )


def test_the_same_problem_has_the_same_fingerprint_and_others_have_others() -> None:
    first, second = (json.loads(shown("gitlab", VERIFIED)) for _ in range(2))
    assert [one["fingerprint"] for one in first] == [one["fingerprint"] for one in second]
    assert len({one["fingerprint"] for one in first}) == 3


def test_markdown_has_a_row_for_each_host_and_an_item_for_each_problem() -> None:
    lines = shown("markdown", VERIFIED, pattern="all").splitlines()
    assert lines[0] == "## podstead verify all"
    assert (
        lines[2]
        == "2 problems on 2 of 3 hosts; first: web1: newuidmap is on a file system that is mounted nosuid"
    )
    assert "| web1 | failed | Debian |" in lines
    assert "- **Problem: web1, alice:** newuidmap is on a file system that is mounted nosuid (B04)" in lines
    assert lines[lines.index("  <br>do:") + 1] == "  <br>mount \\-o remount,suid /usr"
    good = shown("markdown", report(HostReport(name="web2", status=Status.OK, findings=(GOOD,))))
    assert "Nothing is wrong, and nothing is pending." in good


@pytest.mark.parametrize("text", ["<script>", "[x](http://y)", "`x`", "| a |", "![i](j)", "**b**"])
def test_markdown_of_a_host_is_text(text: str) -> None:
    bad = HostReport(name="x", status=Status.FAILED, system=text, trouble=Trouble(message=text))
    assert text not in shown("markdown", report(bad))


@pytest.mark.parametrize("name", ["github", "gitlab", "markdown"])
def test_what_a_host_says_is_harmless_on_a_terminal(name: str) -> None:
    bad = HostReport(
        name="x\x1b[2J", status=Status.FAILED, system="\x9b", trouble=Trouble(message="a\x1b]0;b\x07")
    )
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown(name, report(bad)))
