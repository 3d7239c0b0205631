"""The catalogue of failure modes: complete, findable, and honest about what each remedy takes."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from podstead.host.families import FAMILIES, MANAGERS, OTHER
from podstead.proof import catalogue
from podstead.proof.catalogue import FailureMode, Need
from podstead.proof.check import Check
from podstead.proof.checks import CHECKS

FILES = sorted(Path(catalogue.__file__).parent.glob("*.toml"))
MODES = list(catalogue.load().values())

#: What an ordinary user may not do, at the start of a command.
ROOT_COMMAND = re.compile(
    rf"(?:{'|'.join(MANAGERS)}|apparmor_parser|apt-get|chmod|chown|groupadd|grubby|install -d|loginctl enable-linger"
    r"|modprobe|mount|restorecon|sed -i|semanage|sysctl|systemctl(?! --user)|update-grub|useradd|usermod) "
)

each_mode = pytest.mark.parametrize("mode", MODES, ids=[mode.ref for mode in MODES])
each_file = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


def entries(path: Path) -> list[dict[str, Any]]:
    """The entries as they are written: load() would keep only the last of two with the same reference."""
    found: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["mode"]
    return found


def asks_for_root(remedy: str) -> bool:
    """Whether a remedy has a command for root: not one that it gives to the user."""
    for part in re.split(r"; | && ", remedy):
        if "as the user" in part.lower():
            continue
        if re.search(r">>? /etc/", part) or any(ROOT_COMMAND.match(f"{one} ") for one in part.split(": ")):
            return True
    return False


def test_every_reference_is_there_once() -> None:
    written = [entry["ref"] for path in FILES for entry in entries(path)]
    # each letter counts from 01 without a gap: a reference that is gone would be somebody else's next time
    letters = Counter(ref[0] for ref in written)
    assert sorted(letters) == list("ABCDEFGHIJ")
    whole = [f"{letter}{number:02}" for letter, count in letters.items() for number in range(1, count + 1)]
    assert sorted(written) == sorted(whole) == list(catalogue.load())
    assert len(written) >= 142


def test_identifiers_are_unique() -> None:
    written = [entry["id"] for path in FILES for entry in entries(path)]
    assert sorted({one for one in written if written.count(one) > 1}) == []


@each_file
def test_a_file_holds_one_field_in_order(path: Path) -> None:
    refs = [entry["ref"] for entry in entries(path)]
    assert refs == sorted(refs)
    assert {ref[0] for ref in refs} == {refs[0][0]}
    assert path.read_text(encoding="utf-8").startswith(f"# {refs[0][0]}: ")


@each_file
def test_a_file_is_plain_ascii(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    assert [number for number, line in enumerate(lines, 1) if not line.isascii()] == []


@each_mode
def test_a_mode_is_found_by_reference_and_identifier_in_any_case(mode: FailureMode) -> None:
    for name in (mode.ref, mode.ref.lower(), mode.id, mode.id.upper(), mode.id.title()):
        assert catalogue.find(name) is mode


def test_what_is_not_there_is_not_found() -> None:
    for name in ("", "A00", "K01", "C99", "helper", "no-such-mode"):
        assert catalogue.find(name) is None


@each_mode
def test_there_is_a_remedy_for_every_family(mode: FailureMode) -> None:
    for family in (*FAMILIES, OTHER):
        assert mode.remedy_for(family).strip()
    assert all(text.strip() for text in mode.remedy.values())
    assert mode.remedy_for(OTHER) == mode.remedy["any"]  # not the commands of some other family
    assert set(mode.remedy) <= {"any", *(family.name for family in FAMILIES)}


@each_mode
def test_a_remedy_names_no_package_manager_of_another_family(mode: FailureMode) -> None:
    own = {family.name: {*family.managers} for family in FAMILIES}
    for family, text in mode.remedy.items():
        named = {name for name in MANAGERS if re.search(rf"\b{name}\b", text)}
        assert named <= own.get(family, set())


@each_mode
def test_a_remedy_says_that_it_stops_containers_or_may_lose_data(mode: FailureMode) -> None:
    for text in mode.remedy.values():
        if "system migrate" in text:
            assert Need.STOPS_CONTAINERS in mode.needs
        if "system reset" in text or "rm -rf" in text:
            assert mode.needs & {Need.STOPS_CONTAINERS, Need.MAY_LOSE_DATA}
        if re.search(r"\b(?:erases|is lost|are lost|destroys)\b", text):
            assert Need.MAY_LOSE_DATA in mode.needs


LOSES = re.compile(r"system (?:reset|prune)|rm -rf? ~|rm -rf? /home|destroys|erases|volume rm|rmi\b")


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_the_remedy_of_a_check_whose_cause_is_not_known_deletes_nothing(check: Check) -> None:
    assert not LOSES.search(check.remedy)


@each_mode
def test_what_loses_data_is_never_the_first_thing_to_do(mode: FailureMode) -> None:
    for text in mode.remedy.values():
        assert not LOSES.search(text.split("; ")[0])


@each_mode
def test_a_remedy_says_that_it_takes_a_reboot(mode: FailureMode) -> None:
    instructed = any(re.search(r"\breboot\b", text) for text in mode.remedy.values())
    assert (Need.REBOOT in mode.needs) == instructed


@each_mode
def test_a_remedy_says_that_it_takes_a_new_login(mode: FailureMode) -> None:
    if any(re.search(r"(?i)\blogs? in again\b", text) for text in mode.remedy.values()):
        assert Need.RELOGIN in mode.needs


@each_mode
def test_a_remedy_says_that_it_takes_root(mode: FailureMode) -> None:
    for text in mode.remedy.values():
        if asks_for_root(text):
            assert Need.ROOT in mode.needs


@pytest.mark.parametrize(
    ("remedy", "expected"),
    [
        ("chmod u+s /usr/bin/newuidmap", True),
        ("podstead apply; by hand: apt-get install uidmap", True),
        ("log in again; then, with SELinux: restorecon /etc/subuid", True),
        ("echo 'a = 1' >> /etc/sysctl.d/99-rootless-podman.conf", True),
        ("as the user: podman system migrate; usermod -v 1-2 alice", True),
        ("touch x && systemctl daemon-reload", True),
        ("as the user: chmod o+x PATH", False),
        ("As the user: systemctl --user daemon-reload && systemctl --user start dbus.socket", False),
        ("cd / before the command", False),
        ("mounts are listed by findmnt", False),
    ],
)
def test_commands_for_root_are_told_from_those_for_the_user(remedy: str, *, expected: bool) -> None:
    assert asks_for_root(remedy) is expected


@each_mode
def test_a_remedy_begins_with_podstead_where_podstead_applies_it(mode: FailureMode) -> None:
    assert {text.startswith("podstead apply") for text in mode.remedy.values()} == {mode.applied}


@each_mode
def test_what_is_not_detected_is_not_applied_and_says_where_to_look(mode: FailureMode) -> None:
    assert not (mode.undetected and mode.applied)
    assert not mode.undetected or len(mode.undetected.split()) >= 10


@each_mode
def test_texts_are_whole(mode: FailureMode) -> None:
    assert not mode.title.endswith(".")
    assert all(text.strip() == text != "" for text in (mode.title, mode.breaks, mode.cause, *mode.sources))
    assert mode.breaks.endswith(".")
    assert mode.cause.endswith(".")
    assert len(set(mode.symptoms)) == len(mode.symptoms)
    assert all(len(text) >= 10 for text in mode.symptoms)
