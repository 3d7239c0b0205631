"""The report: one tree of values, the text of a terminal, the JSON document."""

from __future__ import annotations

import io
import json
import os
import re
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from podstead.document.tags import PART_NAMES
from podstead.errors import Exit
from podstead.printable import one_line, printable
from podstead.proof.finding import Finding, Severity, Verdict
from podstead.provision.change import NotApplicable, Refusal, unified_diff
from podstead.report.text import draw
from podstead.report.view import View
from podstead.visit.record import (
    ChangeRecord,
    ChangeStatus,
    HostReport,
    Report,
    Status,
    Trouble,
    failed_findings,
)

GOLDEN = Path(__file__).parents[2] / "golden"


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


PARTS = ("packages", "accounts", "subids", "sysctls", "storage", "engine", "session")
"""What was asked for in the runs that are shown here, however many parts there are by now."""


def shown(one: Report, *, colour: bool = False, **options: Any) -> str:
    text = io.StringIO()
    draw(
        one,
        View(**{"parts": PARTS, **options}),
        Console(
            file=text,
            width=80,
            force_terminal=colour,
            color_system="standard" if colour else None,
            highlight=False,
            emoji=False,
            markup=False,
        ),
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
            finding("V06", Verdict.COULD_NOT_LOOK, cause="this was not tried"),
            finding("V11", Verdict.NOT_APPLICABLE, cause="there is no pause process that keeps a map"),
        ),
    ),
    verb="verify",
)


def test_what_is_the_same_for_many_hosts_is_said_once() -> None:
    """Seven hosts: each line is there once, with five names and a number; with -v each host has its own again."""
    names = [f"web{number}" for number in range(7)]
    pending = CHANGED[0].model_copy(update={"status": ChangeStatus.PENDING})
    every = [
        *(
            host(
                Status.PENDING, name, changes=(pending.model_copy(update={"diff": name}),), notes=("a note",)
            )
            for name in names
        ),
        *(host(Status.OK, f"db{number}") for number in range(2)),
        *(
            HostReport(name=f"x{number}", status=Status.SKIPPED, trouble=Trouble(message="not started: x"))
            for number in range(2)
        ),
    ]
    text = shown(report(*every, verb="check"))
    assert text.count("grant alice subordinate UIDs") == 1
    assert "pending: [web0, web1, web2, web3, web4 and 2 more] => (item=subids:alice:ranges) grant" in text
    assert "note: [web0, web1, web2, web3, web4 and 2 more] a note" in text
    assert "ok: [db0, db1] => nothing to change" in text
    assert "skipping: [x0, x1] => not started: x" in text
    assert shown(report(*every, verb="check"), verbose=1).count("grant alice subordinate UIDs") == 7
    # what differs is not the same
    assert shown(report(*every, verb="check"), diff=True).count("grant alice subordinate UIDs") == 7


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


#: What log parsers (Jenkins' and AWX's event filters, ara's, home-made ones) look for.
RECAP = re.compile(
    r"^(?P<host>\S+)\s+: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)\s+unreachable=(?P<unreachable>\d+)\s+"
    r"failed=(?P<failed>\d+)\s+skipped=(?P<skipped>\d+)\s+rescued=(?P<rescued>\d+)\s+ignored=(?P<ignored>\d+)"
    r"(?:\s+pending=(?P<pending>\d+))?(?:\s+unknown=(?P<unknown>\d+))?$"
)
RESULT = re.compile(
    r"^(?P<word>ok|changed|skipping|fatal|pending): \[(?P<host>[^\]]+)\](?:: (?P<bad>[A-Z]+)!)?"
)


def recap(text: str) -> dict[str, dict[str, int]]:
    rows = text.split("PLAY RECAP ")[1].partition("\n\n")[0].splitlines()[1:]
    found = [RECAP.match(row) for row in rows]
    assert all(found), rows
    return {
        match["host"]: {name: int(count) for name, count in match.groupdict("0").items() if name != "host"}
        for match in found
        if match
    }


def test_the_recap_has_ansibles_shape() -> None:
    lines = shown(APPLIED).split("PLAY RECAP ")[1].splitlines()
    assert lines[0] == "*" * 68
    assert lines[1] == (
        "db1                        : ok=7    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0"
    )
    assert lines[3] == (
        "web2                       : ok=6    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0    pending=1"
    )
    assert [list(recap(shown(APPLIED))), recap(shown(APPLIED))["long-name.example.org"]["unreachable"]] == [
        ["db1", "web1", "web2", "long-name.example.org"],
        1,
    ]


def counted(text: str, name: str) -> dict[str, int]:
    """The recap as somebody would count it from the lines of the tasks."""
    words = [match for row in text.splitlines() if (match := RESULT.match(row)) and match["host"] == name]
    found = Counter("unreachable" if one["bad"] == "UNREACHABLE" else one["word"] for one in words)
    return {
        "ok": found["ok"] + found["changed"],
        "changed": found["changed"],
        "unreachable": found["unreachable"],
        "failed": found["fatal"],
        "skipped": found["skipping"],
        "rescued": 0,
        "ignored": 0,
        "pending": found["pending"],
        "unknown": 0,
    }


def test_the_recap_counts_the_lines_of_the_tasks() -> None:
    text = shown(APPLIED, verbose=1)
    assert {name: counted(text, name) for name in recap(text)} == recap(text)


def test_all_that_is_known_is_said_in_ansibles_words() -> None:
    lines = shown(APPLIED, pattern="web").splitlines()
    assert lines[0].startswith("PLAY [apply web] ***")
    assert {
        "changed: [web1] => (item=subids:alice:ranges) grant alice subordinate UIDs 589824:65536",
        "pending: [web2] => (item=subids:alice:ranges) grant alice subordinate UIDs 589824:65536",
        "fatal: [web1]: FAILED! => (item=session:alice:linger) enable linger for alice",
        "    | No such file",
        "    do: look at the journal",
        "fatal: [web1]: FAILED! => (item=session:bob:migrate) refused: Podman of bob still uses an old ID map",
        "    why: 2 containers run",
        "skipping: [web1] => (item=engine:drop-in:content) not reached: write a drop-in",
        "fatal: [long-name.example.org]: UNREACHABLE! => connection refused",
        "    do: is sshd running?",
        "ok: [db1] => nothing to change",
    } <= set(lines)
    assert [line.partition("]")[0] for line in lines if line.startswith("TASK")] == [
        "TASK [connect",
        "TASK [packages, accounts, subids, sysctls, storage, engine, session",
        "TASK [subids",
        "TASK [engine",
        "TASK [session",
    ]


def test_where_nothing_is_to_be_done_no_task_is_printed_for_nothing() -> None:
    text = shown(report(host(Status.OK, "a"), host(Status.OK, "b")))
    assert text.count("TASK [") == 1
    assert shown(report(host(Status.OK, "a")), verbose=1).count("TASK [") == 7


def test_what_is_not_applicable_leaves_a_host_and_its_part_ok() -> None:
    one = report(host(Status.OK, not_applicable=(ABSENT,)))
    assert "ok: [web1] => nothing to change" in shown(one).splitlines()
    assert "skipping" not in shown(one), "the same line in every run, for every host"
    lines = shown(one, verbose=1).splitlines()
    assert f"skipping: [web1] => (item={ABSENT.id}) not applicable: {ABSENT.reason}" in lines
    assert (recap(shown(one))["web1"]["ok"], recap(shown(one))["web1"]["skipped"]) == (7, 1)


def test_every_part_is_asked_for_where_none_was_named() -> None:
    assert View().parts == PART_NAMES


def test_only_the_parts_that_were_asked_for_are_counted() -> None:
    text = shown(report(host(Status.OK, "a")), parts=("subids",))
    assert "TASK [subids] ***" in text
    assert recap(text)["a"]["ok"] == 1


def test_a_change_that_nothing_says_why_it_was_not_reached_is_a_failure() -> None:
    text = shown(report(host(Status.FAILED, changes=(CHANGED[2],))))
    assert "fatal: [web1]: FAILED! => (item=engine:drop-in:content)" in text
    assert recap(text)["web1"]["failed"] == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("one", [APPLIED, VERIFIED])
@pytest.mark.parametrize("width", [40, 80])
def test_a_narrow_terminal_wraps_at_words_and_loses_nothing(one: Report, width: int) -> None:
    narrow, wide = Terminal(), io.StringIO()
    for file, columns in ((narrow, width), (wide, 200)):
        draw(one, View(verbose=1), Console(file=file, width=columns, color_system=None, highlight=False))
    # two columns of Ansible's summary are always 0, and are not shown where it does not fit
    left_out = ("**", "rescued=", "ignored=")
    words = [
        [word for word in file.getvalue().split() if not any(part in word for part in left_out)]
        for file in (narrow, wide)
    ]
    assert words[0] == words[1]
    long = [line for line in narrow.getvalue().splitlines() if len(line) > width and "do: " not in line]
    assert [line for line in long if " " in line.strip() and "TASK [packages" not in line] == []


def test_the_summary_of_a_host_is_one_line_of_eighty_columns() -> None:
    narrow = Terminal()
    draw(APPLIED, View(), Console(file=narrow, width=80, color_system=None, highlight=False))
    rows = narrow.getvalue().partition("PLAY RECAP")[2].partition("\n\n")[0].splitlines()[1:]
    assert [row.partition(" : ")[0].strip() for row in rows] == [host.name for host in APPLIED.hosts]
    assert all(len(row) < 80 and "failed=" in row and "rescued" not in row for row in rows)


def test_a_pipe_is_never_wrapped_whatever_the_width() -> None:
    text = io.StringIO()
    draw(
        APPLIED, View(), Console(file=text, width=40, force_terminal=True, color_system=None, highlight=False)
    )
    assert len(recap(text.getvalue())) == 4


@pytest.mark.parametrize("word", ["ok", "changed", "pending", "fatal", "skipping"])
def test_colour_says_nothing_that_a_word_does_not_say(word: str) -> None:
    plain, coloured = shown(APPLIED), shown(APPLIED, colour=True)
    assert plain == re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert f"\n{word}: [" in plain
    # green is not used at all: it is what red is taken for
    assert not re.search(r"\x1b\[(?:\d+;)*(?:32|92)m", coloured)


def test_no_color_and_force_color_are_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, expected in (("NO_COLOR", False), ("FORCE_COLOR", True)):
        with monkeypatch.context() as context:
            context.delenv("NO_COLOR", raising=False)
            context.setenv("TERM", "xterm-256color")
            context.setenv(variable, "1")
            text = Terminal() if variable == "NO_COLOR" else io.StringIO()
            draw(APPLIED, View(), Console(file=text, width=80, highlight=False))
            assert bool(re.search(r"\x1b\[[0-9;]*3\dm", text.getvalue())) is expected


def test_a_failed_host_never_counts_no_failure() -> None:
    one = report(HostReport(name="x", status=Status.FAILED, trouble=Trouble(message="it broke")))
    assert recap(shown(one))["x"]["failed"] == 1


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


def test_a_host_with_only_something_to_review_is_not_called_ok_and_its_warning_has_no_severity() -> None:
    odd = Finding(
        check="V03", title="t", verdict=Verdict.WARN, severity=Severity.MAJOR, cause="c", ref="C15", mode="m"
    )
    text = shown(report(host(Status.OK, findings=(odd,)), verb="verify"))
    assert re.search(r"^  warn +the host: 0 passed, 1 to review$", text, re.MULTILINE)
    assert "why: C15 m; podstead explain C15" in text
    fine = replace(odd, verdict=Verdict.PASS, cause="", ref="")
    assert re.search(
        r"^  ok +the host: 1 passed$",
        shown(report(host(Status.OK, findings=(fine,)), verb="verify")),
        re.MULTILINE,
    )
