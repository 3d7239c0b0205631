"""What containers, network, limits, session, storage and other users showed: each check's pass, failures, blindness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podstead.proof.checks import CHECKS
from podstead.proof.engine_evidence import Attempt, Graph, Info
from podstead.proof.evidence import Evidence
from podstead.proof.finding import Finding, Verdict
from podstead.proof.verdict import findings
from tests.model_host import ModelHost
from tests.support.subjects import (
    ATTEMPTS,
    FACTS,
    GID_MAP,
    HEALTHY,
    INFO,
    KEPT,
    TOLD,
    UID_MAP,
    USER_FACTS,
    attempt,
    host,
    info,
    inside,
    judged,
    no_container,
    no_network,
    podman,
    pods,
    printed,
    subject,
)

PASS, FAIL, BLIND, ABSENT = Verdict.PASS, Verdict.FAIL, Verdict.COULD_NOT_LOOK, Verdict.NOT_APPLICABLE
NO_CONTAINER = attempt(whole=None)
LADDER = no_network("Error: pasta failed")


def told(**changed: str | None) -> Evidence:
    return replace(HEALTHY, container_output={**HEALTHY.container_output, "whole": printed(TOLD, **changed)})


def verdicts(seen: Evidence, on: ModelHost | None = None, **document: Any) -> dict[str, Verdict]:
    return {finding.check: finding.verdict for finding in findings(subject(seen, on, **document))}


# --- V15, V16: credentials and nested namespaces ---


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [("524292:524294", PASS), ("5:7", FAIL), ("524292:524292", FAIL), ("", BLIND)],
)
def test_v15_compares_whose_process_the_host_sees(credentials: str, expected: Verdict) -> None:
    assert judged("V15", subject(replace(HEALTHY, credentials=credentials))).verdict is expected


@pytest.mark.parametrize(
    ("nested", "extents", "expected"),
    [
        ("0 0 1\n", "ok\nrefused\n", PASS),
        ("0 0 1\n", "ok\nok\n", FAIL),
        ("0 0 1\n", "refused\nrefused\n", FAIL),
        ("0 0 1\n", "ok\n", BLIND),
        ("0 0 1\n", None, BLIND),
        ("0 0 100\n", "ok\nrefused\n", FAIL),
        ("unshare: unshare failed: No space left on device\n", "ok\nrefused\n", FAIL),
        ("unshare: unrecognized option '--map-root-user'\n", "ok\nrefused\n", BLIND),
        ("sh: unshare: not found\n", "ok\nrefused\n", BLIND),
        ("", "ok\nrefused\n", BLIND),
        (None, None, BLIND),
    ],
)
def test_v16_proves_a_namespace_within_and_its_limit(
    nested: str | None, extents: str | None, expected: Verdict
) -> None:
    seen = attempt(inside=inside(nested=nested, extents=extents))
    assert judged("V16", subject(seen)).verdict is expected


# --- V17, V18: a container, taken apart where it does not start ---


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (HEALTHY, PASS),
        (no_container("odd"), FAIL),
        (told(uid="0 1000 1\n"), FAIL),
        (told(gid="0 1001 1\n"), FAIL),
        (told(uid=None), BLIND),
        (replace(HEALTHY, container_output={}), BLIND),
        (replace(HEALTHY, volumes={"whole": "5:7"}), FAIL),
        (replace(HEALTHY, volumes={}), BLIND),
        (NO_CONTAINER, BLIND),
        (LADDER, PASS),
        (replace(LADDER, container_output={}), BLIND),
        (replace(LADDER, volumes={"whole": "524292:524294"}), BLIND),
    ],
)
def test_v17_compares_the_map_and_a_file_of_the_container_that_ran(seen: Evidence, expected: Verdict) -> None:
    assert judged("V17", subject(seen)).verdict is expected


def test_v17_fails_in_the_runtimes_words() -> None:
    seen = no_container("level=warning msg=x\nError: OCI runtime error: odd words")
    found = {finding.check: finding for finding in findings(subject(seen))}
    assert (found["V17"].verdict, found["V17"].found) == (FAIL, "Error: OCI runtime error: odd words")
    assert (found["V18"].verdict, found["V23"].verdict, found["V24"].verdict) == (BLIND, BLIND, BLIND)


def test_v17_knows_the_single_id() -> None:
    finding = judged("V17", subject(told(uid="0 1000 1\n", gid="0 1001 1\n")))
    assert finding.found.endswith("(Podman fell back to a single ID)")


def test_v17_is_not_proved_by_a_container_that_was_never_tried_plain() -> None:
    """Where the whole container fails and the plain one was not tried, the failure is the whole one's."""
    finding = judged("V17", subject(attempt(whole=Attempt(126, "Error: the whole one\n"), plain=None)))
    assert (finding.verdict, finding.found) == (FAIL, "Error: the whole one")


@pytest.mark.parametrize(
    ("top", "process", "expected"),
    [
        (Attempt(0, "5 524292 7 524294 1\n"), "524292:524294", PASS),
        (Attempt(0, "5 524293 7 524294 1\n"), "524292:524294", FAIL),
        (Attempt(0, "5 524292 7 524292 1\n"), "524292:524294", FAIL),
        (Attempt(0, "5 524292 7 524294 1\n"), "5:7", FAIL),
        (Attempt(0, "5 ? 7 ? 1\n"), "524292:524294", ABSENT),
        (Attempt(0, "5 524292 7 524294 1\n"), "", BLIND),
        (Attempt(0, "nothing\n"), "", BLIND),
        (Attempt(125, "Error: no such field\n"), "", BLIND),
        (None, "", BLIND),
    ],
)
def test_v18_compares_podman_top_with_the_host(top: Attempt | None, process: str, expected: Verdict) -> None:
    assert judged("V18", subject(replace(attempt(top=top), process=process))).verdict is expected


# --- V19, V20: keep-id and pods ---


@pytest.mark.parametrize(
    ("text", "kept", "expected"),
    [
        (printed(KEPT), "1000:1001", PASS),
        (printed(KEPT), "524292:524294", FAIL),
        (printed(KEPT), "", FAIL),
        (printed(KEPT, id="0\n0\n"), "1000:1001", FAIL),
        (printed(KEPT, id="1000\n1000\n"), "1000:1001", FAIL),
        (printed(KEPT, uid="0 0 65536\n"), "1000:1001", FAIL),
        (printed(KEPT, uid="0 1 1000\n"), "1000:1001", FAIL),
        (printed(KEPT, uid=None), "1000:1001", BLIND),
        (printed(KEPT, uid="no map\n"), "1000:1001", BLIND),
        (printed(KEPT, id="1000\n"), "1000:1001", BLIND),
        ("", "1000:1001", BLIND),
    ],
)
def test_v19_compares_the_user_inside_and_outside(text: str, kept: str, expected: Verdict) -> None:
    seen = replace(
        HEALTHY, container_output={**HEALTHY.container_output, "keep-id": text}, keep_id_file_owner=kept
    )
    assert judged("V19", subject(seen)).verdict is expected


def test_v19_fails_in_podmans_words_and_could_not_look_without_the_attempt() -> None:
    finding = judged("V19", subject(attempt(keep_id=Attempt(126, "Error: odd\n"))))
    assert (finding.verdict, finding.found) == (FAIL, "Error: odd")
    assert judged("V19", subject(attempt(keep_id=None))).verdict is BLIND


def test_v19_goes_by_what_the_container_did_where_podman_came_too_late_to_attach_to_it() -> None:
    """As Podman 3.0.1 ended on a busy Debian 11: connection reset by peer, with all of the container done."""
    late = Attempt(
        125, "Error: error attaching to container 82ed: read unixpacket: connection reset by peer\n"
    )
    done = replace(HEALTHY, attempts={**HEALTHY.attempts, "keep-id": late})
    assert judged("V19", subject(done)).verdict is PASS
    assert judged("V19", subject(replace(done, keep_id_file_owner=""))).verdict is FAIL
    assert judged("V19", subject(replace(done, keep_id_file_owner="525287:525287"))).verdict is FAIL


FAILED = Attempt(125, "Error: odd\n")


@pytest.mark.parametrize(
    ("create", "start", "expected"),
    [
        (Attempt(0, "id\n"), Attempt(0, "id\n"), PASS),
        (FAILED, None, FAIL),
        (Attempt(0, "id\n"), FAILED, FAIL),
        (Attempt(0, "id\n"), None, BLIND),
        (None, None, BLIND),
    ],
)
def test_v20_tries_a_pod_by_itself_where_no_container_ran_in_one(
    create: Attempt | None, start: Attempt | None, expected: Verdict
) -> None:
    seen = pods(create, start)
    assert judged("V20", subject(seen)).verdict is expected
    assert judged("V20", subject(podman("3.4.4", seen))).verdict is ABSENT


# --- V23, V24: network ---

ONLY_LO = "Inter-|   Receive\n    lo:       0\n"
NO_ROUTE = "Iface\tDestination\n"
IPV6 = "0" * 32 + " 00 " + "0" * 32 + " 00 fe80 00000400 00000001 00000000 00000003 {}\n"


@pytest.mark.parametrize(
    ("seen", "route", "expected"),
    [
        (HEALTHY, "default", PASS),
        (told(devices=ONLY_LO), "default", FAIL),
        (told(route=NO_ROUTE), "default", FAIL),
        (told(route=NO_ROUTE), "none", PASS),
        (told(route=NO_ROUTE + IPV6.format("eth0")), "default", PASS),
        (told(route=NO_ROUTE + IPV6.format("lo")), "default", FAIL),
        (told(devices=None), "default", BLIND),
        (NO_CONTAINER, "default", BLIND),
        (LADDER, "default", FAIL),
    ],
)
def test_v23_wants_an_interface_and_the_route_that_the_host_has(
    seen: Evidence, route: str, expected: Verdict
) -> None:
    assert judged("V23", subject(seen, host(facts={"route": route}))).verdict is expected


@pytest.mark.parametrize(
    ("route", "expected"),
    [("default", "a default route, as on the host"), ("none", "a default route"), (None, "a default route")],
)
def test_v23_compares_with_the_host_only_where_it_is_alike(route: str | None, expected: str) -> None:
    assert judged("V23", subject(on=host(facts={"route": route}))).found == f"eth0, {expected}"


def test_v23_says_of_a_plain_container_only_that_no_network_was_tried() -> None:
    seen = replace(LADDER, attempts={name: one for name, one in LADDER.attempts.items() if name != "network"})
    assert (verdicts(seen)["V23"], verdicts(seen)["V24"]) == (BLIND, BLIND)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Attempt(0, "0123\n"), PASS),
        (Attempt(0, "\n"), FAIL),
        (Attempt(2, "Connection refused\n"), FAIL),
        (None, BLIND),
    ],
)
def test_v24_wants_an_answer_at_the_published_port(answer: Attempt | None, expected: Verdict) -> None:
    assert judged("V24", subject(attempt(answer=answer))).verdict is expected


@pytest.mark.parametrize(
    ("published", "answer", "expected"),
    [
        (Attempt(126, "Error: rootlessport\n"), None, FAIL),
        (Attempt(0, "id\n"), None, BLIND),
        (Attempt(0, "id\n"), Attempt(0, "answered\n"), PASS),
        (Attempt(0, "id\n"), Attempt(1, "something else answered\n"), FAIL),
        (None, None, BLIND),
    ],
)
def test_v24_is_taken_apart_where_the_whole_container_fails(
    published: Attempt | None, answer: Attempt | None, expected: Verdict
) -> None:
    steps = {"network": Attempt(0, "id\n"), "published": published, "answer": answer}
    seen = replace(
        LADDER,
        attempts={**LADDER.attempts, **{name: one for name, one in steps.items() if one is not None}},
        container_output={**LADDER.container_output, "network": printed(TOLD)},
    )
    assert verdicts(seen)["V23"] is PASS
    finding = judged("V24", subject(seen))
    assert finding.verdict is expected
    assert (finding.found == "Error: rootlessport") is (published is not None and not published.ok)


# --- V25: limits ---


@pytest.mark.parametrize(
    ("seen", "facts", "document", "expected"),
    [
        (HEALTHY, {}, {}, PASS),
        (told(memory="max\n"), {}, {}, FAIL),
        (told(cpu="max 100000\n"), {}, {}, FAIL),
        (told(memory=None), {}, {}, FAIL),
        (told(cpu="max 100000\n"), {"cgroup.controllers": "memory pids"}, {}, FAIL),
        (replace(HEALTHY, controllers=frozenset({"memory", "pids"})), {}, {}, FAIL),
        (replace(told(cpu="max 100000\n"), controllers=frozenset({"memory"})), {}, {"session": {}}, PASS),
        (replace(HEALTHY, controllers=frozenset()), {}, {"session": {}}, ABSENT),
        (HEALTHY, {"cgroup": "tmpfs"}, {}, ABSENT),
        (HEALTHY, {"cgroup__controllers": None}, {}, ABSENT),
        (HEALTHY, {"cgroup__controllers": ""}, {}, ABSENT),
        (NO_CONTAINER, {}, {}, BLIND),
        (LADDER, {}, {}, PASS),
        (attempt(whole=FAILED, plain=Attempt(0, ""), limited=FAILED), {}, {}, FAIL),
        (attempt(whole=FAILED, plain=Attempt(0, "")), {}, {}, BLIND),
    ],
)
def test_v25_reads_the_limits_from_inside(
    seen: Evidence, facts: dict[str, str | None], document: dict[str, Any], expected: Verdict
) -> None:
    assert judged("V25", subject(seen, host(facts=facts), **document)).verdict is expected


# --- V26, V27, V28: the session, storage, other users ---


@pytest.mark.parametrize(
    ("on", "document", "expected"),
    [
        (host(), {}, PASS),
        (host(linger=set()), {}, FAIL),
        (host(buses=set(), runtime_dirs={"alice"}), {}, FAIL),
        (host(buses=set()), {}, FAIL),
        (host(systemd=False, init="init"), {}, ABSENT),
        (host(linger=set()), {"users": {"alice": {"linger": False}}}, ABSENT),
        (host(linger=set()), {"session": {}}, ABSENT),
    ],
)
def test_v26_wants_a_session_without_a_login(
    on: ModelHost, document: dict[str, Any], expected: Verdict
) -> None:
    assert judged("V26", subject(on=on, **document)).verdict is expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (HEALTHY, PASS),
        (replace(HEALTHY, fresh_info=None), BLIND),
        (replace(HEALTHY, fresh_info=Info(Attempt(125, "Error: odd\n"), {})), FAIL),
        (replace(HEALTHY, fresh_info=Info(Attempt(0, ""), {})), BLIND),
        (replace(HEALTHY, fresh_info=info(store__graphDriverName="btrfs")), FAIL),
        (replace(HEALTHY, has_database=True, user_info=Info(Attempt(125, "Error: odd\n"), {})), BLIND),
        (replace(HEALTHY, user_info=None), BLIND),
        (replace(HEALTHY, has_database=True, user_info=info()), PASS),
        (attempt(executable=Attempt(126, "sh: odd\n")), FAIL),
    ],
)
def test_v27_wants_the_driver_and_programs_beside_it(seen: Evidence, expected: Verdict) -> None:
    assert judged("V27", subject(seen)).verdict is expected


def test_v27_takes_any_driver_where_the_spec_names_none() -> None:
    seen = replace(HEALTHY, fresh_info=info(store__graphDriverName="btrfs"))
    assert judged("V27", subject(seen, storage={})).found == "btrfs on extfs"


REACHED = dict.fromkeys(("user read", "user signal", "root read", "root signal"), False)


@pytest.mark.parametrize("way", sorted(REACHED))
def test_v28_fails_on_each_way_to_another_users_container(way: str) -> None:
    finding = judged("V28", subject(replace(HEALTHY, reached={**REACHED, way: True})))
    assert finding.verdict is FAIL
    assert finding.found == f"alice can {way.partition(' ')[2]} what a container of bob owns"


@pytest.mark.parametrize("way", sorted(REACHED))
def test_v28_proves_nothing_where_one_way_was_not_tried(way: str) -> None:
    tried = {name: reached for name, reached in REACHED.items() if name != way}
    assert judged("V28", subject(replace(HEALTHY, reached=tried))).verdict is BLIND


@pytest.mark.parametrize("reached", [None, REACHED, dict.fromkeys(REACHED, True)])
def test_v28_says_nothing_of_what_its_owner_has_changed(reached: dict[str, bool] | None) -> None:
    finding = judged("V28", subject(replace(HEALTHY, peer_changed=True, reached=reached)))
    assert (finding.verdict, "that bob provided" in finding.cause) == (BLIND, True)


def test_v28_does_not_apply_to_one_user_alone() -> None:
    assert judged("V28", subject(replace(HEALTHY, peer="", reached=None))).verdict is ABSENT
    assert judged("V28", subject(replace(HEALTHY, reached=None))).verdict is BLIND


# --- what is missing proves nothing ---

ENGINE = {"V10", "V12", "V13", "V14", "V15", "V16"}
RUN = {"V17", "V18", "V23", "V24", "V25"}
NEEDS: Mapping[str, set[str]] = {
    "context": {"V01"},
    "complete": set(),
    "seconds": set(),
    "who": {"V01"},
    "passwd": {"V01"},
    "environment": set(),
    "status": set(),
    "own_map": set(),
    "access": {"V01", "V02"},
    "limits": set(),
    "helpers": set(),
    "helper_stat": set(),
    "apparmor_label": set(),
    "attempts": {"V04", "V05", "V06", "V07", "V08", "V09", *ENGINE, *RUN, "V19", "V20"},
    "maps": {"V05", "V06", "V07", "V08", "V09"},
    "podman": set(),
    "fresh_info": {"V27"},
    "user_info": {"V27", "V31"},
    "listed": {"V31"},
    "policy": set(),
    "has_database": set(),
    "large": set(),
    "graph": set(),
    "configs": set(),
    "owner_of_5_5": {"V14"},
    "credentials": {"V15"},
    "container_output": {"V17", "V19", "V23", "V25"},
    "volumes": {"V17"},
    "keep_id_file_owner": {"V19"},
    "controllers": set(),
    "in_pod": {"V20"},
    "process": {"V18"},
    "binds": {"V21", "V22"},
    "icmp": {"V22"},
    "denied": set(),
    "peer": {"V28"},
    "peer_changed": set(),
    "reached": {"V28"},
}
"""Field of the evidence -> checks that no longer pass without it."""
ATTEMPTS_NEEDED: Mapping[str, set[str]] = {
    "unshare": set(),
    "newuidmap": {"V05", "V06", "V07", "V08", "V09"},
    "newgidmap": set(),  # the map itself is there to be compared
    "uid-over": {"V06"},
    "gid-over": {"V06"},
    "other": {"V07"},
    "host-root": {"V07"},
    "raw": {"V08"},
    "single": {"V09"},
    "executable": set(),
    "inside": ENGINE,
    "whole": {*RUN, "V19", "V20"},
    "answer": {"V24"},
    "top": {"V18"},
    "kill": set(),
    "keep-id": {"V19"},
}


def lost(seen: Evidence) -> set[str]:
    """Checks that pass on the healthy evidence and not on this."""
    return {check for check, verdict in verdicts(HEALTHY).items() if verdict is PASS} - {
        check for check, verdict in verdicts(seen).items() if verdict is PASS
    }


def test_every_field_and_attempt_of_the_evidence_is_in_the_tables() -> None:
    assert set(NEEDS) == {field.name for field in fields(Evidence)}
    assert set(ATTEMPTS_NEEDED) == set(ATTEMPTS)


@pytest.mark.parametrize("name", NEEDS)
def test_nothing_passes_without_the_field_that_it_rests_on(name: str) -> None:
    assert lost(replace(HEALTHY, **{name: getattr(Evidence(), name)})) == NEEDS[name]


@pytest.mark.parametrize("name", ATTEMPTS_NEEDED)
def test_nothing_passes_without_the_attempt_that_it_rests_on(name: str) -> None:
    assert lost(attempt(**{name: None})) == ATTEMPTS_NEEDED[name]


@pytest.mark.parametrize("name", HEALTHY.maps)
def test_no_counter_proof_passes_without_the_map_that_was_left(name: str) -> None:
    seen = replace(HEALTHY, maps={key: text for key, text in HEALTHY.maps.items() if key != name})
    check = {"granted": "V05", "over": "V06", "forbidden": "V07", "raw": "V08", "single": "V09"}[name]
    assert lost(seen) == {check}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("uid", {"V17"}), ("gid", {"V17"}), ("route", {"V23"}), ("devices", {"V23"}), ("memory", {"V25"}), ("cpu", {"V25"})],
)  # fmt: skip
def test_nothing_passes_without_what_the_container_told(name: str, expected: set[str]) -> None:
    assert lost(told(**{name: None})) == expected


def test_a_probe_that_was_cut_short_says_so() -> None:
    seen = replace(NO_CONTAINER, complete=False)
    assert (judged("V17", subject(seen)).verdict, judged("V17", subject(seen)).cause) == (
        BLIND,
        "the probe was cut short",
    )
    timed = replace(seen, seconds=12)
    assert judged("V17", subject(timed)).cause == (
        "the probe was cut short after 12 s (with podstead verify, --probe-timeout sets the limit)"
    )
    never = Evidence(context="")
    assert judged("V17", subject(never)).cause == "the probe could not be started as this user"


# --- whatever a host says ---

TEXT = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "\0", "\x1b[2J", "²", "٣", "9" * 5000, "-1", "max", "1e999", "\ud800", "0 0 1", UID_MAP, GID_MAP]),
)  # fmt: skip
TRIED = st.builds(Attempt, st.sampled_from([0, 1, 125, 126, 127, 137, 999]), TEXT | st.sampled_from([one.output for one in ATTEMPTS.values()]))  # fmt: skip
INFOS = st.none() | st.builds(Info, TRIED, st.dictionaries(st.sampled_from(sorted(INFO)), TEXT))
EVIDENCE = st.fixed_dictionaries(
    {},
    optional={
        "context": TEXT,
        "who": st.lists(TEXT, max_size=4).map(tuple),
        "passwd": TEXT | st.just(HEALTHY.passwd),
        "environment": st.dictionaries(st.sampled_from(["USER", "HOME", "PATH", "XDG_RUNTIME_DIR"]), TEXT),
        "status": st.dictionaries(st.sampled_from(["NoNewPrivs", "Seccomp"]), TEXT),
        "access": st.frozensets(st.sampled_from(sorted(HEALTHY.access))),
        "limits": st.dictionaries(st.sampled_from(["processes", "open files"]), TEXT),
        "helpers": st.dictionaries(st.sampled_from(["newuidmap", "newgidmap"]), TEXT),
        "helper_stat": TEXT,
        "apparmor_label": TEXT,
        "attempts": st.dictionaries(st.sampled_from([*ATTEMPTS, "plain", "network", "published", "limited", "pod-create", "pod-start"]), TRIED),
        "maps": st.dictionaries(st.sampled_from(sorted(HEALTHY.maps)), TEXT),
        "podman": st.none() | TEXT,
        "fresh_info": INFOS,
        "user_info": INFOS,
        "listed": st.none() | TRIED,
        "policy": st.none() | TRIED,
        "has_database": st.booleans(),
        "large": st.lists(TEXT, max_size=2).map(tuple),
        "graph": st.none() | st.builds(Graph, path=TEXT, nearest=TEXT, owner=TEXT, mount=st.none()),
        "configs": st.dictionaries(TEXT, TEXT, max_size=3),
        "owner_of_5_5": TEXT,
        "container_output": st.dictionaries(st.sampled_from(["whole", "plain", "network", "limited"]), TEXT | st.just(printed(TOLD))),
        "volumes": st.dictionaries(st.sampled_from(["whole", "plain"]), TEXT),
        "controllers": st.none() | st.frozensets(TEXT, max_size=3),
        "icmp": st.dictionaries(st.sampled_from([4, 6]), st.sampled_from(["ok", "13", "97", "999"])),
        "denied": st.none() | TEXT,
        "peer": TEXT,
        "peer_changed": st.booleans(),
        "reached": st.none() | st.dictionaries(st.sampled_from(sorted(REACHED)), st.booleans()),
    },
)  # fmt: skip


BYTES = TEXT.map(lambda text: text.encode("utf-8", "replace").decode())
"""Text that came as bytes: no half of a surrogate pair."""


def names_of(base: Mapping[str, object], *more: str) -> st.SearchStrategy[dict[str, tuple[str, ...]]]:
    return st.dictionaries(
        st.sampled_from([*base, *more]), st.lists(BYTES, max_size=2).map(tuple), max_size=6
    )


@given(
    EVIDENCE,
    names_of(FACTS, "lock", "storage.key", "network.removed", "unit.user", "cgroup.hybrid", "selinux"),
    names_of(USER_FACTS, "not.owned", "mount.program", "config", "homed"),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_nothing_that_a_host_says_can_raise(
    changed: dict[str, Any],
    host_facts: dict[str, tuple[str, ...]],
    user_facts: dict[str, tuple[str, ...]],
    blank: bool,
) -> None:
    seen = replace(Evidence() if blank else HEALTHY, **changed)
    on = host(facts=host_facts, user_facts=user_facts)
    found = findings(subject(seen, on, sysctls={"net.ipv4.ping_group_range": {"covers": [0, 5]}}))
    assert {finding.check for finding in found} == {*CHECKS} - {"V29", "V30"}
    if blank:
        assert not [finding.check for finding in found if passes_unseen(finding, changed)]


def passes_unseen(finding: Finding, seen: dict[str, Any]) -> bool:
    """Whether a check passes although a field that it rests on was not brought back; V02 rests on root's look, too."""
    return (
        finding.verdict is PASS
        and finding.check != "V02"
        and any(
            finding.check in checks and name not in seen for name, checks in NEEDS.items() if name != "binds"
        )
    )


@pytest.mark.parametrize(
    "said",
    [
        "Error: unknown flag: --rootfs\n",
        "Error: unknown shorthand flag: 'v' in -v\n",
        'Error: unknown command "pod"\n',
    ],
)
def test_a_podman_that_has_dropped_an_option_has_proved_nothing(said: str) -> None:
    """Podman 7, say: what it no longer knows is no failure of the host."""
    none = Attempt(125, said)
    seen = attempt(whole=none, plain=none, keep_id=none, pod_create=none)
    found = {
        one.check: one
        for one in findings(subject(replace(seen, in_pod=False, podman="podman version 7.0.0\n")))
    }
    for check in ("V17", "V19", "V20"):
        assert found[check].verdict is Verdict.COULD_NOT_LOOK
        assert "does not support an option" in found[check].cause


@pytest.mark.parametrize(
    ("large", "code", "expected"),
    [
        (("bound /s/db",), 0, PASS),
        (("bound /s/db",), 125, BLIND),
        (("left /s/db",), 0, BLIND),
        ((), 125, FAIL),
    ],
)
def test_v31_blames_no_podman_for_a_file_that_was_not_copied(
    large: tuple[str, ...], code: int, expected: Verdict
) -> None:
    seen = replace(
        HEALTHY, large=large, listed=Attempt(code, "" if code == 0 else "Error: readonly database\n")
    )
    assert judged("V31", subject(seen)).verdict is expected
    assert judged("V17", subject(seen)).verdict is (BLIND if expected is FAIL else PASS)
