"""What is known of a part is one record: none is left out, and none says something of another part."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from podstead import host, provision
from podstead.document.tags import PART_NAMES, UNMANAGED, part_of
from podstead.provision.change import Outcome, Phase
from podstead.provision.part import Part
from podstead.provision.parts import PARTS, owned_files
from podstead.provision.plan import Plan, plan
from podstead.report.explain import _matches, changes
from tests.unit.report.test_explain import planned_ids, situations

each_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)


def ids_in(said: Outcome | Plan) -> set[str]:
    changed, refused = ({one.id for one in said.changes}, {one.id for one in said.refusals})
    return changed | refused | {one.id for one in said.not_applicable}


def modules_with(name: str, package: ModuleType) -> dict[str, Any]:
    """The modules of a package that have something of this name."""
    modules = {
        one.name: import_module(f"{package.__name__}.{one.name}")
        for one in pkgutil.iter_modules(package.__path__)
    }
    return {module: getattr(found, name) for module, found in modules.items() if name in vars(found)}


def test_every_part_that_a_module_has_is_listed_under_the_name_of_the_module() -> None:
    assert modules_with("PART", provision) == {part.name: part for part in PARTS}


def test_a_document_names_the_parts_by_their_names_and_in_their_order() -> None:
    assert tuple(part.name for part in PARTS) == PART_NAMES


def test_every_phase_belongs_to_one_part_in_the_order_of_the_parts() -> None:
    assert [phase for part in PARTS for phase in part.phases] == sorted(Phase)


@each_part
def test_a_part_plans_under_its_own_name_and_in_its_own_phases(part: Part) -> None:
    outcomes = [part.plan(spec, state, allowed) for spec, state, allowed in situations()]
    assert {part_of(one) for outcome in outcomes for one in ids_in(outcome)} == {part.name}
    assert {change.phase for outcome in outcomes for change in outcome.changes} == set(part.phases)


def test_a_plan_refuses_in_the_order_of_the_parts() -> None:
    """Also where the phases leave the order open; what could not be checked comes last."""
    for spec, state, allowed in situations():
        said = [
            part_of(one.id) for one in plan(spec, state, allowed=allowed).refusals if ":look" not in one.id
        ]
        assert said == sorted(said, key=PART_NAMES.index)


@each_part
def test_a_part_says_what_its_own_changes_mean_and_no_others(part: Part) -> None:
    assert part.changes
    assert {part_of(one.id) for one in part.changes} == {part.name}


def test_every_id_that_a_plan_can_have_is_explained_by_one_entry() -> None:
    patterns = [one.id for one in changes()]
    possible = {one for spec, _, _ in situations() for part in PARTS for one in part.ids(spec)}
    explained = {name: [one for one in patterns if _matches(one, name)] for name in possible | planned_ids()}
    assert {name: by for name, by in explained.items() if len(by) != 1} == {}


def test_every_id_that_a_plan_has_may_be_named() -> None:
    for spec, state, allowed in situations():
        nameable = {one for part in PARTS for one in part.ids(spec)}
        assert ids_in(plan(spec, state, allowed=allowed)) - nameable == set()


def test_what_is_foreign_is_no_part() -> None:
    assert UNMANAGED not in PART_NAMES
    assert {part_of(one.id) for one in changes()} == {*PART_NAMES, UNMANAGED}


def test_the_drop_in_of_each_part_is_owned_by_that_part() -> None:
    """It stands beside the state of the part, and where there is none beside the plan."""
    written = {
        name: path
        for room in (host, provision)
        for name, path in modules_with("DROP_IN", room).items()
        if name in PART_NAMES
    }
    assert {part.name: part.owns for part in PARTS if part.owns} == {
        name: (path,) for name, path in written.items()
    }
    assert len(set(owned_files())) == len(owned_files()) == len(written)


@each_part
def test_what_a_part_does_is_said_in_a_line(part: Part) -> None:
    assert part.does
    assert part.does.splitlines() == [part.does]


@pytest.mark.process
def test_the_words_are_known_without_the_planners() -> None:
    """A command line with no names in it does not pay for them, and neither does whoever reads roles."""
    code = "import sys, podstead.cli.verbs.apply, podstead.document.roles; sys.exit('podstead.provision.parts' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
