"""The lock files in requirements/ hold what pyproject.toml asks for, within its bounds, with hashes, for every Python."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def declared(*extras: str) -> list[Requirement]:
    document = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    texts = [*document["project"]["dependencies"], *document["dependency-groups"]["build"]]
    for extra in extras:
        texts += document["project"]["optional-dependencies"][extra]
    return [Requirement(text) for text in texts]


def locked(name: str) -> list[tuple[Requirement, int]]:
    """Every requirement of a lock file, and how many hashes it has."""
    text = (PROJECT / "requirements" / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [
        (Requirement(entry.partition(" \\\n")[0].strip()), entry.count("--hash=sha256:"))
        for entry in entries
        if entry.strip()
    ]


def version_for(name: str, python: str, lock: list[tuple[Requirement, int]]) -> Version | None:
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    for one, _ in lock:
        if canonicalize_name(one.name) == canonicalize_name(name) and (
            one.marker is None or one.marker.evaluate(environment)
        ):
            (pin,) = one.specifier
            assert pin.operator == "=="
            return Version(pin.version)
    return None


@pytest.mark.parametrize(("name", "extras"), [("run.txt", ()), ("test.txt", ("test",))])
@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_locked_within_its_bounds(
    name: str, extras: tuple[str, ...], python: str
) -> None:
    lock = locked(name)
    versions = {one.name: version_for(one.name, python, lock) for one in declared(*extras)}
    assert {one for one, version in versions.items() if version is None} == set()
    outside = [
        str(one)
        for one in declared(*extras)
        if not one.specifier.contains(versions[one.name] or Version("0"))
    ]
    assert outside == []


@pytest.mark.parametrize("name", ["run.txt", "test.txt"])
def test_every_locked_package_has_hashes_and_names_no_index(name: str) -> None:
    assert [str(one) for one, hashes in locked(name) if not hashes] == []
    assert "://" not in (PROJECT / "requirements" / name).read_text(encoding="utf-8")


def test_both_lock_files_agree() -> None:
    run, test = locked("run.txt"), locked("test.txt")
    assert {str(one) for one, _ in run} <= {str(one) for one, _ in test}


def test_every_dependency_has_bounds_on_both_sides() -> None:
    operators = {str(one): {specifier.operator for specifier in one.specifier} for one in declared("test")}
    assert {text for text, found in operators.items() if found != {">=", "<"}} == set()
