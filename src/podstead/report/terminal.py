"""The report as text: one block for each host, then the recap in Ansible's shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from podstead.finding import Finding, Verdict
from podstead.report.printable import one_line, printable
from podstead.report.problems import Problem, problems
from podstead.report.record import (
    Capacity,
    ChangeRecord,
    ChangeStatus,
    HostReport,
    Report,
    Status,
    failed_findings,
)

_STYLES = {
    "ok": "green",
    "pass": "green",
    "changed": "yellow",
    "pending": "yellow",
    "warn": "yellow",
    "failed": "bold red",
    "fail": "bold red",
    "refused": "bold red",
    "unreachable": "bold red",
    "unknown": "magenta",
    "n/a": "dim",
    "skipped": "dim",
    "not-reached": "dim",
}
_VERDICTS = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.WARN: "warn",
    Verdict.COULD_NOT_LOOK: "unknown",
    Verdict.NOT_APPLICABLE: "n/a",
}
_WIDTH = 13
PARTS = 7
"""Parts that are looked at on every host; the recap counts them as Ansible counts tasks."""


def render(report: Report, console: Console, *, diff: bool = False, verbose: int = 0) -> None:
    """Print a report. The console decides about colour and width."""
    for host in report.hosts:
        for line in _host(host, diff=diff, verbose=verbose):
            console.print(line, soft_wrap=True)
        console.print()
    for problem in problems(report.fleet):
        for line in _problem(problem):
            console.print(line, soft_wrap=True)
    console.print(
        Text(f"PLAY RECAP {'*' * max(3, min(console.width, 80) - 12)}", style="bold"), soft_wrap=True
    )
    width = max((len(printable(host.name)) for host in report.hosts), default=0)
    for host in report.hosts:
        console.print(_recap(host, width), soft_wrap=True)


def _line(word: str, *texts: str, indent: int = 2) -> Text:
    line = Text(" " * indent)
    line.append(word.ljust(_WIDTH), style=_STYLES.get(word, ""))
    line.append("  ".join(one_line(text) for text in texts))
    return line


def _more(label: str, text: str) -> Iterator[Text]:
    if text:
        yield Text(f"{' ' * (_WIDTH + 2)}{label}: {one_line(text)}")


def _host(host: HostReport, *, diff: bool, verbose: int) -> Iterator[Text]:
    heading = Text(printable(host.name), style="bold")
    if host.system:
        heading.append(f"  {one_line(host.system)}, Linux {one_line(host.kernel)}", style="dim")
    yield heading
    if host.trouble:
        yield _line(host.status.value, host.trouble.message)
        yield from _more("do", host.trouble.hint)
    for change in host.changes:
        yield from _change(change, diff=diff)
    for refusal in host.refusals:
        yield _line("refused", refusal.id, refusal.title)
        yield from _more("why", refusal.reason)
        yield from _more("do", refusal.remedy)
    for absent in host.not_applicable:
        yield _line("n/a", absent.id, absent.reason)
    for note in host.notes:
        yield _line("note", note)
    yield from _findings(host, verbose=verbose)
    if host.status is Status.OK and not host.findings:
        yield _line("ok", "nothing to change")
    if verbose:
        yield Text(
            f"  {host.connections} connection(s), {host.commands} command(s), {host.seconds:.2f} s",
            style="dim",
        )


def _change(change: ChangeRecord, *, diff: bool) -> Iterator[Text]:
    yield _line(change.status.value, change.id, change.title)
    if diff and change.diff:
        for row in printable(change.diff).splitlines():
            style = "green" if row.startswith("+") else "red" if row.startswith("-") else "dim"
            yield Text(f"    {row}", style=style)
    if change.status is ChangeStatus.FAILED:
        for row in printable(change.log).splitlines():
            yield Text(f"{' ' * (_WIDTH + 2)}| {row}")
        yield from _more("do", change.hint)


def _findings(host: HostReport, *, verbose: int) -> Iterator[Text]:
    """One line for each user; then only what is wrong. Every check with ``-v``."""
    users = list(dict.fromkeys(one.user for one in host.findings))
    for user in users:
        mine = [one for one in host.findings if one.user == user]
        yield _summary(user, mine, host)
        if verbose:
            yield from _every(mine)
    wrong = problems(host.findings)
    if wrong:
        yield Text("")
    for problem in wrong:
        yield from _problem(problem)


def _summary(user: str, findings: list[Finding], host: HostReport) -> Text:
    count = Counter(one.verdict for one in findings)
    words = [f"{count[Verdict.PASS]} passed"]
    words += [f"{count[Verdict.FAIL]} failed"] if count[Verdict.FAIL] else []
    words += (
        [f"{count[Verdict.COULD_NOT_LOOK]} could not be looked at"] if count[Verdict.COULD_NOT_LOOK] else []
    )
    words += [f"{count[Verdict.WARN]} to look at"] if count[Verdict.WARN] else []
    words += [f"{count[Verdict.NOT_APPLICABLE]} not applicable"] if count[Verdict.NOT_APPLICABLE] else []
    broken = bool(failed_findings(tuple(findings)))
    verdict = ("not ready" if broken else "ready") if user else ("fail" if broken else "ok")
    line = Text("  ")
    line.append(verdict.ljust(_WIDTH), style=_STYLES["fail" if broken else "ok"])
    line.append(f"{one_line(user) or 'the host'}: {', '.join(words)}")
    if not user and host.capacity:
        line.append(f"; {_room(host.capacity)}", style="dim")
    return line


def _room(capacity: Capacity) -> str:
    if not capacity.users:
        return f"no room for another user of {capacity.count} IDs"
    return f"room for {capacity.users} more user(s) of {capacity.count} IDs, the next at {capacity.next}"


def _every(findings: list[Finding]) -> Iterator[Text]:
    for finding in findings:
        yield _line(_VERDICTS[finding.verdict], finding.check, finding.title, indent=4)
        text = finding.found if finding.verdict is Verdict.PASS else finding.cause
        if text and finding.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
            yield Text(f"{' ' * (_WIDTH + 4)}{one_line(text)}", style="dim")


def _problem(problem: Problem) -> Iterator[Text]:
    head = problem.head
    who = one_line(head.user) or "the host"
    name = f"{head.ref} {head.mode}" if head.ref else " ".join(problem.checks or problem.blind)
    title = head.cause if head.ref else head.title
    if head.verdict is Verdict.COULD_NOT_LOOK and not head.ref:
        name, title = " ".join(problem.blind), head.cause
    yield _line(_VERDICTS[head.verdict], f"{who}:", title)
    if head.ref:
        yield from _more("why", f"{name} ({head.severity.value}); podstead explain {head.ref}")
    elif head.verdict is not Verdict.COULD_NOT_LOOK:
        yield from _more("cause", head.cause)
    for label, text in (("found", head.found), ("expected", head.expected), ("do", head.remedy)):
        yield from _more(label, text)
    yield from _more("costs", ", ".join(head.costs))
    yield from _more("not ruled out", ", ".join(head.others))
    yield from _more("checks", " ".join(problem.checks))
    yield from _more("not looked at", " ".join(problem.blind))


def _recap(host: HostReport, width: int) -> Text:
    bad = {
        one.id.split(":", 1)[0]
        for one in host.changes
        if one.status in (ChangeStatus.FAILED, ChangeStatus.NOT_REACHED)
    }
    bad |= {one.id.split(":", 1)[0] for one in host.refusals}
    failed = len(bad) + sum(one.verdict in (Verdict.FAIL, Verdict.COULD_NOT_LOOK) for one in host.findings)
    if host.status is Status.FAILED and not failed:
        failed = 1
    good = sum(one.verdict is Verdict.PASS for one in host.findings) if host.findings else PARTS - len(bad)
    unreachable = host.status is Status.UNREACHABLE
    skipped = host.status is Status.SKIPPED
    counts = {
        "ok": 0 if unreachable or skipped or host.trouble else good,
        "changed": sum(one.status is ChangeStatus.CHANGED for one in host.changes),
        "pending": sum(one.status is ChangeStatus.PENDING for one in host.changes),
        "unreachable": int(unreachable),
        "failed": failed,
        "skipped": 1
        if skipped
        else len(host.not_applicable) + sum(one.verdict is Verdict.NOT_APPLICABLE for one in host.findings),
    }
    line = Text(printable(host.name).ljust(width), style=_STYLES.get(host.status.value, ""))
    line.append(" : ", style="default")
    line.append("  ".join(f"{name}={count}" for name, count in counts.items()), style="default")
    return line
