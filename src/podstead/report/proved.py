"""What ``verify`` found, as text: a block for each host with one line for each user, then only what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from podstead.plural import counted
from podstead.printable import one_line
from podstead.proof.checks import CHECKS
from podstead.proof.finding import Finding, Verdict
from podstead.report.causes import Cause, causes
from podstead.report.screen import Screen
from podstead.report.view import View
from podstead.visit.record import Capacity, HostReport, Report, Status, failed_findings

_WORDS: Final = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.WARN: "warn",
    Verdict.COULD_NOT_LOOK: "unknown",
    Verdict.NOT_APPLICABLE: "n/a",
}
_WIDTH: Final = 13
"""Of the column with the verdict."""
_NAMED: Final = 5
"""Users who are named where many have the same trouble."""


def draw(report: Report, screen: Screen, view: View) -> None:
    """Print what was found on each host, and what only several hosts together show."""
    screen.blank()
    screen.heading("TASK [verify]")
    for number, host in enumerate(report.hosts):
        if number:
            screen.blank()
        _host(host, screen, view)
    found = causes(report.fleet)
    if found:
        screen.blank()
        screen.heading("TASK [compare the hosts]")
    for cause in found:
        _cause(cause, screen)


def _host(host: HostReport, screen: Screen, view: View) -> None:
    if host.trouble or host.status is Status.SKIPPED:
        screen.trouble(host)
    found = causes(host.findings)
    if host.findings or not host.trouble:
        name = one_line(host.name)
        if host.status is Status.FAILED:
            screen.line(f"fatal: [{name}]: FAILED! => {_reason(found) or 'it could not be proved'}", "fail")
        else:
            screen.line(f"ok: [{name}] => {_proved(host)}", "ok")
        if host.system:
            screen.line(f"  {one_line(host.system)}, Linux {one_line(host.kernel)}", "dim")
    users = list(dict.fromkeys(finding.user for finding in host.findings))
    for user in users:
        user_findings = [finding for finding in host.findings if finding.user == user]
        _summary(user, user_findings, host, screen)
        if view.verbose:
            _every(user_findings, screen)
    if found:
        screen.blank()
    for cause in found:
        _cause(cause, screen)


def headline(cause: Cause) -> str:
    """What is wrong, in a line: the cause where it was proved, else what did not hold."""
    finding = cause.finding
    if finding.cause:
        return one_line(finding.cause)
    check = CHECKS.get(finding.check)
    return one_line(check.fails if check else finding.title)


def _reason(found: Sequence[Cause]) -> str:
    """The first thing that is wrong, for whom, and how many more there are."""
    wrong = [cause for cause in found if cause.finding.verdict is not Verdict.WARN]
    if not wrong:
        return ""
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return f"{names_of(wrong[0].users)}: {headline(wrong[0])}{more}"


def _proved(host: HostReport) -> str:
    users = list(dict.fromkeys(finding.user for finding in host.findings if finding.user))
    return f"{names_of(users)} ready" if users else "proved"


def _line(word: str, text: str, screen: Screen, *, indent: int = 2) -> None:
    style = {"pass": "ok", "ready": "ok", "not ready": "fail"}.get(word, word)
    screen.line(f"{' ' * indent}{word:<{_WIDTH}}{text}", style, head=indent + _WIDTH, hang=indent + _WIDTH)


def _summary(user: str, findings: list[Finding], host: HostReport, screen: Screen) -> None:
    count = Counter(finding.verdict for finding in findings)
    words = [f"{count[Verdict.PASS]} passed"]
    words += [
        f"{count[verdict]} {word}"
        for verdict, word in (
            (Verdict.FAIL, "failed"),
            (Verdict.COULD_NOT_LOOK, "could not be checked"),
            (Verdict.WARN, "to review"),
            (Verdict.NOT_APPLICABLE, "not applicable"),
        )
        if count[verdict]
    ]
    broken = bool(failed_findings(tuple(findings)))
    # of the host itself, which is not ready or not, only the review is left to say
    of_host = "fail" if broken else "warn" if count[Verdict.WARN] else "ok"
    verdict = ("not ready" if broken else "ready") if user else of_host
    room = f"; {_room(host.capacity)}" if not user and host.capacity else ""
    _line(verdict, f"{one_line(user) or 'the host'}: {', '.join(words)}{room}", screen)


def _room(capacity: Capacity) -> str:
    if not capacity.users:
        return f"no room for another user with {capacity.count} IDs"
    users = counted(capacity.users, "more user")
    return f"room for {users} with {capacity.count} IDs each, the next at {capacity.next}"


def _every(findings: list[Finding], screen: Screen) -> None:
    for finding in findings:
        _line(_WORDS[finding.verdict], f"{finding.check}  {one_line(finding.title)}", screen, indent=4)
        text = finding.found if finding.verdict is Verdict.PASS else finding.cause
        if text and finding.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
            screen.line(f"{' ' * (_WIDTH + 4)}{one_line(text)}", "dim", hang=_WIDTH + 4)


def names_of(users: Sequence[str]) -> str:
    """Those whom something concerns, the first of them by name."""
    known = [one_line(user) or "the host" for user in users]
    return ", ".join(known[:_NAMED]) + (f" and {len(known) - _NAMED} more" if len(known) > _NAMED else "")


def _cause(cause: Cause, screen: Screen) -> None:
    finding = cause.finding
    names = names_of(cause.users)
    indent = _WIDTH + 2
    _line(_WORDS[finding.verdict], f"{names}:  {headline(cause)}", screen)
    if finding.ref:
        severity = "" if finding.verdict is Verdict.WARN else f" ({finding.severity.value})"
        reference = f"{finding.ref} {finding.mode}{severity}; podstead explain {finding.ref}"
        screen.more("why", reference, indent)
    screen.more("found", cause.found, indent)
    screen.more("expected", finding.expected, indent)
    for users, text in cause.remedies:
        owners = "" if len(cause.remedies) == 1 else f"{names_of(users)}: "
        screen.remedy(f"{owners}{text}", indent)
    for label, text in (
        ("costs", ", ".join(finding.costs)),
        ("not ruled out", ", ".join(finding.others)),
        ("checks", " ".join(cause.checks)),
        ("not checked", " ".join(cause.could_not_look)),
    ):
        screen.more(label, text, indent)
