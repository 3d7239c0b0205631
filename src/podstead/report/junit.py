"""The report as JUnit XML, for CI: a suite for each host, a case for each check and user."""

from __future__ import annotations

import re
from typing import TextIO
from xml.etree import ElementTree as ET

from podstead.printable import printable
from podstead.proof.finding import Finding, Verdict
from podstead.report.steps import as_text
from podstead.report.view import View
from podstead.visit.record import ChangeRecord, ChangeStatus, HostReport, Report, Status

#: What XML 1.0 cannot hold at all, not even as an escape.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, _view: View, out: TextIO) -> None:
    """Write every case, whatever of the report was asked for."""
    out.write(document(report))


def document(report: Report) -> str:
    """The document as text. Whatever a host said becomes harmless text in it."""
    root = ET.Element("testsuites", name=f"podstead {report.verb}", time=f"{report.seconds:.3f}")
    for host in report.hosts:
        _suite(root, host, report.started)
    if report.fleet:
        suite = ET.SubElement(root, "testsuite", name="the fleet")
        for finding in report.fleet:
            _finding(suite, "the fleet", finding)
        _count(suite)
    _count(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, host: HostReport, started: str) -> None:
    suite = ET.SubElement(
        root, "testsuite", name=_text(host.name), timestamp=started[:19], time=f"{host.seconds:.3f}"
    )
    for change in host.changes:
        _change(suite, host.name, change)
    for refusal in host.refusals:
        case = _case(suite, host.name, refusal.id)
        _outcome(case, "failure", refusal.title, f"{refusal.reason}\n{as_text('do', refusal.remedy)}")
    for finding in host.findings:
        _finding(suite, host.name, finding)
    if host.trouble or host.status is Status.SKIPPED:
        case = _case(suite, host.name, "host")
        kind = "skipped" if host.status is Status.SKIPPED else "error"
        trouble = host.trouble
        _outcome(
            case,
            kind,
            trouble.message if trouble else "not reached",
            as_text("do", trouble.hint) if trouble else "",
        )
    _count(suite)


def _change(suite: ET.Element, host: str, change: ChangeRecord) -> None:
    case = _case(suite, host, change.id)
    if change.status in (ChangeStatus.FAILED, ChangeStatus.NOT_REACHED):
        _outcome(case, "failure", change.title, f"{change.log}\n{as_text('do', change.hint)}\n{change.diff}")
    elif change.status is ChangeStatus.PENDING:
        _outcome(case, "failure", f"pending: {change.title}", change.diff)


def _finding(suite: ET.Element, host: str, finding: Finding) -> None:
    case = _case(
        suite, host, f"{finding.check} {finding.title}" + (f" [{finding.user}]" if finding.user else "")
    )
    rows = (
        ("found", finding.found),
        ("expected", finding.expected),
        ("cause", f"{finding.ref} {finding.cause}".strip()),
        ("costs", ", ".join(finding.costs)),
        ("not ruled out", ", ".join(finding.others)),
    )
    body = "\n".join(
        filter(None, (*(f"{label}: {text}" for label, text in rows if text), as_text("do", finding.remedy)))
    )
    if finding.verdict is Verdict.FAIL:
        _outcome(case, "failure", finding.cause or finding.title, body)
    elif finding.verdict is Verdict.COULD_NOT_LOOK:
        _outcome(case, "error", finding.cause or "could not look", body)
    elif finding.verdict is Verdict.NOT_APPLICABLE:
        _outcome(case, "skipped", finding.cause, "")
    elif finding.verdict is Verdict.WARN:
        ET.SubElement(case, "system-out").text = _text(f"warning\n{body}")


def _case(suite: ET.Element, host: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=_text(host), name=_text(name))


def _outcome(case: ET.Element, kind: str, message: str, body: str) -> None:
    ET.SubElement(case, kind, message=_text(message)).text = _text(body) or None


def _text(text: str) -> str:
    return _NOT_XML.sub("?", printable(text))


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(list(suite.iter("testcase")))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(list(suite.iter(tag)))))
