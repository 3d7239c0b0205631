"""What a person is told at the end of ``podstead up``."""

from __future__ import annotations

import pytest

from podstead.proof.finding import Finding, Severity, Verdict
from podstead.report.ready import TRY, ready
from podstead.visit.record import Grant, HostReport, Report, Status

GRANT = Grant(uid=1001, uids=("524288:65536",), gids=("524288:65536",))
LOGIN = ("needs root", "takes effect at the user's next login")


def finding(user: str, verdict: Verdict = Verdict.PASS, costs: tuple[str, ...] = ()) -> Finding:
    return Finding(check="V10", title="t", verdict=verdict, severity=Severity.BLOCK, user=user, costs=costs)


def host(name: str, *findings: Finding, grant: Grant = GRANT) -> HostReport:
    users = {one.user: grant for one in findings if one.user}
    return HostReport(name=name, status=Status.OK, findings=findings, grants=users)


def report(*hosts: HostReport) -> Report:
    return Report(verb="verify", version="0", started="", seconds=0, hosts=hosts)


def test_the_user_is_told_what_to_do_and_who_they_are_outside() -> None:
    text = ready(report(host("web1", finding("alice"), finding(""))))
    assert text.splitlines() == [
        "",
        "alice on web1 is ready for rootless Podman. Log in as alice, not with su or sudo, and try it:",
        f"  {TRY}",
        "",
        "  in a container   on the host",
        "  0, root          1001, alice alone",
        "  1 to 65536       524288 to 589823",
        "  so a file of container ID 5 belongs to 524292 on the host",
    ]


def test_the_person_who_asks_is_spoken_to() -> None:
    text = ready(report(host("@local", finding("alice"))), here="@local", me="alice")
    assert text.startswith("\nYou (alice) are ready for rootless Podman; try it:\n")
    assert "Log in as" not in text


def test_hosts_on_which_a_user_has_the_same_ids_share_a_picture() -> None:
    hosts = [host(f"web{number}", finding("alice")) for number in range(7)]
    text = ready(report(*hosts))
    assert "alice on web0, web1, web2, web3, web4 and 2 more is ready" in text
    assert text.count("in a container") == 1
    other = Grant(uid=2001, uids=("1000000:65536",), gids=("1000000:65536",))
    text = ready(
        report(*hosts, *(host(f"db{number}", finding(f"u{number}"), grant=other) for number in range(4)))
    )
    assert text.count("in a container") == 3
    assert text.endswith("2 more users are ready.")
    four = (host(f"db{number}", finding(f"u{number}"), grant=other) for number in range(4))
    assert ready(report(*four)).endswith("1 more user is ready.")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.COULD_NOT_LOOK])
def test_nobody_is_called_ready_for_whom_something_failed_or_could_not_be_checked(verdict: Verdict) -> None:
    assert ready(report(host("web1", finding("alice"), finding("alice", verdict)))) == ""
    assert ready(report(HostReport(name="web1", status=Status.OK, grants={"alice": GRANT}))) == "", (
        "nothing was proved"
    )


def test_a_login_that_is_still_needed_is_said() -> None:
    found = finding("alice", Verdict.WARN, LOGIN)
    text = ready(report(host("@local", found)), here="@local", me="alice")
    assert "log out and in again, and try it:" in text


def test_several_ranges_are_joined_as_podman_joins_them() -> None:
    two = Grant(uid=1001, uids=("200000:65536", "100000:10"), gids=())
    text = ready(report(host("web1", finding("alice"), grant=two)))
    assert "  1 to 10          100000 to 100009\n  11 to 65546      200000 to 265535\n" in text
    small = Grant(uid=1001, uids=("100000:1",), gids=())
    text = ready(report(host("web1", finding("alice"), grant=small)))
    assert text.endswith("  1                100000"), "there is no container ID 5"
    unknown = Grant(uids=("100000:65536",), gids=())
    assert "in a container" not in ready(report(host("web1", finding("alice"), grant=unknown)))


def test_what_a_host_says_is_harmless_on_a_terminal() -> None:
    assert "\x1b" not in ready(report(host("web\x1b[2J", finding("al\x1b]0;x\x07"))))
