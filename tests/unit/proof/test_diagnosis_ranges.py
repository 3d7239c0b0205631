"""Each failure mode of /etc/subuid and /etc/subgid (C) is told from its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from podstead.proof import owners
from podstead.proof.engine_evidence import Attempt
from podstead.proof.finding import Verdict
from podstead.proof.verdict import findings
from podstead.provision import subids
from tests.model_host import ModelAccount, ModelHost, spec_of
from tests.support.subjects import (
    HEALTHY,
    RANGE,
    TOOLS,
    Broken,
    assert_diagnosed,
    host,
    inside,
    judged,
    no_grant,
    no_helper,
    subject,
)

OWN = f"alice:{RANGE}\n"


def lines(text: str, **more: Any) -> ModelHost:
    """A host with this text in both files."""
    return host(files={"/etc/subuid": text, "/etc/subgid": text}, **more)


def people(**accounts: ModelAccount) -> dict[str, ModelAccount]:
    return {"alice": ModelAccount(1000, 1001), **accounts}


GRANT: Mapping[str, Broken] = {
    "C01": Broken(subject=subject(no_grant(), lines("")), check="V02"),
    "C02": Broken(
        subject=subject(no_grant(), host(files={"/etc/subuid": OWN, "/etc/subgid": ""})), check="V02"
    ),
    "C03": Broken(subject=subject(no_grant(), host(files={})), check="V02", also=("C01",)),
    "C04": Broken(
        subject=subject(no_grant(), lines("", login_defs={"SUB_UID_COUNT": "0"})), check="V02", also=("C01",)
    ),
    "C05": Broken(
        subject=subject(replace(HEALTHY, environment={**HEALTHY.environment, "USER": "bob"})), check="V01"
    ),
    "C13": Broken(subject=subject(on=lines("alice:524288:1000\n")), check="V02"),
    "C15": Broken(subject=subject(no_grant(), lines(f"alice:{RANGE}\r\n")), check="V02", also=("C01",)),
    "C32": Broken(
        subject=subject(no_grant(), lines(OWN, kinds={"/etc/subuid": "symbolic link"})), check="V02"
    ),
    "C33": Broken(subject=subject(on=lines(f"alice:{RANGE}")), check="V02", verdict=Verdict.WARN),
    "C16": Broken(subject=subject(replace(HEALTHY, access=HEALTHY.access - {"/etc/subgid"})), check="V02"),
    "C19": Broken(
        subject=subject(no_grant(), lines(f"EXAMPLE\\Alice:{RANGE}\n")), check="V02", also=("C01",)
    ),
    "C20": Broken(
        subject=subject(
            no_grant(), lines("", subid_source="sss", facts={"libsubid__module": "libsubid_sss.so"})
        ),
        check="V02",
    ),
    "C21": Broken(subject=subject(no_grant(), lines("", subid_source="sss")), check="V02", also=("C20",)),
    "C22": Broken(
        subject=subject(
            no_grant(), lines(f"jane:{RANGE}\n", accounts={"alice": ModelAccount(1000, 1001, "/home/jane")})
        ),
        check="V02",
        also=("C01",),
    ),
    "C31": Broken(
        subject=subject(no_grant(), lines("", tools=TOOLS - {"usermod"})),
        check="V02",
        proved=False,
        also=("C01",),
    ),
}
CLASHES: Mapping[str, Broken] = {
    "C06": Broken(subject=subject(on=lines(f"{OWN}1000:{RANGE}\n")), check="V03"),
    "C07": Broken(subject=subject(on=lines(OWN + OWN)), check="V03"),
    "C08": Broken(subject=subject(on=lines(f"{OWN}alice:524289:5\n")), check="V03"),
    "C09": Broken(
        subject=subject(
            replace(
                HEALTHY,
                who=("alice", "1000", "524300", "524300"),
                passwd="alice:x:1000:524300::/home/alice:/bin/bash",
            ),
            host(accounts={"alice": ModelAccount(1000, 524300)}, user_facts={"graph__owner": None}),
        ),
        check="V03",
    ),
    "C10": Broken(subject=subject(on=lines(f"{OWN}bob:589000:65536\n")), check="V03"),
    "C11": Broken(
        subject=subject(on=host(groups={"staff": 524300}, login_defs={"GID_MAX": "600000"})), check="V03"
    ),
    "C12": Broken(subject=subject(on=lines("alice:4294901760:65536\n", user_facts={"graph__owner": None})), check="V03"),
    "C18": Broken(
        subject=subject(
            on=lines(
                "".join(f"alice:{start}:200\n" for start in range(524288, 524288 + 400 * 1000, 1000)),
                user_facts={"graph__owner": None},
            )
        ),
        check="V03",
    ),
    "C24": Broken(
        subject=subject(on=host(facts={"lock": ("/etc/subuid.lock alive", "/etc/subgid.lock dead")})),
        check="V02",
        verdict=Verdict.WARN,
    ),
    "C25": Broken(subject=subject(on=lines("alice:524288:65537\n")), check="V03", verdict=Verdict.WARN),
    "C26": Broken(
        subject=subject(on=host(login_defs={"SUB_UID_DETERMINISTIC": "yes", "SUB_UID_MIN": "100000"})),
        check="V03",
        verdict=Verdict.WARN,
    ),
    "C27": Broken(
        subject=subject(on=host(accounts=people(bob=ModelAccount(524300, 1002)))), check="V03"
    ),
}  # fmt: skip
BROKEN = {**GRANT, **CLASHES}


@pytest.mark.parametrize("ref", sorted(BROKEN))
def test_the_failure_mode_is_told_from_its_evidence(ref: str) -> None:
    assert_diagnosed(ref, BROKEN[ref])


def test_files_that_cannot_be_read_are_said_before_the_missing_line() -> None:
    finding = judged("V02", subject(replace(no_grant(), access=frozenset({"home", "directory"})), lines("")))
    assert (finding.ref, finding.others) == ("C16", ("C01",))


def test_a_wrong_name_is_said_before_the_helper_that_refuses_its_range() -> None:
    ill = no_helper("newuidmap: uid range [1-65537) -> [5-65541) not allowed")
    finding = judged("V10", subject(replace(ill, environment={**HEALTHY.environment, "USER": "bob"})))
    assert (finding.ref, finding.others) == ("C05", ("B10",))


def test_a_repeated_line_is_said_before_name_and_number() -> None:
    finding = judged("V03", subject(on=lines(f"{OWN}{OWN}1000:{RANGE}\n")))
    assert (finding.ref, finding.others[0]) == ("C07", "C06")


def test_name_and_number_are_said_where_nothing_is_repeated() -> None:
    finding = judged("V03", subject(on=lines(f"1000:{RANGE}\n{OWN}")))
    assert (finding.ref, finding.found.partition(";")[0]) == (
        "C06",
        "/etc/subuid:1 and /etc/subuid:2 grant alice 524288:65536 twice",
    )


def test_ranges_of_accounts_that_are_gone_are_a_suspect_only() -> None:
    finding = judged("V02", subject(no_grant(), lines(f"ghost:{RANGE}\n")))
    assert (finding.ref, finding.others) == ("C01", ("C22",))


@pytest.mark.parametrize("uid", [999, 60001])
def test_useradd_passes_over_accounts_outside_the_login_range(uid: int) -> None:
    on = lines("", accounts={"alice": ModelAccount(uid, 1001)})
    finding = judged("V02", subject(no_grant(), on))
    assert (finding.ref, finding.others) == ("C04", ("C01",))


def test_somebody_elses_damaged_line_counts_where_podman_stops_at_it() -> None:
    said = "cannot find UID/GID for user alice: cannot parse subuid/gid information: Format not correct for /etc/subuid file"
    ill = replace(no_grant(), attempts={**no_grant().attempts, "inside": Attempt(125, said)})
    finding = judged("V10", subject(ill, lines(f"{OWN}zed:655360:65536:note\n")))
    assert (finding.ref, "'zed:655360:65536:note'" in finding.found) == ("C15", True)
    assert "zed" not in finding.remedy


def test_a_line_that_nobody_can_read_leaves_open_whose_ids_these_are() -> None:
    finding = judged("V03", subject(on=lines(f"{OWN}zed:524288:many\n")))
    assert finding.verdict is Verdict.COULD_NOT_LOOK
    assert "/etc/subuid:2: 'zed:524288:many'" in finding.cause


def test_a_grant_that_only_shadow_reads_is_an_overlap_all_the_same() -> None:
    finding = judged("V03", subject(on=lines(f"{OWN}zed:0x80000:65536\n")))
    assert (finding.verdict, finding.ref) == (Verdict.FAIL, "C10")


def test_ranges_of_a_directory_above_2_31_are_no_failure() -> None:
    on = lines(
        "",
        subid_source="sss",
        directory={"alice": ("0: alice 2147483648 65536\n", "0: alice 2147483648 65536\n")},
        facts={"libsubid__module": "libsubid_sss.so"},
        user_facts={"graph__owner": None},
    )
    found = judged("V03", subject(on=on))
    assert found.verdict is Verdict.PASS
    assert found.found.endswith("; the other users to whom sss grants ranges cannot be listed")


@pytest.mark.parametrize(("uid_max", "ref"), [("70000", "C11"), ("60000", "C27")])
def test_the_same_account_is_the_same_flaw_for_everybody_who_judges(uid_max: str, ref: str) -> None:
    """Where accounts are made by themselves the range is in the wrong place, elsewhere the account is."""
    on = lines(
        "alice:66000:65536\n",
        accounts=people(bob=ModelAccount(66500, 66500)),
        login_defs={"UID_MAX": uid_max, "GID_MAX": uid_max},
        user_facts={"graph__owner": None},
    )
    assert judged("V03", subject(on=on)).ref == ref
    state = on.state(["alice"])
    assert {flaw.ref for flaw in owners.host_flaws(state.subids, state.accounts)} == {ref}
    (refusal,) = subids.plan(spec_of(), state.subids, state.accounts, frozenset()).refusals
    assert "includes 66500, the UID of bob" in refusal.reason


def test_somebody_elses_damaged_line_is_not_this_users() -> None:
    finding = judged("V02", subject(no_grant(), lines("bob:600000: 65536\n")))
    assert (finding.ref, finding.others) == ("C01", ())


def test_a_range_in_a_reserved_block_warns_because_nobody_is_there_yet() -> None:
    on = lines("alice:61184:65536\n", user_facts={"graph__owner": None})
    finding = judged("V03", subject(on=on))
    assert (finding.verdict, finding.ref) == (Verdict.WARN, "C11")
    assert "the reserved block 61184 to 65519" in finding.found


def test_two_users_of_one_range_are_named_with_file_and_line() -> None:
    finding = judged("V03", subject(on=lines(f"{OWN}bob:589000:65536\n")))
    assert finding.found == (
        "/etc/subuid:1: alice's 524288:65536 overlaps bob's 589000:65536 (/etc/subuid:2); "
        "/etc/subgid:1: alice's 524288:65536 overlaps bob's 589000:65536 (/etc/subgid:2)"
    )


def test_a_second_danger_is_a_finding_of_its_own() -> None:
    """A range that overlaps and holds an account needs two repairs."""
    on = lines(f"{OWN}bob:589000:65536\n", groups={"staff": 524300})
    named = [finding.ref for finding in findings(subject(on=on)) if finding.check == "V03"]
    assert named == ["C10", "C27"]


def test_a_lock_that_is_held_is_no_finding() -> None:
    finding = judged("V02", subject(on=host(facts={"lock": "/etc/subuid.lock alive"})))
    assert (finding.verdict, finding.ref) == (Verdict.PASS, "")


def test_two_locks_are_both_named_and_each_with_its_remedy() -> None:
    facts = {"lock": ("/etc/subuid.lock dead", "/etc/subgid.lock none")}
    finding = judged("V02", subject(on=host(facts=facts)))
    assert (
        "/etc/subuid.lock belongs to a process that is gone; /etc/subgid.lock contains no process ID"
        in finding.found
    )
    assert finding.remedy.endswith(": rm /etc/subgid.lock; podstead apply removes the other")


def test_a_deterministic_range_in_its_place_is_no_finding() -> None:
    on = lines(
        "alice:100000:65536\n",
        login_defs={"SUB_UID_DETERMINISTIC": "yes", "SUB_UID_MIN": "100000"},
        user_facts={"graph__owner": None},
    )
    assert judged("V03", subject(on=on)).verdict is Verdict.PASS


def test_podman_that_maps_one_id_is_explained_by_the_missing_line() -> None:
    found = {finding.check: finding for finding in findings(subject(no_grant(), lines("")))}
    assert {found[check].ref for check in ("V02", "V12", "V13", "V17")} == {"C01"}


def test_a_chown_that_fails_for_another_reason_is_not_laid_on_the_ranges() -> None:
    ill = replace(HEALTHY, attempts={**HEALTHY.attempts, "inside": inside(chown="chown 1:1 ok\n")})
    assert judged("V13", subject(ill)).ref == ""


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, "/etc/subuid and /etc/subgid do not exist"),
        ({"/etc/subuid": OWN}, "/etc/subgid does not exist"),
    ],
)
def test_one_file_does_not_exist_and_two_do_not(files: dict[str, str], found: str) -> None:
    assert judged("V02", subject(no_grant(), host(files=files))).found.startswith(found)


def test_one_last_line_does_not_end_and_two_do_not() -> None:
    both = f"alice:{RANGE}"
    assert (
        "the last lines of /etc/subuid and /etc/subgid do not end"
        in judged("V02", subject(on=lines(both))).found
    )
    mixed = host(files={"/etc/subuid": OWN, "/etc/subgid": both})
    assert "the last line of /etc/subgid does not end" in judged("V02", subject(on=mixed)).found
