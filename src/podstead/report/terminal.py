"""The report as text: one block for each host, then the recap in Ansible's shape."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.text import Text

from podstead.finding import Finding, Verdict
from podstead.report.printable import one_line, printable
from podstead.report.record import ChangeRecord, ChangeStatus, HostReport, Report, Status

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
    yield from _findings(host.findings)
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


def _findings(findings: tuple[Finding, ...]) -> Iterator[Text]:
    for user, group in groupby(findings, key=lambda finding: finding.user):
        yield Text(f"  {f'as {one_line(user)}' if user else 'the host'}", style="bold")
        for finding in group:
            yield _line(_VERDICTS[finding.verdict], finding.check, finding.title, indent=4)
            if finding.verdict is Verdict.PASS:
                if finding.found:
                    yield Text(f"{' ' * (_WIDTH + 4)}{one_line(finding.found)}", style="dim")
                continue
            for label, text in (
                ("expected", finding.expected),
                ("found", finding.found),
                ("cause", finding.cause),
                ("do", finding.remedy),
            ):
                for row in _more(label, text):
                    yield Text("  ") + row


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
