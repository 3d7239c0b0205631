"""Options and the typed records that commands get of them: neither has anything that the other lacks."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import click
import pytest
from click.testing import CliRunner
from pydantic import TypeAdapter

from podstead import cli
from podstead.cli.connection_options import ConnectionOptions
from podstead.cli.filters import Filters, Listing
from podstead.cli.main import VERBS
from podstead.cli.options import People, Printing, Selection
from podstead.cli.records import Group, record
from podstead.cli.rollout_options import RolloutOptions


def groups() -> dict[str, Group]:
    """Every group of options in a module of the command line."""
    return {
        name: value
        for module in pkgutil.iter_modules(cli.__path__)
        for name, value in vars(import_module(f"{cli.__name__}.{module.name}")).items()
        if isinstance(value, Group)
    }


GROUPS = groups()


def probe(group: Group) -> tuple[click.Command, list[object]]:
    """A command that has only these options, and the records that it was called with."""
    got: list[object] = []

    def take(**given: object) -> None:
        assert list(given) == [group.name]
        got.extend(given.values())

    return click.command()(group(take)), got


def exposed(command: click.Command) -> set[str]:
    return {one.name for one in command.params if one.expose_value and one.name}


def differences(group: Group) -> tuple[set[str], set[str]]:
    """Fields for which there is no option, and options for which there is no field."""
    names = exposed(probe(group)[0])
    every = {one.name for one in fields(group.cls)}
    needed = {one.name for one in fields(group.cls) if one.default is MISSING}
    return needed - names, names - every


def test_the_groups_are_found() -> None:
    assert {Selection, ConnectionOptions, People, Printing, Filters, Listing, RolloutOptions} == {
        group.cls for group in GROUPS.values()
    }


@pytest.mark.parametrize("name", GROUPS)
def test_every_field_has_an_option_and_every_option_a_field(name: str) -> None:
    assert differences(GROUPS[name]) == (set(), set())


@pytest.mark.parametrize(
    "cls", list(dict.fromkeys(group.cls for group in GROUPS.values())), ids=lambda cls: cls.__name__
)
def test_a_field_that_some_verbs_have_no_option_for_has_one_in_another(cls: type) -> None:
    names = [exposed(probe(group)[0]) for group in GROUPS.values() if group.cls is cls]
    assert set().union(*names) == {one.name for one in fields(cls)}


def test_only_verify_lacks_options_and_only_two() -> None:
    lacking = {
        name: {one.name for one in fields(group.cls)} - exposed(probe(group)[0])
        for name, group in GROUPS.items()
    }
    assert {name: some for name, some in lacking.items() if some} == {
        "listing_of_verify": {"list_tasks", "list_tags"}
    }


@dataclass(frozen=True, kw_only=True)
class Odd:
    one: str
    two: str


def test_a_group_that_does_not_fit_is_noticed() -> None:
    odd = record("odd", Odd, click.option("--one"), click.option("--three"))
    assert differences(odd) == ({"two"}, {"three"})


def arguments(command: click.Command, folder: Path) -> Iterator[str]:
    """Each option and argument of a command, once."""
    for one in command.params:
        kind = one.type
        if isinstance(one, click.Argument):
            yield "all"
        elif one.expose_value and isinstance(one, click.Option):
            yield one.opts[0]
            if isinstance(kind, click.Choice):
                yield str(kind.choices[0])
            elif isinstance(kind, click.IntRange | click.FloatRange) and not one.count:
                yield str(kind.min or 1)
            elif not (one.is_flag or one.count):
                yield ("junit=" if one.name == "reports" else "") + str(folder / "file")


@pytest.mark.parametrize("full", [False, True], ids=["nothing", "everything"])
@pytest.mark.parametrize("name", GROUPS)
def test_what_click_reads_is_of_the_types_that_the_record_has(name: str, full: bool, tmp_path: Path) -> None:
    command, got = probe(GROUPS[name])
    given = list(arguments(command, tmp_path)) if full else []
    done = CliRunner().invoke(command, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    (said,) = got
    hints = get_type_hints(GROUPS[name].cls)
    values = {one: getattr(said, one) for one in hints}
    assert values == {
        one: TypeAdapter(hint).validate_python(values[one], strict=True) for one, hint in hints.items()
    }
    if full:  # nothing is left at what it is without an option
        left = {one for one, value in values.items() if value in (None, (), False, 0)}
        assert left == set(hints) - exposed(command)


@pytest.mark.parametrize("verb", VERBS)
def test_a_command_takes_what_its_options_give(verb: str) -> None:
    command: click.Command = import_module(f"podstead.cli.verbs.{verb}").command
    function = inspect.unwrap(_callback(command))
    hints = get_type_hints(function)
    assert "return" in hints
    taken: set[str] = set()
    for name in inspect.signature(function).parameters:
        hint = hints[name]
        mine = [group for group in GROUPS.values() if group.name == name]
        if is_dataclass(hint):
            assert hint in [group.cls for group in mine], name
            taken |= {one.name for one in fields(hint)}
        elif hint is not click.Context:
            assert mine == []
            taken.add(name)
    lacking = {"list_tasks", "list_tags"} if verb == "verify" else set()
    assert taken - lacking == exposed(command)


def _callback(command: click.Command) -> Callable[..., object]:
    assert command.callback
    return command.callback
