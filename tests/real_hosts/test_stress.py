"""Half a minute of what `make soak` does for ten: several programs at the same files, and SIGKILL at random."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import Lab
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import Controller
from tests.soak.stress import Stress

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(50)]


def test_ranges_never_overlap_whoever_writes_them(booting: Booting, lab: Lab, tmp_path: Path) -> None:
    controllers = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        controllers.append(Controller(lab, tmp_path / str(number)))
    with booting("debian-13", podman=True) as host:
        tally = Stress(host, controllers, seed=1).run(30)
    assert tally.wrong == [], str(tally)
    assert tally.changed > 2, str(tally)
    assert tally.accounts > 10, str(tally)
