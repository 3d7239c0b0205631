"""From evidence to findings: each check passes, fails for each cause it knows, or says that it could not look."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podstead.case import Case
from podstead.checks import CHECKS
from podstead.evidence import Attempt, Bind, Evidence, from_records
from podstead.finding import Finding, Verdict
from podstead.frames import Record, Records
from podstead.judge_podman import PING_RANGE, PORT_START, findings
from podstead.parts import subids
from podstead.ranges import IdMap, IdRange
from tests.model_host import ModelAccount, ModelHost, spec_of

RANGE = IdRange(524288, 65536)
UID_MAP = "         0       1000          1\n         1     524288      65536\n"
GID_MAP = "         0       1001          1\n         1     524288      65536\n"
CHOWN = "chown 1:1 ok\nchown 5:5 ok\nchown 65536:65536 ok\nchown: invalid argument\nchown: invalid argument\n"
WHOLE = IdMap.parse("0 0 4294967295")


def refused(text: str = "newuidmap: uid range [0-1) -> [0-1) not allowed") -> Attempt:
    return Attempt(1, f"{text}\n")


def inside(
    uid: str = UID_MAP, gid: str = GID_MAP, setgroups: str = "allow", chown: str = CHOWN, code: int = 0
) -> Attempt:
    return Attempt(code, f"a warning\n--uid\n{uid}--gid\n{gid}--setgroups\n{setgroups}\n--chown\n{chown}")


ATTEMPTS: Mapping[str, Attempt] = {
    "unshare": Attempt(0, ""),
    "newuidmap": Attempt(0, ""),
    "newgidmap": Attempt(0, ""),
    "uid-over": refused(),
    "gid-over": refused(),
    "other": refused(),
    "host-root": refused(),
    "raw": refused("sh: write error: Operation not permitted"),
    "single": Attempt(0, ""),
    "inside": inside(),
    "container": Attempt(0, f"--uid\n{UID_MAP}--gid\n{GID_MAP}"),
    "top": Attempt(0, "USER HUSER GROUP HGROUP HPID\n5 524292 7 524294 4242\n"),
}
HEALTHY = Evidence(
    context="session",
    complete=True,
    who=("alice", "1000", "1001", "1001"),
    passwd="alice:x:1000:1001::/home/alice:/bin/bash",
    environment={"USER": "alice"},
    status={"NoNewPrivs": "0", "Seccomp": "0"},
    own_map=WHOLE,
    access=frozenset({"directory", "home", "/etc/subuid", "/etc/subgid"}),
    helper_stat="/usr/bin/newuidmap -rwsr-xr-x 0\n/usr/bin/newgidmap -rwsr-xr-x 0",
    helper_mount="rw,relatime",
    attempts=ATTEMPTS,
    maps={
        "granted": UID_MAP + GID_MAP,
        "over": "",
        "forbidden": "",
        "raw": "",
        "single": "0 1000 1\n0 1001 1\n",
    },
    podman="podman version 4.3.1\n",
    owned="524292:524292",
    volume="524292:524294",
    detached="abc\n",
    process="524292:524294",
    binds=tuple(
        Bind(family, port, result) for family in (4, 6) for port, result in ((1024, "ok"), (1023, "13"))
    ),
    icmp={4: "ok", 6: "ok"},
    denied="13\n",
)


def host(**more: Any) -> ModelHost:
    line = f"alice:{RANGE}\n"
    files = {"/etc/subuid": line, "/etc/subgid": line}
    accounts = {"alice": ModelAccount(1000, 1001)}
    one = ModelHost(accounts=accounts, files=files, live={PORT_START: "1024", PING_RANGE: "0 2000000"})
    for name, value in more.items():
        setattr(one, name, value)
    return one


def case(evidence: Evidence = HEALTHY, on: ModelHost | None = None, **document: Any) -> Case:
    spec = spec_of(**document)
    state = (on or host()).state(spec.users)
    subuids, subgids = subids.granted("alice", state.subids, state.accounts)
    account = state.accounts.by_name["alice"]
    return Case(
        user="alice",
        account=account,
        spec=spec,
        state=state,
        subuids=subuids,
        subgids=subgids,
        evidence=evidence,
    )


def judged(check: str, one: Case) -> Finding:
    (finding,) = [finding for finding in findings(one) if finding.check == check]
    return finding


def attempt(**changed: Attempt | None) -> Evidence:
    names = {name.replace("_", "-"): value for name, value in changed.items()}
    attempts = {name: value for name, value in {**ATTEMPTS, **names}.items() if value is not None}
    return replace(HEALTHY, attempts=attempts)


def maps(**changed: str | None) -> Evidence:
    return replace(
        HEALTHY, maps={name: text for name, text in {**HEALTHY.maps, **changed}.items() if text is not None}
    )


def test_a_healthy_user_passes_every_check_but_the_one_that_needs_a_pause_process() -> None:
    verdicts = {finding.check: finding.verdict for finding in findings(case())}
    assert dict.fromkeys(CHECKS, Verdict.PASS) | {"V11": Verdict.NOT_APPLICABLE} == verdicts


def test_findings_are_in_the_order_of_their_ids_and_know_their_user() -> None:
    found = findings(case())
    assert sorted(finding.check for finding in found) == [finding.check for finding in found]
    assert {"alice"} == {finding.user for finding in found}


@pytest.mark.parametrize(
    "on", [host(), host(files={}), host(tools=set())], ids=["granted", "nothing granted", "no tools"]
)
def test_where_nothing_was_looked_at_nothing_passes_but_what_files_say(on: ModelHost) -> None:
    passed = {finding.check for finding in findings(case(Evidence(), on)) if finding.verdict is Verdict.PASS}
    assert passed <= {"V02", "V03"}


def test_every_failure_names_what_to_do() -> None:
    ill = replace(
        HEALTHY,
        attempts={name: Attempt(1, "it broke") for name in ATTEMPTS},
        maps={},
        owned="1:1",
        binds=(Bind(4, 80, "ok"),),
    )
    failures = [finding for finding in findings(case(ill)) if finding.verdict is Verdict.FAIL]
    assert len(failures) >= 5
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
    finding = judged("V01", case(replace(HEALTHY, **changed)))
    assert Verdict.FAIL is finding.verdict
    assert expected in finding.found


@pytest.mark.parametrize("user", [{}, {"USER": ""}])
def test_v01_does_not_need_the_variable(user: dict[str, str]) -> None:
    assert Verdict.PASS is judged("V01", case(replace(HEALTHY, environment=user))).verdict


def test_v01_accepts_a_nested_host_that_holds_the_ids() -> None:
    nested = replace(HEALTHY, own_map=IdMap.parse("0 100000 10000000"))
    assert Verdict.PASS is judged("V01", case(nested)).verdict


def test_v01_warns_outside_a_session_only_where_there_are_sessions() -> None:
    direct = replace(HEALTHY, context="direct")
    assert Verdict.WARN is judged("V01", case(direct)).verdict
    assert Verdict.PASS is judged("V01", case(direct, host(systemd=False))).verdict


@pytest.mark.parametrize(("context", "expected"), [("", "could not be started"), ("direct", "cut short")])
def test_v01_could_not_look_without_the_user(context: str, expected: str) -> None:
    finding = judged("V01", case(Evidence(context=context)))
    assert Verdict.COULD_NOT_LOOK is finding.verdict
    assert expected in finding.cause


# --- V02, V03: the grant ---


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "one side or both grant nothing, so Podman uses a single ID"),
        (
            {"/etc/subuid": "alice:524288:65536\n", "/etc/subgid": ""},
            "one side or both grant nothing, so Podman uses a single ID",
        ),
        (
            {"/etc/subuid": "alice:524288:65536\n", "/etc/subgid": "alice:524288:1000\n"},
            "the grant is missing or too small",
        ),
    ],
)
def test_v02_fails_without_enough_ids_on_both_sides(files: dict[str, str], expected: str) -> None:
    finding = judged("V02", case(on=host(files=files)))
    assert (Verdict.FAIL, expected, "podstead apply") == (finding.verdict, finding.cause, finding.remedy)


def test_v02_fails_where_the_user_cannot_read_the_files() -> None:
    finding = judged("V02", case(replace(HEALTHY, access=frozenset({"directory", "home", "/etc/subuid"}))))
    assert (finding.verdict, finding.found) == (Verdict.FAIL, "alice cannot read /etc/subuid or /etc/subgid")


def test_v02_needs_no_files_where_a_directory_gives_the_ranges() -> None:
    text = "0: alice 524288 65536\n"
    on = host(files={}, subid_source="sss", directory={"alice": (text, text)})
    assert Verdict.PASS is judged("V02", case(replace(HEALTHY, access=frozenset()), on)).verdict


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bob:524288:65536\n", "overlaps 524288:65536 of another owner"),
        ("alice:524289:5\n", "overlap, which the kernel refuses"),
    ],
)
def test_v03_fails_on_ids_that_are_not_the_users_alone(line: str, expected: str) -> None:
    one = host()
    one.files["/etc/subuid"] += line
    finding = judged("V03", case(on=one))
    assert Verdict.FAIL is finding.verdict
    assert expected in finding.found


def test_v03_warns_of_reserved_blocks_and_fails_on_real_accounts() -> None:
    reserved = host(files={"/etc/subuid": "alice:61184:100\n", "/etc/subgid": "alice:61184:100\n"})
    finding = judged("V03", case(on=reserved))
    assert (finding.verdict, finding.found) == (Verdict.WARN, "61184:100 reaches into 61184 to 65519")
    real = host()
    real.groups["staff"] = 524300
    assert "/etc/subgid: its range 524288:65536 includes 524300" in judged("V03", case(on=real)).found


def test_v03_does_not_apply_where_nothing_is_granted() -> None:
    assert Verdict.NOT_APPLICABLE is judged("V03", case(on=host(files={}))).verdict


# --- V04 to V09: namespaces and helpers ---


@pytest.mark.parametrize(
    ("live", "status", "expected"),
    [
        ({"user.max_user_namespaces": "0"}, {}, "user.max_user_namespaces is 0"),
        ({"kernel.unprivileged_userns_clone": "0"}, {}, "kernel.unprivileged_userns_clone is 0"),
        ({"kernel.apparmor_restrict_unprivileged_userns": "1"}, {}, "AppArmor restricts user namespaces"),
        ({}, {"Seccomp": "2"}, "seccomp"),
        ({}, {}, "refused"),
    ],
)
def test_v04_fails_and_names_the_switch(live: dict[str, str], status: dict[str, str], expected: str) -> None:
    denied = Attempt(1, "unshare: unshare failed: Operation not permitted\n")
    ill = replace(attempt(unshare=denied, inside=denied), status=status)
    finding = judged("V04", case(ill, host(live=live)))
    assert (
        finding.verdict,
        finding.found,
    ) == (Verdict.FAIL, "unshare: unshare failed: Operation not permitted")
    assert expected in finding.cause


def test_v04_passes_where_only_podman_may() -> None:
    assert Verdict.PASS is judged("V04", case(attempt(unshare=refused("no")))).verdict


@pytest.mark.parametrize("check", ["V04", "V05", "V06", "V07", "V08", "V09"])
def test_without_a_probe_of_namespaces_nothing_is_known(check: str) -> None:
    assert Verdict.COULD_NOT_LOOK is judged(check, case(replace(HEALTHY, attempts={}))).verdict


def test_v05_fails_where_the_helpers_are_missing() -> None:
    finding = judged("V05", case(attempt(newuidmap=None), host(tools={"podman"})))
    assert (finding.verdict, finding.found) == (Verdict.FAIL, "newuidmap is not installed")


@pytest.mark.parametrize(
    ("changed", "said", "expected"),
    [
        ({"status": {"NoNewPrivs": "1"}}, "newuidmap: Operation not permitted", "no_new_privs is set"),
        ({"helper_mount": "rw,nosuid,nodev"}, "newuidmap: Operation not permitted", "mounted nosuid"),
        ({"helper_stat": "/usr/bin/newuidmap -rwxr-xr-x 0"}, "newuidmap: write to uid_map failed: Operation not permitted", "/usr/bin/newuidmap has neither the setuid bit nor file capabilities"),
        ({}, "newuidmap: uid range [1-2) -> [5-6) not allowed", "the helper does not find the range"),
        ({}, "newuidmap: Target process 1 is owned by a different user: uid:1", "the primary group of the session"),
        ({}, "newuidmap: open of uid_map failed: Permission denied", "lacks CAP_SETUID"),
    ],
)  # fmt: skip
def test_v05_fails_and_names_the_cause(changed: dict[str, Any], said: str, expected: str) -> None:
    ill = replace(attempt(newuidmap=refused(said)), **changed)
    finding = judged("V05", case(ill))
    assert (Verdict.FAIL, said) == (finding.verdict, finding.found)
    assert expected in finding.cause


def test_v05_fails_where_the_map_is_another_one() -> None:
    finding = judged("V05", case(maps(granted=UID_MAP.replace("524288", "524289") + GID_MAP)))
    assert Verdict.FAIL is finding.verdict
    assert "1 524289 65536" in finding.found


@pytest.mark.parametrize("text", [None, "", UID_MAP, UID_MAP + "no map\n" + GID_MAP])
def test_v05_could_not_look_without_both_maps(text: str | None) -> None:
    assert Verdict.COULD_NOT_LOOK is judged("V05", case(maps(granted=text))).verdict


COUNTER_PROOFS = [
    ("V06", "uid_over", "over"),
    ("V06", "gid_over", "over"),
    ("V07", "other", "forbidden"),
    ("V07", "host_root", "forbidden"),
    ("V08", "raw", "raw"),
]


@pytest.mark.parametrize(("check", "name", "map_name"), COUNTER_PROOFS)
def test_a_counter_proof_fails_when_the_attempt_was_allowed(check: str, name: str, map_name: str) -> None:
    finding = judged(check, case(attempt(**{name: Attempt(0, "")})))
    assert Verdict.FAIL is finding.verdict
    assert f"allowed ({name.replace('_', '-')})" in finding.found
    assert Verdict.FAIL is judged(check, case(maps(**{map_name: "0 0 1\n"}))).verdict


@pytest.mark.parametrize(("check", "name", "map_name"), COUNTER_PROOFS)
def test_a_counter_proof_that_was_not_made_proves_nothing(check: str, name: str, map_name: str) -> None:
    for one in (
        attempt(**{name: None}),
        attempt(**{name: Attempt(127, "sh: newgidmap: not found\n")}),
        maps(**{map_name: None}),
    ):
        assert Verdict.COULD_NOT_LOOK is judged(check, case(one)).verdict


@pytest.mark.parametrize(
    "one",
    [attempt(single=refused("sh: Permission denied")), maps(single="0 1000 1\n0 5 1\n"), maps(single="")],
)
def test_v09_fails_where_not_even_the_own_id_is_mapped(one: Evidence) -> None:
    assert Verdict.FAIL is judged("V09", case(one)).verdict


@pytest.mark.parametrize("one", [attempt(single=None), maps(single=None)])
def test_v09_could_not_look_without_the_attempt(one: Evidence) -> None:
    assert Verdict.COULD_NOT_LOOK is judged("V09", case(one)).verdict


# --- V10 to V14: Podman's map ---


def test_v10_shows_the_host_id_of_an_example() -> None:
    assert "container UID 5 is host UID 524292" in judged("V10", case()).found


def test_v10_fails_on_another_map_and_knows_the_single_id() -> None:
    single = attempt(inside=inside("0 1000 1\n", "0 1001 1\n", "deny", ""))
    found = {finding.check: finding for finding in findings(case(single))}
    assert Verdict.FAIL is found["V10"].verdict
    assert "fell back to a single ID" in found["V10"].cause
    assert (found["V12"].verdict, found["V12"].found) == (Verdict.FAIL, "deny")
    assert (
        found["V13"].verdict,
        found["V13"].found,
    ) == (Verdict.FAIL, "chown to 1:1 failed; chown to 5:5 failed; chown to 65536:65536 failed")


def test_v10_fails_and_shows_podmans_words_when_it_did_not_start() -> None:
    broken = attempt(inside=Attempt(125, "level=warning msg=x\nError: cannot setup namespace\nbye\n"))
    found = {finding.check: finding for finding in findings(case(broken))}
    assert (found["V10"].verdict, found["V10"].found) == (Verdict.FAIL, "Error: cannot setup namespace")
    assert {Verdict.COULD_NOT_LOOK} == {found[check].verdict for check in ("V12", "V13", "V14")}


@pytest.mark.parametrize(
    ("document", "tools", "expected"),
    [
        ({"packages": {"podman": {}}}, set(), Verdict.FAIL),
        ({}, set(), Verdict.COULD_NOT_LOOK),
        ({"packages": {"podman": {}}}, {"podman"}, Verdict.COULD_NOT_LOOK),
    ],
)
def test_v10_without_podman_fails_only_where_it_was_asked_for(
    document: dict[str, Any], tools: set[str], expected: Verdict
) -> None:
    assert expected is judged("V10", case(attempt(inside=None), host(tools=tools), **document)).verdict


@pytest.mark.parametrize(
    ("held", "expected"), [(RANGE, Verdict.PASS), (IdRange(100000, 65536), Verdict.FAIL)]
)
def test_v11_compares_the_map_that_the_pause_process_keeps(held: IdRange, expected: Verdict) -> None:
    one = host(pause={"alice": (IdMap.expected(1000, [held]), IdMap.expected(1001, [held]))})
    assert expected is judged("V11", case(on=one)).verdict


@pytest.mark.parametrize(
    ("chown", "expected"),
    [
        (CHOWN.replace("chown 65536:65536 ok\n", ""), "chown to 65536:65536 failed; chown: invalid argument"),
        (CHOWN + "chown beyond-uid ok\n", "chown beyond-uid worked; chown: invalid argument"),
        (CHOWN + "chown beyond-gid ok\n", "chown beyond-gid worked; chown: invalid argument"),
    ],
)
def test_v13_fails_and_names_the_id(chown: str, expected: str) -> None:
    finding = judged("V13", case(attempt(inside=inside(chown=chown))))
    assert (Verdict.FAIL, expected) == (finding.verdict, finding.found)


def test_v13_does_not_take_a_chown_that_was_not_tried_for_a_refusal() -> None:
    assert Verdict.COULD_NOT_LOOK is judged("V13", case(attempt(inside=inside(code=137)))).verdict


@pytest.mark.parametrize(
    ("owned", "expected"), [("524293:524292", Verdict.FAIL), ("", Verdict.COULD_NOT_LOOK)]
)
def test_v14_compares_the_owner_that_the_host_sees(owned: str, expected: Verdict) -> None:
    assert expected is judged("V14", case(replace(HEALTHY, owned=owned))).verdict


# --- V17, V18: a container ---


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "Error: crun: cgroups in hybrid mode not supported, drop all controllers from cgroupv2: OCI runtime error",
            "hybrid cgroup hierarchy",
        ),
        ("Error: OCI runtime error: crun: unknown version specified", "crun is older than 1.14.3"),
        (
            "Error: crun: the requested cgroup controller `pids` is not available: OCI runtime error",
            "not delegated",
        ),
        ("Error: crun: sd-bus call: Interactive authentication required", "no user bus"),
        ("Error: cannot find UID/GID for user alice", "no range for the name in $USER"),
    ],
)
def test_v17_fails_with_the_runtimes_words_and_the_cause(said: str, expected: str) -> None:
    found = {
        finding.check: finding for finding in findings(case(attempt(container=Attempt(126, f"{said}\n"))))
    }
    assert (Verdict.FAIL, said) == (found["V17"].verdict, found["V17"].found)
    assert expected in found["V17"].cause
    assert Verdict.COULD_NOT_LOOK is found["V18"].verdict


def test_v17_fails_on_another_map_or_owner_in_the_container() -> None:
    wrong_map = attempt(container=Attempt(0, f"--uid\n{UID_MAP}--gid\n0 1001 1\n"))
    assert Verdict.FAIL is judged("V17", case(wrong_map)).verdict
    assert Verdict.FAIL is judged("V17", case(replace(HEALTHY, volume="5:7"))).verdict
    assert Verdict.FAIL is judged("V17", case(attempt(container=Attempt(0, "")))).verdict


def test_v17_and_v18_could_not_look_without_a_container() -> None:
    found = {finding.check: finding.verdict for finding in findings(case(attempt(container=None)))}
    assert (found["V17"], found["V18"]) == (Verdict.COULD_NOT_LOOK, Verdict.COULD_NOT_LOOK)


@pytest.mark.parametrize(
    ("top", "process", "expected"),
    [
        (Attempt(0, "5 524292 7 524294 1\n"), "524292:524294", Verdict.PASS),
        (Attempt(0, "5 524293 7 524294 1\n"), "524292:524294", Verdict.FAIL),
        (Attempt(0, "5 524292 7 524294 1\n"), "5:7", Verdict.FAIL),
        (Attempt(0, "5 ? 7 ? 1\n"), "524292:524294", Verdict.NOT_APPLICABLE),
        (Attempt(0, "nothing\n"), "", Verdict.COULD_NOT_LOOK),
        (Attempt(125, "Error: no such field\n"), "", Verdict.COULD_NOT_LOOK),
        (None, "", Verdict.COULD_NOT_LOOK),
    ],
)
def test_v18_compares_podman_top_with_the_host(top: Attempt | None, process: str, expected: Verdict) -> None:
    assert expected is judged("V18", case(replace(attempt(top=top), process=process))).verdict


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
    assert expected is judged("V21", case(replace(HEALTHY, binds=binds))).verdict


@pytest.mark.parametrize("live", [{}, {PORT_START: "²"}, {PORT_START: "-1"}])
def test_v21_could_not_look_without_the_boundary(live: dict[str, str]) -> None:
    assert Verdict.COULD_NOT_LOOK is judged("V21", case(on=host(live=live))).verdict


def test_v21_fails_where_the_spec_asks_for_lower_ports() -> None:
    finding = judged("V21", case(sysctls={PORT_START: {"at_most": 80}}))
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
    assert expected is judged("V22", case(replace(HEALTHY, icmp=icmp, denied=denied), **document)).verdict


# --- whatever a host says ---

BODIES = st.one_of(
    st.sampled_from([b"0\n", b"1\n", b"127\n", b"", b"ok", UID_MAP.encode(), (UID_MAP + GID_MAP).encode(), ATTEMPTS["inside"].said.encode(), b"bind 4 1024 ok\nicmp 4 0 ok\n"]),
    st.binary(max_size=30),
)  # fmt: skip
PROBE_RECORDS = st.lists(
    st.builds(
        Record,
        st.sampled_from(
            [
                "context",
                "who",
                "passwd",
                "access",
                "own-map",
                "rc",
                "rc",
                "said",
                "map",
                "sockets",
                "owned",
                "denied",
                "process",
                "detached",
            ]
        ),
        st.sampled_from(["session", *ATTEMPTS, "granted", "over", "forbidden", "raw", "single", ""]),
        BODIES,
    ),
    max_size=25,
)


@given(PROBE_RECORDS)
@settings(max_examples=150)
def test_a_pass_is_said_only_for_what_was_looked_at(records: list[Record]) -> None:
    seen = from_records(Records(tuple(records)))
    passed = {finding.check for finding in findings(case(seen)) if finding.verdict is Verdict.PASS}

    def tried(*names: str) -> bool:
        return all(name in seen.attempts for name in names)

    needs = {
        "V01": len(seen.who) >= 3,
        "V04": any(seen.attempts[name].ok for name in ("unshare", "inside") if name in seen.attempts),
        "V05": tried("newuidmap") and "granted" in seen.maps,
        "V06": tried("uid-over", "gid-over") and seen.maps.get("over", "x").strip() == "",
        "V07": tried("other", "host-root") and seen.maps.get("forbidden", "x").strip() == "",
        "V08": tried("raw") and seen.maps.get("raw", "x").strip() == "",
        "V09": tried("single") and "single" in seen.maps,
        "V10": tried("inside"),
        "V12": tried("inside"),
        "V13": tried("inside") and seen.attempts["inside"].ok,
        "V14": bool(seen.owned),
        "V17": tried("container") and seen.attempts["container"].ok,
        "V18": tried("top"),
        "V21": bool(seen.binds),
        "V22": seen.icmp.get(4) == "ok",
    }
    assert [check for check in passed - {"V02", "V03"} if not needs.get(check, False)] == []
    assert {*CHECKS} == {finding.check for finding in findings(case(seen))}
