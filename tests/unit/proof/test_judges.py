"""From evidence to findings: each check passes, fails for each cause it knows, or says that it could not look."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import Any

import pytest

from podstead.ids.ranges import IdMap, IdRange
from podstead.proof.checks import CHECKS
from podstead.proof.engine_evidence import Attempt
from podstead.proof.evidence import Bind, Evidence
from podstead.proof.finding import Verdict
from podstead.proof.subject import PING_RANGE, PORT_START
from podstead.proof.verdict import findings
from tests.model_host import ModelHost
from tests.support.subjects import (
    ATTEMPTS,
    CHOWN,
    GID_MAP,
    HEALTHY,
    RANGE,
    TOOLS,
    UID_MAP,
    attempt,
    host,
    inside,
    judged,
    maps,
    no_namespace,
    refused,
    subject,
)

OF_A_USER = {check for check in CHECKS if check not in ("V29", "V30")}
"""Checks of one user; the others are of a host."""


def test_a_healthy_user_passes_every_check_but_the_one_that_needs_a_pause_process() -> None:
    verdicts = {finding.check: finding.verdict for finding in findings(subject())}
    assert dict.fromkeys(OF_A_USER, Verdict.PASS) | {"V11": Verdict.NOT_APPLICABLE} == verdicts


def test_findings_are_in_the_order_of_their_ids_and_know_their_user() -> None:
    found = findings(subject())
    assert sorted(finding.check for finding in found) == [finding.check for finding in found]
    assert {"alice"} == {finding.user for finding in found}


@pytest.mark.parametrize(
    "on", [host(), host(files={}), host(tools=set())], ids=["granted", "nothing granted", "no tools"]
)
def test_where_nothing_was_looked_at_nothing_passes_but_what_root_saw(on: ModelHost) -> None:
    passed = {
        finding.check for finding in findings(subject(Evidence(), on)) if finding.verdict is Verdict.PASS
    }
    assert passed <= {"V02", "V03", "V26"}


def test_every_failure_names_what_to_do() -> None:
    ill = replace(
        HEALTHY,
        attempts={name: Attempt(1, "it broke") for name in ATTEMPTS},
        maps={},
        owner_of_5_5="1:1",
        keep_id_file_owner="",
        binds=(Bind(4, 80, "ok"),),
    )
    failures = [finding for finding in findings(subject(ill)) if finding.verdict is Verdict.FAIL]
    assert {"V04", "V05", "V10", "V17", "V19", "V21", "V27"} == {finding.check for finding in failures}
    assert [finding.check for finding in failures if not finding.remedy] == []


# --- V01: the session ---


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"passwd": ""}, "UID 1000 has no passwd entry"),
        ({"who": ("alice", "1000", "33", "33")}, "primary group is 33, passwd says 1001"),
        ({"status": {"NoNewPrivs": "1"}}, "no_new_privs is set"),
        ({"environment": {"USER": "bob"}}, "$USER is bob, the user is alice"),
        ({"access": frozenset({"home"})}, "the working directory cannot be entered"),
        ({"access": frozenset({"directory"})}, "/home/alice is not writable"),
        ({"own_map": IdMap.parse("0 1000 1\n1 100000 1000")}, "does not hold the granted IDs"),
    ],
)
def test_v01_fails_and_says_what_is_wrong_with_the_session(changed: dict[str, Any], expected: str) -> None:
    finding = judged("V01", subject(replace(HEALTHY, **changed)))
    assert Verdict.FAIL is finding.verdict
    assert expected in finding.found


WITHOUT_USER = {name: value for name, value in HEALTHY.environment.items() if name != "USER"}


@pytest.mark.parametrize("user", [{}, {"USER": ""}])
def test_v01_does_not_need_the_variable(user: dict[str, str]) -> None:
    assert (
        Verdict.PASS is judged("V01", subject(replace(HEALTHY, environment={**WITHOUT_USER, **user}))).verdict
    )


def test_v01_accepts_a_nested_host_that_holds_the_ids() -> None:
    nested = replace(HEALTHY, own_map=IdMap.parse("0 100000 10000000"))
    assert Verdict.PASS is judged("V01", subject(nested)).verdict


def test_v01_warns_outside_a_session_only_where_there_are_sessions() -> None:
    direct = replace(HEALTHY, context="direct")
    assert Verdict.WARN is judged("V01", subject(direct)).verdict
    assert Verdict.PASS is judged("V01", subject(direct, host(systemd=False))).verdict


@pytest.mark.parametrize(("context", "expected"), [("", "could not be started"), ("direct", "cut short")])
def test_v01_could_not_look_without_the_user(context: str, expected: str) -> None:
    finding = judged("V01", subject(Evidence(context=context)))
    assert Verdict.COULD_NOT_LOOK is finding.verdict
    assert expected in finding.cause


# --- V02, V03: the grant ---


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "UIDs none; GIDs none"),
        ({"/etc/subuid": "alice:524288:65536\n", "/etc/subgid": ""}, "UIDs 524288:65536; GIDs none"),
        (
            {"/etc/subuid": "alice:524288:65536\n", "/etc/subgid": "alice:524288:1000\n"},
            "UIDs 524288:65536; GIDs 524288:1000",
        ),
    ],
)
def test_v02_fails_without_enough_ids_on_both_sides(files: dict[str, str], expected: str) -> None:
    finding = judged("V02", subject(on=host(files=files)))
    assert Verdict.FAIL is finding.verdict
    assert finding.found.endswith(expected)
    assert "podstead apply" in finding.remedy


def test_v02_asks_for_as_many_as_the_spec() -> None:
    finding = judged("V02", subject(subids={"count": 65537}))
    assert (finding.verdict, finding.expected) == (Verdict.FAIL, "at least 65537")


def test_v02_fails_where_the_user_cannot_read_the_files() -> None:
    finding = judged("V02", subject(replace(HEALTHY, access=HEALTHY.access - {"/etc/subgid"})))
    assert Verdict.FAIL is finding.verdict
    assert finding.found.startswith("alice cannot read /etc/subgid")


def test_v02_needs_no_files_where_a_directory_gives_the_ranges() -> None:
    text = "0: alice 524288 65536\n"
    on = host(
        files={},
        subid_source="sss",
        directory={"alice": (text, text)},
        facts={"libsubid__module": ("libsubid_sss.so",)},
    )
    assert Verdict.PASS is judged("V02", subject(replace(HEALTHY, access=frozenset()), on)).verdict


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bob:524288:65536\n", "overlaps bob's 524288:65536 (/etc/subuid:2)"),
        ("alice:524289:5\n", "/etc/subuid:1 and /etc/subuid:2, both of alice, overlap"),
    ],
)
def test_v03_fails_on_ids_that_are_not_the_users_alone(line: str, expected: str) -> None:
    one = host()
    one.files["/etc/subuid"] += line
    finding = judged("V03", subject(on=one))
    assert Verdict.FAIL is finding.verdict
    assert expected in finding.found


def test_v03_fails_on_the_id_of_a_real_group() -> None:
    real = host(groups={"staff": 524300})
    assert "/etc/subgid:1: alice's 524288:65536 includes 524300" in judged("V03", subject(on=real)).found


def test_v03_does_not_apply_where_nothing_is_granted() -> None:
    assert Verdict.NOT_APPLICABLE is judged("V03", subject(on=host(files={}))).verdict


# --- V04 to V09: namespaces and helpers ---


def test_v04_fails_in_the_words_of_the_kernel() -> None:
    finding = judged("V04", subject(no_namespace()))
    assert (finding.verdict, finding.found, finding.ref) == (
        Verdict.FAIL,
        "unshare: unshare failed: Operation not permitted",
        "",
    )


def test_v04_passes_where_only_podman_may() -> None:
    finding = judged("V04", subject(attempt(unshare=refused("no"))))
    assert Verdict.PASS is finding.verdict
    assert "a bare unshare is confined" in finding.found


@pytest.mark.parametrize("check", ["V04", "V05", "V06", "V07", "V08", "V09"])
def test_without_a_probe_of_namespaces_nothing_is_known(check: str) -> None:
    assert Verdict.COULD_NOT_LOOK is judged(check, subject(replace(HEALTHY, attempts={}))).verdict


def test_v05_fails_where_the_helpers_are_missing() -> None:
    ill = replace(attempt(newuidmap=None), helpers={"podman": "/usr/bin/podman"})
    finding = judged("V05", subject(ill, host(tools=TOOLS - {"newuidmap"})))
    assert (finding.verdict, finding.found) == (
        Verdict.FAIL,
        "newuidmap not found; newuidmap was not found",
    )


@pytest.mark.parametrize("name", ["newuidmap", "newgidmap"])
def test_v05_fails_in_the_words_of_the_helper(name: str) -> None:
    finding = judged("V05", subject(attempt(**{name: refused(f"{name}: odd words")})))
    assert (finding.verdict, finding.found, finding.ref) == (Verdict.FAIL, f"{name}: odd words", "")


def test_v05_could_not_look_where_no_child_could_be_made() -> None:
    assert Verdict.COULD_NOT_LOOK is judged("V05", subject(attempt(newuidmap=None))).verdict


def test_v05_fails_where_the_map_is_another_one() -> None:
    finding = judged("V05", subject(maps(granted=UID_MAP.replace("524288", "524289") + GID_MAP)))
    assert Verdict.FAIL is finding.verdict
    assert "1 524289 65536" in finding.found


@pytest.mark.parametrize("text", [None, "", UID_MAP, UID_MAP + "no map\n" + GID_MAP])
def test_v05_could_not_look_without_both_maps(text: str | None) -> None:
    assert Verdict.COULD_NOT_LOOK is judged("V05", subject(maps(granted=text))).verdict


COUNTER_PROOFS = [
    ("V06", "uid_over", "over"),
    ("V06", "gid_over", "over"),
    ("V07", "other", "forbidden"),
    ("V07", "host_root", "forbidden"),
    ("V08", "raw", "raw"),
]


@pytest.mark.parametrize(("check", "name", "map_name"), COUNTER_PROOFS)
def test_a_counter_proof_fails_when_the_attempt_was_allowed(check: str, name: str, map_name: str) -> None:
    finding = judged(check, subject(attempt(**{name: Attempt(0, "")})))
    assert Verdict.FAIL is finding.verdict
    assert f"allowed ({name.replace('_', '-')})" in finding.found
    assert Verdict.FAIL is judged(check, subject(maps(**{map_name: "0 0 1\n"}))).verdict


@pytest.mark.parametrize(("check", "name", "map_name"), COUNTER_PROOFS)
def test_a_counter_proof_that_was_not_made_proves_nothing(check: str, name: str, map_name: str) -> None:
    for one in (
        attempt(**{name: None}),
        attempt(**{name: Attempt(127, "sh: newgidmap: not found\n")}),
        maps(**{map_name: None}),
    ):
        assert Verdict.COULD_NOT_LOOK is judged(check, subject(one)).verdict


@pytest.mark.parametrize(
    "one",
    [attempt(single=refused("sh: Permission denied")), maps(single="0 1000 1\n0 5 1\n"), maps(single="")],
)
def test_v09_fails_where_not_even_the_own_id_is_mapped(one: Evidence) -> None:
    assert Verdict.FAIL is judged("V09", subject(one)).verdict


@pytest.mark.parametrize("one", [attempt(single=None), maps(single=None)])
def test_v09_could_not_look_without_the_attempt(one: Evidence) -> None:
    assert Verdict.COULD_NOT_LOOK is judged("V09", subject(one)).verdict


# --- V10 to V14: Podman's map ---


def test_v10_shows_the_host_id_of_an_example() -> None:
    assert "container UID 5 is host UID 524292" in judged("V10", subject()).found


def test_v10_fails_on_another_map_and_knows_the_single_id() -> None:
    single = attempt(inside=inside(uid="0 1000 1\n", gid="0 1001 1\n", setgroups="deny\n", chown=""))
    found = {finding.check: finding for finding in findings(subject(single))}
    assert Verdict.FAIL is found["V10"].verdict
    assert "fell back to a single ID" in found["V10"].found
    assert (found["V12"].verdict, found["V12"].found) == (Verdict.FAIL, "deny")
    assert (
        found["V13"].verdict,
        found["V13"].found,
    ) == (Verdict.FAIL, "chown to 1:1 failed; chown to 5:5 failed; chown to 65536:65536 failed")


def test_v10_fails_and_shows_podmans_words_when_it_did_not_start() -> None:
    broken = attempt(inside=Attempt(125, "level=warning msg=x\nError: cannot setup namespace\nbye\n"))
    found = {finding.check: finding for finding in findings(subject(broken))}
    assert (found["V10"].verdict, found["V10"].found) == (Verdict.FAIL, "Error: cannot setup namespace")
    assert {Verdict.COULD_NOT_LOOK} == {found[check].verdict for check in ("V12", "V13", "V14", "V15", "V16")}


@pytest.mark.parametrize(
    ("document", "tools", "expected"),
    [
        ({"packages": {"podman": {}}}, TOOLS - {"podman"}, Verdict.FAIL),
        ({}, TOOLS - {"podman"}, Verdict.COULD_NOT_LOOK),
        ({"packages": {"podman": {}}}, TOOLS, Verdict.COULD_NOT_LOOK),
    ],
)
def test_v31_without_podman_fails_only_where_it_was_asked_for(
    document: dict[str, Any], tools: set[str], expected: Verdict
) -> None:
    seen = replace(attempt(inside=None), user_info=None, listed=None)
    one = subject(seen, host(tools=tools), **document)
    assert (judged("V31", one).verdict, judged("V10", one).verdict) == (expected, Verdict.COULD_NOT_LOOK)


@pytest.mark.parametrize(
    ("held", "expected"), [(RANGE, Verdict.PASS), (IdRange(100000, 65536), Verdict.FAIL)]
)
def test_v11_compares_the_map_that_the_pause_process_keeps(held: IdRange, expected: Verdict) -> None:
    one = host(pause={"alice": (IdMap.expected(1000, [held]), IdMap.expected(1001, [held]))})
    assert expected is judged("V11", subject(on=one)).verdict


@pytest.mark.parametrize(
    ("chown", "expected"),
    [
        (CHOWN.replace("chown 65536:65536 ok\n", ""), "chown to 65536:65536 failed; chown: invalid argument"),
        (CHOWN + "chown beyond-uid ok\n", "chown beyond-uid worked; chown: invalid argument"),
        (CHOWN + "chown beyond-gid ok\n", "chown beyond-gid worked; chown: invalid argument"),
    ],
)
def test_v13_fails_and_names_the_id(chown: str, expected: str) -> None:
    finding = judged("V13", subject(attempt(inside=inside(chown=chown))))
    assert (Verdict.FAIL, expected) == (finding.verdict, finding.found)


def test_v13_does_not_take_a_chown_that_was_not_tried_for_a_refusal() -> None:
    assert Verdict.COULD_NOT_LOOK is judged("V13", subject(attempt(inside=inside(code=137)))).verdict


@pytest.mark.parametrize(
    ("owned", "expected"), [("524293:524292", Verdict.FAIL), ("", Verdict.COULD_NOT_LOOK)]
)
def test_v14_compares_the_owner_that_the_host_sees(owned: str, expected: Verdict) -> None:
    assert expected is judged("V14", subject(replace(HEALTHY, owner_of_5_5=owned))).verdict


# --- V21, V22: sockets ---


@pytest.mark.parametrize(
    ("binds", "expected"),
    [
        ((Bind(4, 1024, "ok"), Bind(4, 1023, str(errno.EACCES))), Verdict.PASS),
        ((Bind(4, 1024, str(errno.EADDRINUSE)), Bind(6, 1024, str(errno.EADDRNOTAVAIL))), Verdict.PASS),
        ((Bind(4, 1024, str(errno.EACCES)),), Verdict.FAIL),
        ((Bind(4, 1023, "ok"),), Verdict.FAIL),
        ((Bind(6, 1024, str(errno.EAFNOSUPPORT)),), Verdict.COULD_NOT_LOOK),
        ((), Verdict.COULD_NOT_LOOK),
        (None, Verdict.COULD_NOT_LOOK),
    ],
)
def test_v21_proves_the_boundary_of_low_ports(binds: tuple[Bind, ...] | None, expected: Verdict) -> None:
    assert expected is judged("V21", subject(replace(HEALTHY, binds=binds))).verdict


@pytest.mark.parametrize("live", [{}, {PORT_START: "²"}, {PORT_START: "-1"}, {PORT_START: "9" * 5000}])
def test_v21_could_not_look_without_the_boundary(live: dict[str, str]) -> None:
    assert Verdict.COULD_NOT_LOOK is judged("V21", subject(on=host(live=live))).verdict


def test_v21_fails_where_the_spec_asks_for_lower_ports() -> None:
    finding = judged("V21", subject(sysctls={PORT_START: {"at_most": 80}}))
    assert (finding.verdict, finding.found) == (Verdict.FAIL, "net.ipv4.ip_unprivileged_port_start is 1024")


WANTED = {"sysctls": {PING_RANGE: {"covers": [0, 2000000]}}}


@pytest.mark.parametrize(
    ("icmp", "denied", "document", "expected"),
    [
        ({4: "ok", 6: "ok"}, "13", {}, Verdict.PASS),
        ({4: "ok", 6: str(errno.EAFNOSUPPORT)}, None, WANTED, Verdict.PASS),
        ({4: "13", 6: "13"}, "13", {}, Verdict.NOT_APPLICABLE),
        ({4: "13", 6: "ok"}, "13", WANTED, Verdict.FAIL),
        ({4: str(errno.EAFNOSUPPORT)}, "13", WANTED, Verdict.FAIL),
        ({4: "ok"}, "ok", WANTED, Verdict.FAIL),
        ({}, "13", WANTED, Verdict.COULD_NOT_LOOK),
        ({6: "ok"}, "13", WANTED, Verdict.COULD_NOT_LOOK),
    ],
)
def test_v22_proves_icmp_sockets_and_their_limit(
    icmp: dict[int, str], denied: str | None, document: dict[str, Any], expected: Verdict
) -> None:
    assert expected is judged("V22", subject(replace(HEALTHY, icmp=icmp, denied=denied), **document)).verdict
