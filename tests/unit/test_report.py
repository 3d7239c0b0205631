"""The report: one tree of values, the text of a terminal, the JSON document."""

from __future__ import annotations

import io
import json
import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from podstead.change import NotApplicable, Refusal, unified_diff
from podstead.errors import Exit
from podstead.finding import Finding, Severity, Verdict
from podstead.report.printable import one_line, printable
from podstead.report.record import (
    ChangeRecord,
    ChangeStatus,
    HostReport,
    Report,
    Status,
    Trouble,
    failed_findings,
)
from podstead.report.terminal import render

GOLDEN = Path(__file__).parent.parent / "golden"


def report(*hosts: HostReport, **more: Any) -> Report:
    values = {
        "verb": "apply",
        "version": "0.1.0",
        "started": "2026-11-03T10:00:00+00:00",
        "seconds": 1.5,
        **more,
    }
    return Report(hosts=hosts, **values)


def host(status: Status, name: str = "web1", **more: Any) -> HostReport:
    return HostReport(
        name=name, status=status, system="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-18-amd64", **more
    )


def finding(check: str, verdict: Verdict, **more: Any) -> Finding:
    return Finding(
        check=check,
        title=f"the title of {check}",
        verdict=verdict,
        severity=Severity.MAJOR,
        user="alice",
        **more,
    )


def shown(one: Report, *, colour: bool = False, **options: Any) -> str:
    text = io.StringIO()
    render(
        one,
        Console(
            file=text,
            width=80,
            force_terminal=colour,
            color_system="standard" if colour else None,
            highlight=False,
            emoji=False,
            markup=False,
        ),
        **options,
    )
    return text.getvalue()


DIFF = unified_diff("/etc/subuid", "bob:524288:65536\n", "bob:524288:65536\nalice:589824:65536\n")
CHANGED = (
    ChangeRecord(
        id="subids:alice:ranges",
        title="grant alice subordinate UIDs 589824:65536",
        status=ChangeStatus.CHANGED,
        diff=DIFF,
    ),
    ChangeRecord(
        id="session:alice:linger",
        title="enable linger for alice",
        status=ChangeStatus.FAILED,
        log="Could not enable linger\nNo such file",
        hint="look at the journal",
    ),
    ChangeRecord(id="engine:drop-in:content", title="write a drop-in", status=ChangeStatus.NOT_REACHED),
)
REFUSAL = Refusal(
    id="session:bob:migrate",
    title="Podman of bob still uses an old ID map",
    reason="2 containers run",
    remedy="stop them",
    allow=True,
)
ABSENT = NotApplicable(
    id="sysctls:kernel.unprivileged_userns_clone:live", reason="this kernel has no such setting"
)

APPLIED = report(
    host(Status.OK, "db1"),
    host(
        Status.FAILED,
        "web1",
        changes=CHANGED,
        refusals=(REFUSAL,),
        not_applicable=(ABSENT,),
        connections=1,
        commands=2,
        seconds=2.25,
    ),
    host(Status.PENDING, "web2", changes=(CHANGED[0].model_copy(update={"status": ChangeStatus.PENDING}),)),
    HostReport(
        name="long-name.example.org",
        status=Status.UNREACHABLE,
        trouble=Trouble(message="connection refused", hint="is sshd running?"),
    ),
)
VERIFIED = report(
    host(
        Status.FAILED,
        findings=(
            finding("V01", Verdict.PASS, found="alice (1000:1000), in the user session"),
            finding("V02", Verdict.WARN, found="something odd", cause="a cause", remedy="a remedy"),
            finding(
                "V05",
                Verdict.FAIL,
                expected="one map",
                found="another map",
                cause="no_new_privs is set",
                remedy="take it off",
            ),
            finding("V06", Verdict.COULD_NOT_LOOK, cause="the attempt was not made"),
            finding("V11", Verdict.NOT_APPLICABLE, cause="no pause process keeps a map"),
        ),
    ),
    verb="verify",
)


@pytest.mark.parametrize(
    ("name", "one", "options"),
    [
        ("report_apply.txt", APPLIED, {}),
        ("report_apply_diff.txt", APPLIED, {"diff": True, "verbose": 1}),
        ("report_verify.txt", VERIFIED, {}),
    ],
)
def test_the_text_is_as_it_always_was(name: str, one: Report, options: dict[str, Any]) -> None:
    text = shown(one, **options)
    if os.environ.get("PODSTEAD_WRITE_GOLDEN"):
        (GOLDEN / name).write_text(text)
    assert (GOLDEN / name).read_text() == text


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], Exit.GOOD),
        ([Status.OK, Status.CHANGED], Exit.GOOD),
        ([Status.OK, Status.PENDING], Exit.PENDING),
        ([Status.PENDING, Status.UNREACHABLE], Exit.UNREACHABLE),
        ([Status.UNREACHABLE, Status.FAILED, Status.PENDING], Exit.FAILED),
        ([Status.SKIPPED], Exit.GOOD),
    ],
)
def test_the_worst_host_decides_the_exit_code(statuses: list[Status], expected: Exit) -> None:
    hosts = [host(status, str(number)) for number, status in enumerate(statuses)]
    assert expected is report(*hosts).exit_code
    assert expected is report(*hosts[::-1]).exit_code


def test_an_interrupted_run_says_so_whatever_was_done() -> None:
    assert Exit.INTERRUPTED is report(host(Status.OK), interrupted=True).exit_code


def test_totals_count_hosts_and_changes_count_changes() -> None:
    assert APPLIED.totals.model_dump() == {
        "ok": 1,
        "changed": 0,
        "pending": 1,
        "failed": 1,
        "unreachable": 1,
        "skipped": 0,
    }
    assert APPLIED.changes == 2


def test_what_could_not_be_looked_at_fails_a_verification() -> None:
    assert [one.check for one in failed_findings(VERIFIED.hosts[0].findings)] == ["V05", "V06"]


def test_the_recap_has_ansibles_shape() -> None:
    lines = shown(APPLIED).split("PLAY RECAP ")[1].splitlines()
    assert lines[0] == "*" * 68
    assert (
        lines[1] == "db1                   : ok=7  changed=0  pending=0  unreachable=0  failed=0  skipped=0"
    )
    assert [sum(line.count(": ok=") for line in lines), lines[4].count("unreachable=1")] == [4, 1]


def test_a_failed_host_never_counts_no_failure() -> None:
    assert (
        "failed=1"
        in shown(
            report(HostReport(name="x", status=Status.FAILED, trouble=Trouble(message="it broke")))
        ).splitlines()[-1]
    )


def test_colour_is_only_for_terminals() -> None:
    assert "\x1b[" not in shown(APPLIED)
    assert "\x1b[" in shown(APPLIED, colour=True)


@pytest.mark.parametrize("one", [APPLIED, VERIFIED, report()])
def test_the_json_document_comes_back_as_it_was(one: Report) -> None:
    assert one == Report.model_validate_json(one.to_json())
    assert json.loads(one.to_json())["schema"] == "podstead.report/1"


HOSTILE = st.text(max_size=30) | st.sampled_from(
    [
        "\x1b]0;owned\x07",
        "\x1b[2J\x1b[H",
        "\x9b31m",
        "\r overwritten",
        "\u202eevil",
        "[red]x[/]",
        ":skull:",
        "\x00",
        "\x08\x08",
        "a\nb",
        "\u2028x",
        "\x85",
    ]
)


def hostile_reports() -> st.SearchStrategy[Report]:
    def build(texts: list[str]) -> Report:
        a, b, c = texts
        change = ChangeRecord(
            id=f"subids:{a}:ranges", title=b, status=ChangeStatus.FAILED, diff=c, log=a, hint=b
        )
        seen = Finding(
            check="V01",
            title=a,
            verdict=Verdict.FAIL,
            severity=Severity.MAJOR,
            user=b,
            expected=c,
            found=a,
            cause=b,
            remedy=c,
        )
        good = Finding(check="V02", title=a, verdict=Verdict.PASS, severity=Severity.MAJOR, user=b, found=c)
        refusal = Refusal(id=f"x:{a}", title=b, reason=c, remedy=a)
        absent = NotApplicable(id=f"y:{b}", reason=c)
        trouble = Trouble(message=a, hint=b)
        return report(
            HostReport(name="h", status=Status.FAILED, system=a, kernel=b, changes=(change,), refusals=(refusal,), not_applicable=(absent,), findings=(seen, good), trouble=trouble, notes=(c,))
        )  # fmt: skip

    return st.lists(HOSTILE, min_size=3, max_size=3).map(build)


def unsafe(text: str) -> list[str]:
    marks = {*"\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
    return [
        char
        for char in text
        if char in marks or (unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t")
    ]


@given(hostile_reports())
@settings(max_examples=60, deadline=None)
def test_nothing_that_a_host_says_reaches_a_terminal_as_a_command(one: Report) -> None:
    assert unsafe(shown(one, diff=True, verbose=1)) == []


@given(hostile_reports())
@settings(max_examples=40, deadline=None)
def test_the_json_document_is_ascii_and_complete(one: Report) -> None:
    text = one.to_json()
    assert text.isascii()
    assert unsafe(text) == []
    assert one == Report.model_validate_json(text)


@given(st.text(max_size=40))
def test_printable_text_is_left_alone_and_the_rest_is_escaped_once(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    assert unsafe(printable(text)) == []
    assert "\n" not in one_line(text)
    if text.isprintable() and not unsafe(text):
        assert text == printable(text)


def test_a_file_that_is_no_utf8_can_be_shown_and_sent() -> None:
    before = b"# f\xfcr alle\n".decode("utf-8", "surrogateescape")
    change = CHANGED[0].model_copy(update={"diff": unified_diff("/etc/subuid", before, before + "x:1:2\n")})
    one = report(host(Status.CHANGED, changes=(change,)))
    assert "\n # f\\xfcr alle\n+x:1:2\n" in change.diff
    assert "# f\\xfcr alle" in shown(one, diff=True)
    assert one == Report.model_validate_json(one.to_json())
