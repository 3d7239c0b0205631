"""Every failure mode of the catalogue has somebody who looks for it, and a healthy host has none of them."""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module

import pytest

from podstead.proof import catalogue, diagnosis
from podstead.proof.checks import finding_of
from podstead.proof.diagnosis import DIAGNOSES, explain, signs
from podstead.proof.engine_evidence import Attempt
from podstead.proof.finding import Verdict
from podstead.proof.subject import Subject
from podstead.proof.verdict import findings
from tests.support.subjects import (
    ATTEMPTS,
    HEALTHY,
    TOOLS,
    attempt,
    host,
    info,
    judged,
    no_namespace,
    podman,
    subject,
)
from tests.unit.proof.test_diagnosis_containers import BROKEN as CONTAINERS
from tests.unit.proof.test_diagnosis_kernel import BROKEN as KERNEL
from tests.unit.proof.test_diagnosis_ranges import BROKEN as RANGES
from tests.unit.proof.test_diagnosis_session import BROKEN as SESSION
from tests.unit.proof.test_diagnosis_start import BROKEN as START

BROKEN = {**KERNEL, **RANGES, **SESSION, **CONTAINERS, **START}
REFS = [one.ref for one in DIAGNOSES]


def test_every_diagnosis_has_a_broken_host_that_it_is_proved_on() -> None:
    assert sorted(BROKEN) == sorted(set(REFS))
    assert len(BROKEN) == sum(len(table) for table in (KERNEL, RANGES, SESSION, CONTAINERS, START))


def test_every_module_that_looks_for_failure_modes_is_listed() -> None:
    modules = {
        one.name: import_module(f"{diagnosis.__name__}.{one.name}")
        for one in pkgutil.iter_modules(diagnosis.__path__)
    }
    entries = {
        name: module.register.entries for name, module in modules.items() if hasattr(module, "register")
    }
    assert [name for name, own in entries.items() if not all(one in DIAGNOSES for one in own)] == []
    assert sum(map(len, entries.values())) == len(DIAGNOSES)


def test_every_failure_mode_that_can_be_detected_has_a_diagnosis() -> None:
    # what only a look at both files as a whole can tell, podstead.proof.owners finds (tests/unit/proof/test_owners.py)
    detectable = {ref for ref, mode in catalogue.load().items() if not (mode.undetected or mode.of_files)}
    assert set(REFS) == detectable
    # by configuration, and by what programs say
    assert {ref for ref in REFS if list(REFS).count(ref) > 1} == {"D09", "E04", "F03", "J02", "J04"}


# --- healthy hosts ---

CAPABLE = {"newuidmap": "cap_setuid=ep", "newgidmap": "cap_setgid=ep"}
BY_CAPABILITY = "/usr/bin/newuidmap -rwxr-xr-x 0\n/usr/bin/newgidmap -rwxr-xr-x 0"
FEDORA_STORAGE = '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\n'


def debian(version: str) -> Subject:
    return subject(podman(version))


def fedora(version: str) -> Subject:
    on = host(
        os_id="fedora",
        manager="dnf",
        kernel="6.17.8-300.fc43.x86_64",
        tools=TOOLS - {"iptables", "slirp4netns", "catatonit"},
        capabilities=CAPABLE,
        installed={"podman": f"5:{version}-1.fc43", "container-selinux": "4:2.242", "catatonit": "0.2.1-3.fc43"},
        facts={"selinux": "1", "systemd": "systemd 258 (258.2-1.fc43)"},
    )  # fmt: skip
    return subject(replace(podman(version), helper_stat=BY_CAPABILITY), on)


def newest() -> Subject:
    """Podman 6: pasta, nft, netavark 2 and SQLite, and no file in the old places."""
    seen = podman("6.1.0", host__networkBackendInfo__version="netavark 2.0.0")
    own = info(store__runRoot="/run/user/1000/containers", host__databaseBackend="sqlite")
    return subject(
        replace(seen, user_info=own, has_database=True), host(tools=TOOLS - {"iptables", "slirp4netns"})
    )


def ubuntu() -> Subject:
    """AppArmor restricts user namespaces, and its profile lets Podman pass."""
    label = attempt(unshare=Attempt(1, "unshare: write failed /proc/self/uid_map: Operation not permitted\n"))
    restricted = {"kernel.apparmor_restrict_unprivileged_userns": "1", **host().live}
    on = host(os_id="ubuntu", live=restricted, facts={"apparmor__loaded": "podman (unconfined)"})
    return subject(podman("4.9.3", label), on)


def oldest() -> Subject:
    """Debian 11: Podman 3 makes no pods without a registry, and its kernel needs fuse-overlayfs."""
    seen = replace(HEALTHY, in_pod=False)
    on = host(kernel="5.10.0-30-amd64", tools={*TOOLS, "fuse-overlayfs"} - {"pasta", "nft"})
    return subject(podman("3.0.1", seen), on)


VARIANTS: Mapping[str, Subject] = {
    "Debian, Podman 3.0": oldest(),
    "Debian, Podman 4.3": debian("4.3.1"),
    "Debian, Podman 5.4": debian("5.4.2"),
    "Debian, Podman 6.1": newest(),
    "Fedora, Podman 5.6": fedora("5.6.2"),
    "Fedora, Podman 5.8": fedora("5.8.2"),
    "Ubuntu, Podman 4.9": ubuntu(),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_healthy_host_shows_no_sign_and_passes_everything(name: str) -> None:
    one = VARIANTS[name]
    assert [(who.ref, sign) for who, sign in signs(one)] == []
    verdicts = {finding.check: finding.verdict for finding in findings(one)}
    absent = {check for check, verdict in verdicts.items() if verdict is Verdict.NOT_APPLICABLE}
    assert absent == ({"V11", "V20"} if "3.0" in name else {"V11"})
    assert {verdict for check, verdict in verdicts.items() if check not in absent} == {Verdict.PASS}


def alpine() -> Subject:
    seen = replace(podman("5.4.2", host__cgroupManager="cgroupfs"), context="direct", controllers=None)
    on = host(
        os_id="alpine",
        manager="apk",
        systemd=False,
        init="init",
        linger=set(),
        buses=set(),
        tools=TOOLS - {"systemctl", "loginctl", "systemd-run"},
        facts={"systemd": None, "pam__systemd": None, "tmpfiles__keep": None},
        user_facts={"delegated": None, "tasks__max": None},
    )
    return subject(seen, on, session={"linger": True})


def test_a_healthy_host_without_systemd_is_told_only_what_it_cannot_do() -> None:
    """J06 says what the host is and F06 that limits have no effect; nothing fails."""
    assert {who.ref for who, sign in signs(alpine()) if sign.proved} == {"F06", "J06"}
    found = findings(alpine())
    assert [(one.check, one.ref) for one in found if one.verdict is Verdict.WARN] == [("V25", "F06")]
    assert {one.check for one in found if one.verdict is Verdict.NOT_APPLICABLE} == {"V11", "V26"}
    assert {one.verdict for one in found} == {Verdict.PASS, Verdict.WARN, Verdict.NOT_APPLICABLE}


# --- explaining ---


@pytest.mark.parametrize("ref", sorted(BROKEN))
def test_no_explanation_makes_a_check_better(ref: str, monkeypatch: pytest.MonkeyPatch) -> None:
    explained = findings(BROKEN[ref].subject)
    monkeypatch.setattr("podstead.proof.diagnosis.signs", lambda _: [])
    plain = findings(BROKEN[ref].subject)
    assert [one.check for one in plain] == list(dict.fromkeys(one.check for one in explained))
    for one in plain:
        told = [other.verdict for other in explained if other.check == one.check]
        if one.verdict in (Verdict.FAIL, Verdict.WARN):
            assert one.verdict is told[0]
        else:
            assert Verdict.PASS not in told or one.verdict is Verdict.PASS


def test_what_failed_is_said_beside_the_cause() -> None:
    ill = replace(no_namespace("unshare: odd words"), status={"NoNewPrivs": "1"})
    finding = judged("V05", subject(ill, host(tools=TOOLS - {"newuidmap"})))
    assert finding.ref == "B01"
    said = judged("V10", subject(ill, host(tools=TOOLS - {"newuidmap"})))
    assert said.found == "newuidmap not found; unshare: odd words"


def test_a_remedy_names_the_user_and_what_it_takes() -> None:
    finding = judged("V26", subject(on=host(linger=set())))
    assert "alice" in finding.remedy
    assert "USER" not in finding.remedy
    assert finding.mode == "no-linger"
    stops = judged("V27", subject(podman("5.4.2", store__graphDriverName="vfs")))
    assert stops.costs == ("needs root",)


def test_a_name_is_put_into_a_command_as_one_word() -> None:
    one = replace(subject(replace(HEALTHY, who=("alice", "1000", "33", "33"))), user="a b; reboot")
    (finding, *_) = explain([finding_of("V05", Verdict.FAIL, user=one.user)], one)
    assert finding.ref == "B07"
    assert "a b; reboot" in finding.remedy
    assert "a b; reboot" not in finding.remedy.replace("'a b; reboot'", "")


@pytest.mark.parametrize("ref", sorted(one.ref for one in DIAGNOSES if one.alone))
def test_what_needs_no_symptom_is_said_where_other_checks_could_not_look(ref: str) -> None:
    """A check that saw nothing names the cause, too, and that is no verdict on it."""
    broken = BROKEN[ref]
    attempts = {name: one for name, one in broken.subject.evidence.attempts.items() if name != "keep-id"}
    unseen = replace(broken.subject, evidence=replace(broken.subject.evidence, attempts=attempts))
    named = [one.verdict for one in findings(unseen) if (one.ref, one.check) == (ref, broken.check)]
    assert named == [broken.verdict]


def test_a_suspect_is_named_and_not_accused() -> None:
    on = host(live={"kernel.apparmor_restrict_unprivileged_unconfined": "1"})
    finding = judged("V04", subject(no_namespace(), on))
    assert (finding.verdict, finding.mode, finding.ref, finding.others) == (Verdict.FAIL, "", "", ("A06",))


# --- what a hostile program may say ---

WORDS = [
    "a",
    " ",
    "fork",
    "inotify",
    "session key",
    "OCI runtime ",
    "OCI runtime a",
    "sd-bus call: ",
    "net.ipv4.ping_group_range",
    "cannot chdir to ",
    "Couldn't open network namespace ",
    "'overlay' is not supported ove",
    "not supported over overlay_",
    'open("/dev/net/tun")',
    "does not match our ",
    "the requested cgroup controller a",
]


@pytest.mark.parametrize("word", WORDS)
def test_words_of_a_program_do_not_hold_the_verifier_up(word: str) -> None:
    """A user's own programs may print 40000 bytes of anything on one line."""
    failed = Attempt(1, (word * 40000)[:40000])
    ill = replace(
        HEALTHY,
        attempts={**ATTEMPTS, "inside": failed, "whole": failed, "plain": failed},
        fresh_info=info(failed),
        user_info=info(failed),
        has_database=True,
    )
    one = subject(ill, host(facts={"selinux": "1", "dev__fuse": "666"}))
    begun = time.process_time()
    findings(one)
    assert time.process_time() - begun < 1
