"""What only several reports together show: users whose ranges differ between hosts, and what a reboot changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from podstead.document.spec import HostSpec
from podstead.proof.checks import CHECKS, finding_of
from podstead.proof.finding import Finding, Verdict
from podstead.visit.record import HostReport, Report, Status, failed_findings

_GOOD = (Verdict.PASS, Verdict.NOT_APPLICABLE)


def same_numbers(specs: Mapping[str, HostSpec], hosts: Iterable[HostReport]) -> tuple[Finding, ...]:
    """Under ``allocation: by-uid`` a user must have the same numbers on every host."""
    hosts_by_grant: dict[str, dict[str, list[str]]] = {}
    for host in hosts:
        spec = specs.get(host.name)
        if spec is None or spec.subids.allocation != "by-uid":
            continue
        for user, grant in host.grants.items():
            text = f"UIDs {', '.join(grant.uids) or 'none'}, GIDs {', '.join(grant.gids) or 'none'}"
            hosts_by_grant.setdefault(user, {}).setdefault(text, []).append(host.name)
    return tuple(_differs(user, grants) for user, grants in sorted(hosts_by_grant.items()) if len(grants) > 1)


def _differs(user: str, grants: Mapping[str, list[str]]) -> Finding:
    rows = sorted(grants.items(), key=lambda item: -len(item[1]))
    texts = (
        f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}: {text}"
        for text, names in rows
    )
    finding = finding_of(
        "V03",
        Verdict.FAIL,
        user=user,
        expected="the same numbers, because subids.allocation is by-uid",
        found="; ".join(texts),
        cause="the ranges were allocated by a different rule, or the UID differs between hosts",
        remedy=f"compare 'id {user}' on these hosts; where there is no storage yet, remove the range that "
        f"differs ('loginctl terminate-user {user}', usermod --del-subuids, --del-subgids) and run podstead apply",
    )
    return replace(finding, title="a user has the same ranges on every host")


def with_reboot_verdict(report: Report, earlier: Report) -> Report:
    """The same report with V30 judged against an earlier one."""
    hosts = []
    for host in report.hosts:
        reboot = judge_reboot(host, earlier)
        findings = tuple(reboot if finding.check == "V30" else finding for finding in host.findings)
        failed = bool(failed_findings((reboot,))) and reboot in findings
        status = Status.FAILED if failed and host.status is Status.OK else host.status
        hosts.append(host.model_copy(update={"findings": findings, "status": status}))
    return report.model_copy(update={"hosts": tuple(hosts)})


def judge_reboot(host: HostReport, earlier_report: Report) -> Finding:
    """V30: what was proved before holds after the reboot."""
    earlier = next((candidate for candidate in earlier_report.hosts if candidate.name == host.name), None)
    if earlier is None or not earlier.boot_id:
        return finding_of(
            "V30",
            Verdict.COULD_NOT_LOOK,
            cause=f"the earlier report has no boot ID for {host.name}",
        )
    if earlier.boot_id == host.boot_id:
        return finding_of(
            "V30", Verdict.NOT_APPLICABLE, cause="the host has not been rebooted since that report"
        )
    passed_before = {
        (finding.user, finding.check) for finding in earlier.findings if finding.verdict in _GOOD
    }
    lost = sorted(
        f"{finding.check} of {finding.user or 'the host'}"
        for finding in host.findings
        if CHECKS[finding.check].undone_by_reboot
        and (finding.user, finding.check) in passed_before
        and finding.verdict not in _GOOD
    )
    if lost:
        return finding_of(
            "V30", Verdict.FAIL, expected="the same verdicts as before", found=f"no longer: {', '.join(lost)}"
        )
    return finding_of(
        "V30", Verdict.PASS, found="the host was rebooted, and what was proved before still holds"
    )
