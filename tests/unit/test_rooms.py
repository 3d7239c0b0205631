"""Every module stands in a room, every import goes down, and there is no circle (``tests/support/rooms.py``)."""

from __future__ import annotations

from tests.support import rooms

# What is still to be moved or split. Both lists only shrink.
HEAP: frozenset[str] = frozenset(
    {
        "parts",
    }
)
KNOWN: frozenset[tuple[str, str]] = frozenset(
    {
        ("document.tags", "report"),
        ("document.tags", "report.explain"),
        ("host.accounts", "provision"),
        ("host.accounts", "provision.change"),
        ("host.looks", "provision"),
        ("host.looks", "provision.change"),
        ("host.state", "provision"),
        ("host.state", "provision.engine"),
        ("host.state", "provision.engine_lasting"),
        ("host.state", "provision.packages"),
        ("host.state", "provision.session"),
        ("host.state", "provision.storage"),
        ("host.sysctls", "provision"),
        ("host.sysctls", "provision.change"),
        ("ids.subid_files", "provision"),
        ("ids.subid_files", "provision.change"),
        ("proof.case", "provision"),
        ("proof.case", "provision.storage"),
        ("proof.diagnosis.leftovers", "provision"),
        ("proof.diagnosis.leftovers", "provision.storage"),
        ("proof.diagnosis.storage", "provision"),
        ("proof.diagnosis.storage", "provision.storage"),
        ("proof.remedy", "provision"),
        ("proof.remedy", "provision.subid_grants"),
        ("provision.plan", "visit"),
        ("provision.plan", "visit.obstacles"),
        ("provision.room", "visit"),
        ("provision.room", "visit.record"),
    }
)


def _heap() -> frozenset[str]:
    return frozenset(module for module in rooms.modules() if not _stands(module))


def _stands(module: str) -> bool:
    try:
        rooms.room_of(module)
    except ValueError:
        return False
    return True


def test_every_module_stands_in_a_room() -> None:
    assert _heap() == HEAP


def test_every_import_goes_down() -> None:
    found = {one for one in rooms.imports() if not {one.importer, one.imported} & HEAP and one.upward}
    assert sorted(map(str, (one for one in found if (one.importer, one.imported) not in KNOWN))) == []
    assert {(one.importer, one.imported) for one in found} == KNOWN, "what is gone leaves the list"


def test_an_import_within_a_function_counts() -> None:
    assert rooms.Import("cli.main", "errors") in rooms.imports()


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert set(rooms.circle(rooms.imports())) == {"control.settings", "control.settings_file"}


def test_an_import_that_goes_up_is_named_with_both_rooms() -> None:
    wrong = rooms.Import("host.state", "provision.change")
    assert (wrong.upward, str(wrong)) == (
        True,
        "host.state imports provision.change: host does not stand above provision",
    )
    assert rooms.Import("provision.plan", "proof.finding").upward, "of one floor, and strangers"
    assert not rooms.Import("host.state", "host.facts").upward
