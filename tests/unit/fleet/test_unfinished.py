"""The lists of hosts with which a run did not come to its end."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from podstead.fleet.unfinished import KEPT, keep, lists, state_folder
from podstead.inventory.patterns import split
from podstead.visit.record import HostReport, Report, Status


def report(*statuses: Status) -> Report:
    hosts = tuple(HostReport(name=f"web{number}", status=status) for number, status in enumerate(statuses))
    return Report(verb="apply", version="1", started="2026-12-01T10:11:12+00:00", seconds=1, hosts=hosts)


MIXED = report(Status.FAILED, Status.OK, Status.UNREACHABLE, Status.SKIPPED, Status.SKIPPED)


def test_each_host_that_did_not_come_to_its_end_is_in_one_list() -> None:
    assert lists(MIXED) == {"failed": ("web0",), "unreachable": ("web2",), "never-started": ("web3", "web4")}
    assert lists(report(Status.OK, Status.CHANGED, Status.PENDING)) == {}


def test_a_list_is_a_file_that_a_pattern_reads_and_nobody_else(tmp_path: Path) -> None:
    files = keep(MIXED, tmp_path / "runs")
    assert list(files) == ["failed", "unreachable", "never-started"]
    assert list(split(f"@{files['never-started']}")) == ["web3", "web4"]
    (place,) = {path.parent for path in files.values()}
    assert place.name.startswith("20261201T101112Z-")
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.parametrize("good", [report(Status.FAILED), report(Status.OK, Status.OK)])
def test_one_host_and_a_good_run_leave_nothing(good: Report, tmp_path: Path) -> None:
    assert keep(good, tmp_path / "runs") == {}
    assert not (tmp_path / "runs").exists()


def test_old_lists_go(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        (tmp_path / f"20250101T{number:06}Z-1").mkdir()
    keep(MIXED, tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert (len(left), left[0]) == (KEPT, "20250101T000006Z-1")
    assert left[-1].startswith("20261201T")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HOME": "/home/me"}, "/home/me/.local/state/podstead/runs"),
        ({"HOME": "/home/me", "XDG_STATE_HOME": "/state"}, "/state/podstead/runs"),
        ({"HOME": "/home/me", "XDG_STATE_HOME": "state"}, "/home/me/.local/state/podstead/runs"),
    ],
)
def test_the_folder_is_that_of_the_specification(environment: dict[str, str], expected: str) -> None:
    assert state_folder(environment) == Path(expected)
