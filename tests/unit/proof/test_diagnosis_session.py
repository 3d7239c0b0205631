"""Each failure mode of a user's session (E) and of what earlier commands left behind (D) is told from its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from podstead.ids.ranges import IdMap, IdRange
from podstead.proof.diagnosis import signs
from podstead.proof.engine_evidence import Attempt
from podstead.proof.evidence import Evidence
from podstead.proof.finding import Verdict
from podstead.proof.subject import Subject
from podstead.proof.verdict import findings
from tests.support.subjects import (
    HEALTHY,
    RANGE,
    Broken,
    assert_diagnosed,
    attempt,
    host,
    info,
    judged,
    no_container,
    not_started,
    subject,
)

LOWER = IdRange(100000, 65536)
NO_RUNTIME = {name: text for name, text in HEALTHY.environment.items() if name != "XDG_RUNTIME_DIR"}


def held(*ranges: IdRange, **more: Any) -> dict[str, Any]:
    """A pause process that keeps the map of these ranges."""
    return {"pause": {"alice": (IdMap.expected(1000, ranges), IdMap.expected(1001, ranges))}, **more}


def own(said: str = "", **values: str | None) -> Evidence:
    """What ``podman info`` says of the user's own storage; with words it fails."""
    if said:
        return not_started(said, has_database=True)
    return replace(HEALTHY, has_database=True, user_info=info(None, **values))


def outside(evidence: Evidence = HEALTHY) -> Evidence:
    """The probe ran where there is no session: no runtime directory, no bus."""
    access = evidence.access - {"bus", "runtime-dir"}
    return replace(evidence, context="direct", access=access, environment=NO_RUNTIME)


def both_files(text: str) -> dict[str, str]:
    return {"/etc/subuid": text, "/etc/subgid": text}


LEFTOVERS: Mapping[str, Broken] = {
    "C17": Broken(
        subject=subject(on=host(**held(RANGE), files=both_files(f"alice:{LOWER}\nalice:{RANGE}\n"))),
        check="V11",
        also=("D01",),
    ),
    "D01": Broken(subject=subject(on=host(**held(LOWER))), check="V11"),
    "D02": Broken(subject=subject(on=host(user_facts={"graph__owner": ("1000 1001", "100000 100000")})), check="V27"),
    "D03": Broken(
        subject=subject(own(store__graphDriverName="vfs")), check="V27", verdict=Verdict.WARN
    ),
    "D04": Broken(subject=subject(own(store__runRoot="/tmp/podman-run-1000/containers")), check="V26"),
    "D05": Broken(subject=subject(own("Error: current system boot ID differs from cached boot ID")), check="V31"),
    "D06": Broken(
        subject=subject(on=host(**held(RANGE), pause_program="bash")), check="V11", verdict=Verdict.WARN
    ),
    "D07": Broken(
        subject=subject(own("Error: database run root /run/a does not match our run root /run/b: database configuration mismatch")),
        check="V31",
    ),
    "D08": Broken(subject=subject(own(host__databaseBackend="boltdb")), check="V27", verdict=Verdict.WARN),
    "D09": Broken(
        subject=subject(on=host(user_facts={"mount__program": "true"})), check="V27", verdict=Verdict.WARN
    ),
    "D10": Broken(subject=subject(own(store__runRoot="/run/user/1234/containers")), check="V31"),
    "E11": Broken(
        subject=subject(
            own(store__runRoot="/tmp/podman-run-1000/containers"),
            host(facts={"tmpfiles__keep": "x /tmp/podman-run-*"}),
        ),
        check="V26",
        verdict=Verdict.WARN,
        also=("D04",),
    ),
}  # fmt: skip
SESSION: Mapping[str, Broken] = {
    "E01": Broken(subject=subject(outside(), host(buses=set())), check="V26"),
    "E02": Broken(subject=subject(outside()), check="V01", verdict=Verdict.WARN),
    "E03": Broken(
        subject=subject(replace(outside(), environment={**NO_RUNTIME, "XDG_RUNTIME_DIR": "/run/user/0"})),
        check="V01",
        verdict=Verdict.WARN,
    ),
    "E04": Broken(subject=subject(on=host(linger=set())), check="V26"),
    "E05": Broken(
        subject=subject(
            replace(HEALTHY, context="direct", access=HEALTHY.access - {"bus"}),
            host(buses=set(), runtime_dirs={"alice"}),
        ),
        check="V26",
        also=("E01",),
    ),
    "E06": Broken(
        subject=subject(no_container("Error: crun: sd-bus call: Interactive authentication required")),
        check="V17",
    ),
    "E07": Broken(subject=subject(replace(HEALTHY, access=HEALTHY.access - {"directory"})), check="V01"),
    "E08": Broken(subject=subject(replace(HEALTHY, access=HEALTHY.access - {"home"})), check="V01"),
    "E09": Broken(
        subject=subject(on=host(user_facts={"not__owned": ("/home/alice/.config/containers",)})), check="V01"
    ),
    "E10": Broken(
        subject=subject(on=host(facts={"unit__user": ("/etc/systemd/system/web.service:User=alice",)})),
        check="V26",
        verdict=Verdict.WARN,
    ),
    "E12": Broken(
        subject=subject(outside(), host(buses=set(), facts={"pam__systemd": "0"})),
        check="V26",
        also=("E01",),
    ),
    "E15": Broken(
        subject=subject(
            on=host(
                facts={"online__waits": "inactive"},
                user_facts={"quadlet": "/home/alice/.config/containers/systemd/web.container"},
            )
        ),
        check="V26",
        verdict=Verdict.WARN,
    ),
    "E14": Broken(
        subject=subject(on=host(facts={"root__propagation": "private"})), check="V01", verdict=Verdict.WARN
    ),
}
BROKEN = {**LEFTOVERS, **SESSION}


@pytest.mark.parametrize("ref", sorted(BROKEN))
def test_the_failure_mode_is_told_from_its_evidence(ref: str) -> None:
    assert_diagnosed(ref, BROKEN[ref])


def refs(one: Subject) -> list[str]:
    return [diagnosis.ref for diagnosis, _ in signs(one)]


def test_a_runtime_directory_without_a_bus_is_said_before_the_missing_session() -> None:
    finding = judged("V26", BROKEN["E05"].subject)
    assert (finding.ref, finding.others) == ("E05", ("E01",))


def test_a_range_below_the_old_ones_is_said_before_the_kept_map() -> None:
    finding = judged("V11", BROKEN["C17"].subject)
    assert (finding.ref, finding.others) == ("C17", ("D01",))


def test_a_further_range_above_the_old_ones_is_only_not_taken_up_yet() -> None:
    above = IdRange(1000000, 65536)
    on = host(**held(RANGE), files=both_files(f"alice:{RANGE}\nalice:{above}\n"))
    assert judged("V11", subject(on=on)).ref == "D01"


def test_a_map_that_is_the_grant_is_nothing_left_behind() -> None:
    assert refs(subject(on=host(**held(RANGE)))) == []


@pytest.mark.parametrize(
    ("version", "expected"), [("4.3.1", []), ("4.9.3", []), ("5.4.2", ["D08"]), ("5.8.6", ["D08"])]
)
def test_boltdb_is_a_matter_of_podmans_version(version: str, expected: list[str]) -> None:
    old = replace(own(host__databaseBackend="boltdb"), podman=f"podman version {version}\n")
    assert refs(subject(old)) == expected


def test_the_driver_of_the_first_use_may_be_what_the_user_chose() -> None:
    on = host()
    on.files["/home/alice/.config/containers/storage.conf"] = '[storage]\ndriver = "vfs"\n'
    assert refs(subject(own(store__graphDriverName="vfs"), on)) == []


def test_the_driver_of_the_first_use_is_seen_in_the_folders_too() -> None:
    assert refs(subject(on=host(storage={"alice": "vfs"}))) == ["D03"]


def test_a_mount_program_that_a_file_names_is_no_leftover() -> None:
    on = host(user_facts={"mount__program": "true"})
    on.files["/etc/containers/storage.conf"] = (
        '[storage.options.overlay]\nmount_program = "/usr/bin/fuse-overlayfs"\n'
    )
    assert refs(subject(on=on)) == []


@pytest.mark.parametrize("owner", ["x y", "1 2 3", "²  ²", "99999999999 1", ""])
def test_an_owner_that_is_no_pair_of_numbers_is_passed_over(owner: str) -> None:
    assert refs(subject(on=host(user_facts={"graph__owner": (owner,)}))) == []


def test_a_unit_of_another_user_is_not_this_users() -> None:
    units = ("/etc/systemd/system/a.service:User=alice2", "/etc/systemd/system/b.service:User=10001")
    assert refs(subject(on=host(facts={"unit__user": units}))) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/alice/.config/containers", "chown alice: /home/alice/.config/containers"),
        ("/home/alice/.config/a; rm -rf ~", None),
    ],
)
def test_a_path_is_put_into_a_command_only_where_it_can_be_pasted(path: str, expected: str | None) -> None:
    finding = judged("V01", subject(on=host(user_facts={"not__owned": (path,)})))
    assert finding.ref == "E09"
    assert finding.remedy == expected if expected else "rm -rf" not in finding.remedy


def test_a_user_who_shall_not_linger_misses_nothing() -> None:
    assert refs(subject(on=host(linger=set()), users={"alice": {"linger": False}})) == []


def test_a_second_leftover_is_a_finding_of_its_own() -> None:
    on = host(user_facts={"graph__owner": ("100000 100000",), "mount__program": "true"})
    named = [(one.ref, one.verdict) for one in findings(subject(on=on)) if one.check == "V27"]
    assert named == [("D02", Verdict.FAIL), ("D09", Verdict.WARN)]


def test_words_about_a_folder_are_taken_where_the_folder_could_be_entered() -> None:
    said = "Error: cannot chdir to /root: Permission denied"
    assert judged("V10", subject(attempt(inside=Attempt(125, said)))).ref == "E07"
