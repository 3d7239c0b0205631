"""Every module stands in a room, every import goes down, and there is no circle (``tests/support/rooms.py``)."""

from __future__ import annotations

import pytest

from tests.support import rooms


def test_every_module_stands_in_a_room() -> None:
    assert all(map(rooms.room_of, rooms.modules()))
    with pytest.raises(ValueError, match="helpers stands in no room"):
        rooms.room_of("helpers")


def test_every_import_goes_down() -> None:
    assert [str(one) for one in rooms.imports() if one.upward] == []


def test_an_import_within_a_function_counts() -> None:
    assert rooms.Import("control.settings", "control.settings_file") in rooms.imports()


def test_the_packages_that_python_runs_on_the_way_count() -> None:
    assert rooms.Import("visit.prove", "proof") in rooms.imports()


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert rooms.circle(rooms.imports()) == ()
    both = frozenset({rooms.Import("ids.ranges", "ids.flaws"), rooms.Import("ids.flaws", "ids.ranges")})
    assert set(rooms.circle(both)) == {"ids.ranges", "ids.flaws"}


def test_an_import_that_goes_up_is_named_with_both_rooms() -> None:
    wrong = rooms.Import("host.state", "provision.change")
    assert (wrong.upward, str(wrong)) == (
        True,
        "host.state imports provision.change: host does not stand above provision",
    )
    assert rooms.Import("provision.plan", "proof.finding").upward, "of one floor, and strangers"
    assert not rooms.Import("host.state", "host.facts").upward


def test_rooms_are_printed_with_what_they_import(capsys: pytest.CaptureFixture[str]) -> None:
    assert rooms.main() == 0
    printed = capsys.readouterr().out
    assert "provision  -> document ground host ids\n" in printed
    assert printed.endswith("0 going up\n")
