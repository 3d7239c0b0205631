"""A family of distributions is one record, its package managers are one shell file each: nothing of one is forgotten."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from podstead.host import families
from podstead.host.families import FAMILIES, MANAGERS, OTHER, family_of, family_with
from podstead.host.family import INDISPENSABLE, Family
from podstead.host.packages import PackagesState
from podstead.host.platforms import Platform
from podstead.proof import catalogue
from podstead.provision.change import RunCommand
from podstead.provision.packages import components_needed, plan_helpers
from podstead.visit import script
from podstead.visit.advice import advice
from tests.model_host import NONCE, spec_of
from tests.shells import SHELLS, lacking, run

SHELL_FILES = Path(script.__file__).parent / "scripts/packages"

each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
each_manager = pytest.mark.parametrize("manager", MANAGERS)
each_shell = pytest.mark.parametrize("shell", SHELLS)
with_shells = pytest.mark.skipif(bool(lacking()), reason=f"needs {', '.join(lacking())}")


# --- the records ---


def test_every_module_of_a_family_is_listed_under_the_name_of_the_module() -> None:
    modules = {
        one.name: import_module(f"{families.__name__}.{one.name}")
        for one in pkgutil.iter_modules(families.__path__)
    }
    assert {name: module.FAMILY for name, module in modules.items()} == {one.name: one for one in FAMILIES}
    assert len(modules) == len(FAMILIES)


def test_no_two_families_share_an_id_or_a_manager() -> None:
    for words in ([one for family in FAMILIES for one in family.ids], list(MANAGERS)):
        assert sorted(set(words)) == sorted(words)
    assert OTHER.name not in {family.name for family in FAMILIES}


@each_family
def test_a_family_has_ids_a_manager_and_the_packages_that_a_plan_needs(family: Family) -> None:
    assert family.ids
    assert family.managers
    assert set(INDISPENSABLE) <= family.packages.keys()
    assert all(family.packages.values())


@each_family
def test_a_family_has_no_package_for_a_role_that_no_plan_has(family: Family) -> None:
    spec = spec_of(users={}, packages={"podman": {}}, storage={"driver": "overlay"})
    platform = Platform(family=family, kernel="5.10", systemd=True)
    roles = {role for podman in ("3.0", "4.9", "5.4") for role in components_needed(spec, platform, podman)}
    assert family.packages.keys() <= roles


@each_family
def test_a_family_is_known_by_its_ids_and_by_what_begins_with_one(family: Family) -> None:
    for one in family.ids:
        assert family_of([one]) is family_of(["unheard-of", f"{one}-leap"]) is family
    for manager in family.managers:
        assert family_with(manager) is family


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["ubuntu", "debian"], "debian"),
        (["rocky", "rhel", "centos", "fedora"], "redhat"),
        (["opensuse-tumbleweed", "opensuse", "suse"], "suse"),
        (["manjaro", "arch"], "arch"),
        (["alpine"], "alpine"),
        (["slackware"], "other"),
        ([""], "other"),
        ([], "other"),
    ],
)
def test_a_distribution_belongs_to_the_first_family_that_is_known(ids: list[str], expected: str) -> None:
    assert family_of(ids).name == expected


def test_of_what_is_not_known_nothing_is_said() -> None:
    assert family_with("none") is family_with("") is OTHER
    assert (OTHER.packages, OTHER.managers, OTHER.selinux_policy) == ({}, (), "")


@pytest.mark.parametrize("family", [*FAMILIES, OTHER], ids=lambda family: family.name)
def test_the_helpers_get_back_what_the_package_of_a_family_gives_them(family: Family) -> None:
    state = PackagesState(
        manager="x", installed={}, broken=frozenset(), helpers={"/usr/bin/newuidmap": ("755", "0")}
    )
    (change,) = plan_helpers(spec_of(packages={"podman": {}}), state, Platform(family=family)).changes
    capability = ("setcap", "cap_setuid+ep", "/usr/bin/newuidmap")
    setuid = ("chmod", "4755", "--", "/usr/bin/newuidmap")
    assert change.steps == (RunCommand(capability if family.name == "redhat" else setuid),)


@each_family
def test_a_look_asks_about_each_package_of_a_family(family: Family) -> None:
    asked = script.observe_header(spec_of(), NONCE)
    (line,) = re.findall("^PS_PACKAGES='(.*)'$", asked, re.MULTILINE)
    assert {*family.packages.values(), family.selinux_policy} - {""} <= {*line.split()}


def test_the_remedies_of_the_catalogue_are_for_families_that_there_are() -> None:
    written = {name for mode in catalogue.load().values() for name in mode.remedy}
    assert written <= {"any", *(family.name for family in FAMILIES)}


@each_family
def test_what_the_manager_of_a_family_prints_comes_with_advice(family: Family) -> None:
    printed = {
        "wait for the other program to end, then run podstead again": family.locked,
        "the package sources of this host do not provide the package: check its repositories": family.not_offered,
        "the host cannot reach its package sources: check its network or proxy": family.unreachable,
        **{hint: (pattern,) for pattern, hint in family.advice},
    }
    for hint, patterns in printed.items():
        # none of them is more than words and "or"
        assert {advice(f"E: {words} x") for pattern in patterns for words in pattern.split("|")} <= {hint}


# --- the shell files ---


def functions(text: str) -> list[str]:
    return re.findall(r"^(ps_[a-z_]+)\(\) ", text, re.MULTILINE)


def test_every_shell_file_is_that_of_a_manager_and_every_manager_has_one() -> None:
    assert sorted(f"{manager}.sh" for manager in MANAGERS) == sorted(
        one.name for one in SHELL_FILES.iterdir()
    )


@each_manager
def test_a_manager_is_three_functions_and_no_more(manager: str) -> None:
    text = script.source(f"packages/{manager}.sh")
    assert functions(text) == [f"ps_{verb}_{manager}" for verb in ("has", "query", "install")]
    outside = [line for line in text.splitlines() if not line.startswith((" ", "ps_", "}"))]
    assert outside == []


def test_a_look_carries_nothing_that_installs() -> None:
    looking = {f"ps_{verb}_{manager}" for manager in MANAGERS for verb in ("has", "query")}
    installing = {f"ps_install_{manager}" for manager in MANAGERS}
    for text in (script.observe(spec_of(), NONCE), script.standalone()):
        assert looking <= {*functions(text)}
        assert installing & {*functions(text)} == set()
        assert "apt-get" not in text
    assert looking | installing <= {*functions(script.apply(spec_of(), (), NONCE))}


PRINTS = """#!/bin/sh
printf '%s' "${0##*/}"
[ $# = 0 ] || printf '|%s' "$@"
echo
"""


def answered(folder: Path, shell: str, programs: Sequence[str], text: str) -> list[str]:
    """What is printed on a host that has these programs and no others; each prints how it was called."""
    for name in programs:
        (folder / name).write_text(PRINTS)
        (folder / name).chmod(0o755)
    # busybox's shell has an rpm and a dpkg of its own
    own = "".join(f'{name}() {{ {folder}/{name} "$@"; }}\n' for name in {"rpm", "dpkg"} & {*programs})
    header = f"PS_NONCE={NONCE}\nPS_MANAGERS='{' '.join(MANAGERS)}'\nPS_PACKAGES='podman crun'\n"
    sources = script.of_managers("has", "query", "install") + "".join(
        map(script.source, ("frame.sh", "record.sh", "observe.sh", "apply.sh"))
    )
    done = run(shell, f"{header}{sources}{own}PATH={folder}\nset -e\n{text}\n")
    return [*filter(None, (done.stdout + done.stderr).decode().splitlines())]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What a host with this manager is asked, and how podman and crun are installed there: what each program is called with."""

    has: tuple[str, ...]
    """The programs by which the manager is known."""
    asked: tuple[str, ...]
    installs: tuple[str, ...]


RPM = r"rpm|-q|--qf|%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\tinstalled\n|podman|crun"
TRIED: Mapping[str, Tried] = {
    "apt": Tried(
        has=("dpkg-query",),
        asked=(r"dpkg-query|-W|-f=${Package}\t${Version}\t${db:Status-Status}\n|podman|crun",),
        installs=(
            "dpkg|--force-confold|--configure|-a",
            "apt-get|-q|-y|-o|DPkg::Lock::Timeout=120|-o|Dpkg::Options::=--force-confold|install|--no-install-recommends|--|podman|crun",
        ),
    ),
    "apk": Tried(
        has=("apk",),
        asked=("podman\tapk|info|-e|-v|podman\tinstalled", "crun\tapk|info|-e|-v|crun\tinstalled"),
        installs=("apk|add|--|podman|crun",),
    ),
    "pacman": Tried(
        has=("pacman",),
        asked=("pacman|-Q|podman|crun\t\tinstalled",),
        installs=("pacman|-S|--noconfirm|--needed|--|podman|crun",),
    ),
    "zypper": Tried(
        has=("rpm", "zypper"),
        asked=(RPM,),
        installs=("zypper|--non-interactive|install|--|podman|crun",),
    ),
    "dnf": Tried(has=("rpm", "dnf"), asked=(RPM,), installs=("dnf|-y|install|--|podman|crun",)),
    "yum": Tried(has=("rpm",), asked=(RPM,), installs=("yum|-y|install|--|podman|crun",)),
}


def test_every_manager_is_tried_here() -> None:
    assert TRIED.keys() == {*MANAGERS}


def test_apt_is_asked_for_first_and_what_rests_on_rpm_last() -> None:
    """Debian has a game called pacman, rpm may be there as a mere tool, and openSUSE may have dnf."""
    on_rpm = tuple(manager for manager in MANAGERS if "rpm" in TRIED[manager].has)
    assert on_rpm == ("zypper", "dnf", "yum") == MANAGERS[-3:]
    assert MANAGERS[0] == "apt"


@pytest.mark.process
@with_shells
@each_shell
@each_manager
def test_a_host_is_asked_with_the_first_manager_that_it_has(shell: str, manager: str, tmp_path: Path) -> None:
    later = MANAGERS[MANAGERS.index(manager) :]
    programs = {"podman", *(program for one in later for program in TRIED[one].has)}
    found = answered(tmp_path, shell, sorted(programs), "ps_packages")
    assert found == [f"@@{NONCE} packages {manager}", *TRIED[manager].asked]


@pytest.mark.process
@with_shells
@pytest.mark.parametrize("shell", ["dash", "bash"])  # busybox always has an rpm of its own
@pytest.mark.parametrize("programs", [("zypper", "dnf", "yum"), ()])
def test_a_host_without_any_says_so(shell: str, programs: Sequence[str], tmp_path: Path) -> None:
    assert answered(tmp_path, shell, programs, "ps_packages") == [f"@@{NONCE} packages none"]


@pytest.mark.process
@with_shells
@each_shell
def test_where_podman_is_missing_apt_says_which_one_there_is(shell: str, tmp_path: Path) -> None:
    found = answered(tmp_path, shell, ("dpkg-query", "apt-cache"), "ps_packages")
    candidate = [f"@@{NONCE} candidate", "apt-cache|policy|podman"]
    assert found == [f"@@{NONCE} packages apt", *TRIED["apt"].asked, *candidate]


@pytest.mark.process
@with_shells
@each_shell
@each_manager
def test_a_manager_installs_without_asking(shell: str, manager: str, tmp_path: Path) -> None:
    programs = sorted({call.split("|")[0] for one in TRIED.values() for call in one.installs})
    found = answered(tmp_path, shell, programs, f"ps_install {manager} podman crun")
    assert found == [*TRIED[manager].installs]


@pytest.mark.process
@with_shells
@each_shell
@pytest.mark.parametrize("manager", ["none", "emerge", "*"])
def test_without_a_manager_nothing_is_installed(shell: str, manager: str, tmp_path: Path) -> None:
    text = f"ps_install '{manager}' podman || echo failed"
    assert answered(tmp_path, shell, ("dnf", "yum"), text) == ["failed", "podstead: no package manager"]
