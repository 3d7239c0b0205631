"""The lists of hosts with which a run did not come to its end."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from podstead.fleet.unfinished import NEWEST, keep, lists, state_folder
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
    for number in range(NEWEST + 5):
        (tmp_path / f"20250101T{number:06}Z-1").mkdir()
    (tmp_path / "0-of-somebody-else").mkdir()
    keep(MIXED, tmp_path)
    (tmp_path / "0-of-somebody-else").rmdir()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert (len(left), left[0]) == (NEWEST, "20250101T000006Z-1")
    assert left[-1].startswith("20261201T")


def test_the_folder_is_that_of_the_specification(tmp_path: Path) -> None:
    own = tmp_path / ".local" / "state" / "podstead" / "runs"
    assert state_folder({"HOME": str(tmp_path)}) == own
    assert state_folder({"HOME": str(tmp_path), "XDG_STATE_HOME": "/state"}) == Path("/state/podstead/runs")
    assert state_folder({"HOME": str(tmp_path), "XDG_STATE_HOME": "state"}) == own


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_root_makes_no_folders_in_the_home_of_somebody_else(tmp_path: Path) -> None:
    """sudo may keep $HOME."""
    mine = Path(pwd.getpwuid(0).pw_dir) / ".local" / "state" / "podstead" / "runs"
    os.chown(tmp_path, 65534, 65534)
    assert state_folder({"HOME": str(tmp_path)}) == mine
    assert state_folder({"HOME": str(tmp_path / "nosuch")}) == mine
    assert state_folder({}) == mine
    assert state_folder({"HOME": "/"}) == mine, "a service has it so, and keeps nothing there"


def test_a_host_that_is_reached_without_an_inventory_is_in_a_list_that_can_be_read(tmp_path: Path) -> None:
    hosts = tuple(
        HostReport(name=name, status=Status.UNREACHABLE) for name in ("@ssh/root@192.0.2.1:22", "web1")
    )
    report_ = report().model_copy(update={"hosts": hosts})
    files = keep(report_, tmp_path)
    assert list(split(f"@{files['unreachable']}")) == ["@ssh/root@192.0.2.1:22", "web1"]
