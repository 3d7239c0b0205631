"""dnf, zypper and pacman for real; apt is what every other test here uses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab

pytestmark = pytest.mark.real_hosts
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> dict[str, dict[str, Any]]:  # noqa: ARG001 - says whether hosts can run
    """What each package manager did, by its name."""
    place = tmp_path_factory.mktemp("overlay")
    argv = [
        "unshare",
        "-m",
        "sh",
        str(HERE / "package_managers.sh"),
        str(place),
        sys.executable,
        str(HERE.parents[1]),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return {row["asked"]: row for row in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("manager", ["dnf", "zypper", "pacman"])
def test_a_package_is_installed_and_its_version_judged(rows: dict[str, dict[str, Any]], manager: str) -> None:
    assert rows[manager] == {
        "asked": manager,
        "manager": manager,
        "before": None,
        "changes": ["changed install podstead-probe"],
        "after": "5:4.3.1-2",
        "left": [],
        "refused": [],
    }
