"""Remedies: every placeholder has a kind, none is left unfilled, and nobody is told to do what is another's."""

from __future__ import annotations

import re

import pytest

from podstead.host import subids
from podstead.host.families import debian
from podstead.host.state import HostState
from podstead.ids.flaws import all_flaws
from podstead.proof import catalogue, owners, remedy
from podstead.proof.checks import CHECKS
from podstead.proof.diagnosis import DIAGNOSES, remedy_of, signs
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import subject_of
from podstead.proof.verdict import findings
from tests.model_host import ModelAccount, spec_of
from tests.support.subjects import HEALTHY, RANGE, host, judged, no_grant, subject
from tests.unit.proof.test_diagnosis import BROKEN
from tests.unit.proof.test_diagnosis_ranges import lines, people

MEANT = frozenset(
    {"ACL", "ALL", "CNI", "ID", "JSON", "NFS", "PAM", "PATH", "RHEL", "SSH", "SSSD", "TARGET", "WSL", "XDG"}
)
"""Words in capitals that mean themselves."""
NAMES = re.compile(r"(?<![\w$./-])[A-Z]{2,}\b(?![=_(])")


def unfilled(text: str) -> list[str]:
    """Words in capitals in a remedy that stand for nothing that anybody could read."""
    return [word for word in NAMES.findall(text) if word not in MEANT]


@pytest.mark.parametrize("ref", sorted(catalogue.load()))
def test_every_word_in_capitals_of_the_catalogue_has_a_kind_or_means_itself(ref: str) -> None:
    for text in catalogue.load()[ref].remedy.values():
        assert [word for word in unfilled(text) if word not in remedy.KINDS] == []


@pytest.mark.parametrize("ref", sorted(BROKEN))
def test_no_remedy_is_printed_with_a_word_that_was_to_be_filled_in(ref: str) -> None:
    one = BROKEN[ref].subject
    told = [remedy_of(diagnosis, sign, one) for diagnosis, sign in signs(one)]
    told += [finding.remedy for finding in findings(one)]
    assert [
        (text, unfilled(text), remedy.words(text)) for text in told if unfilled(text) or remedy.words(text)
    ] == []


@pytest.mark.parametrize("ref", sorted({one.ref for one in DIAGNOSES}))
def test_a_remedy_of_which_nothing_is_known_says_how_to_find_it_out(ref: str) -> None:
    for text in catalogue.load()[ref].remedy.values():
        told = remedy.fill(text, {})
        assert (unfilled(told), remedy.words(told)) == ([], [])
        assert told


@pytest.mark.parametrize("check", CHECKS)
def test_the_remedy_of_a_check_has_no_word_to_fill_in(check: str) -> None:
    assert (remedy.words(CHECKS[check].remedy), unfilled(CHECKS[check].remedy)) == ([], [])


def of_host(state: HostState, *judged: str) -> dict[str, Finding]:
    found = owners.findings(
        spec_of(), state.subids, state.accounts, debian.FAMILY, verified_users=frozenset(judged)
    )
    return {one.ref: one for one in found}


WHOLE = {
    "C02": ("bob:589824:65536\n", ""),
    "C07": ("bob:589824:65536\n" * 2,) * 2,
    "C06": ("bob:589824:65536\n1001:589824:65536\n",) * 2,
    "C08": ("bob:589824:65536\nbob:600000:65536\n",) * 2,
    "C10": ("bob:589824:65536\neve:600000:65536\n",) * 2,
    "C11": ("bob:10000:65536\n",) * 2,
    "C12": ("bob:4294901760:65536\n",) * 2,
    "C13": ("bob:589824:1000\n",) * 2,
    "C15": ("bob:589824:many\n",) * 2,
    "C18": ("".join(f"bob:{start}:200\n" for start in range(589824, 589824 + 400 * 1000, 1000)),) * 2,
    "C23": ("gone.away:589824:65536\n",) * 2,
    "C25": ("bob:589824:65537\n",) * 2,
    "C27": ("bob:589824:65536\n",) * 2,
    "C33": ("bob:589824:65536",) * 2,
}  # fmt: skip


@pytest.mark.parametrize("ref", WHOLE)
def test_a_finding_of_the_host_speaks_of_the_owner_and_of_nobody_else(ref: str) -> None:
    more = {"zed": ModelAccount(600000, 1003)} if ref == "C27" else {}
    uids, gids = WHOLE[ref]
    on = host(
        files={"/etc/subuid": uids, "/etc/subgid": gids},
        accounts=people(bob=ModelAccount(1001, 1002), eve=ModelAccount(1002, 1003), **more),
    )
    told = of_host(on.state(("alice",)), "alice")[ref].remedy
    assert (unfilled(told), remedy.words(told)) == ([], [])
    assert "alice" not in told.replace("/home/alice", "")


def test_who_is_inside_a_range_gets_another_number_and_not_the_owner() -> None:
    told = judged("V03", subject(on=host(accounts=people(bob=ModelAccount(524300, 1002)))))
    assert told.ref == "C27"
    assert told.remedy.startswith(
        "Give bob, which is inside the range, another number while it runs nothing: usermod -u 1003 bob;"
    )
    assert "usermod -V 524288-589823 -W 524288-589823 alice" in told.remedy
    assert "usermod -v 589824-655359 -w 589824-655359 alice" in told.remedy
    assert not re.search(r"usermod -u \d+ alice|terminate-user bob", told.remedy)


def test_a_group_inside_a_range_is_given_another_number_with_groupmod() -> None:
    told = judged("V03", subject(on=host(groups={"staff": 524300})))
    assert told.ref == "C27"
    assert told.remedy.startswith("Give staff, which is inside the range, another number")
    assert (
        "groupmod -g 1001 staff; then chgrp" in told.remedy
        or "groupmod -g 1002 staff; then chgrp" in told.remedy
    )
    assert "usermod -u" not in told.remedy


@pytest.mark.parametrize("first", [10000, 65000])
def test_a_range_over_ids_of_the_system_is_moved(first: int) -> None:
    """Nobody can renumber nobody (65534)."""
    on = lines(
        f"alice:{first}:65536\n",
        accounts=people(nobody=ModelAccount(65534, 65534)),
        user_facts={"graph__owner": None},
    )
    told = judged("V03", subject(on=on))
    assert told.ref == "C11"
    assert "usermod -u" not in told.remedy
    assert f"usermod -V {first}-{first + 65535} -W {first}-{first + 65535} alice" in told.remedy


def test_a_range_in_one_file_only_is_moved_in_that_file() -> None:
    files = {"/etc/subuid": "alice:10000:65536\n", "/etc/subgid": f"alice:{RANGE}\n"}
    told = judged("V03", subject(on=host(files=files, user_facts={"graph__owner": None})))
    assert "usermod -V 10000-75535 alice" in told.remedy
    assert "-W" not in told.remedy
    assert "-w" not in told.remedy


def test_no_free_range_is_named_where_a_line_is_not_settled() -> None:
    on = lines(
        f"alice:{RANGE}\nbob:589000:65536\nzed:655360:many\n", accounts=people(bob=ModelAccount(1001, 1002))
    )
    told = next(one for one in findings(subject(on=on)) if one.ref == "C10")
    assert "usermod -v" not in told.remedy
    assert "no free range can be named here: podstead check says which range apply would grant" in told.remedy


def test_the_ids_that_follow_are_named_only_where_they_are_free() -> None:
    alone = judged("V02", subject(on=lines("alice:524288:1000\n")))
    assert "usermod -v 525288-589823 -w 525288-589823 alice" in alone.remedy
    beside = judged(
        "V02",
        subject(
            on=lines("alice:524288:1000\nbob:530000:65536\n", accounts=people(bob=ModelAccount(1001, 1002)))
        ),
    )
    assert (beside.ref, "usermod" in beside.remedy) == ("C13", False)


def test_the_missing_half_is_named_only_where_nobody_has_it() -> None:
    def told(gids: str) -> str:
        files = {"/etc/subuid": f"alice:{RANGE}\n", "/etc/subgid": gids}
        found = findings(subject(HEALTHY, host(files=files, accounts=people(bob=ModelAccount(1001, 1002)))))
        return next(one.remedy for one in found if one.ref == "C02")

    assert "usermod -w 524288-589823 alice" in told("")
    assert "usermod" not in told("bob:530000:65536\n")


def test_no_two_people_are_told_to_take_the_same_range() -> None:
    on = host(files={"/etc/subuid": "", "/etc/subgid": ""}, accounts=people(bob=ModelAccount(1001, 1002)))
    spec = spec_of(users={"alice": {}, "bob": {}})
    state = on.state(spec.users)
    told = []
    for name in spec.users:
        found = findings(subject_of(name, spec, state, no_grant()))
        told.append({text for one in found for text in re.findall(r"usermod -v (\d+)", one.remedy)})
    assert told == [{"524288"}, {"589824"}]


def test_every_flaw_of_the_pure_look_has_a_remedy_about_its_owner() -> None:
    on = lines(f"alice:{RANGE}\nbob:530000:65536\n", accounts=people(bob=ModelAccount(1001, 1002)))
    state = on.state(("alice",))
    sides = subids.sides(state.subids, state.accounts)
    (flaw, *_) = all_flaws(sides[0])
    text, values = remedy.about(flaw, sides, catalogue.load()[flaw.ref].remedy["any"])
    assert (flaw.ref, values["OWNER"], values["OLDFIRST"]) == ("C10", flaw.owner, "524288")
    assert "OWNER" in text


def test_a_finding_that_passes_has_no_remedy() -> None:
    assert {one.remedy for one in findings(subject()) if one.verdict is Verdict.PASS} == {""}
