"""podstead reads damaged subid files as the real newuidmap and getsubids do (the long form: make soak)."""

from __future__ import annotations

import pytest

from tests.real_hosts.conftest import Booting
from tests.soak.damaged_files import cases, compare

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(90)]


@pytest.mark.parametrize("release", ["debian-11", "debian-12", "debian-13", "debian-forky"])
def test_no_disagreement_over_damaged_files(booting: Booting, release: str) -> None:
    with booting(release, podman=True) as host:
        host.sh("touch /etc/subuid /etc/subgid")
        result = compare(host, cases(seed=1, count=120), whole_file=release == "debian-forky", podman=15)
    assert result.found == []
    assert result.granted > 15
    assert result.odd > 5
    assert result.maps >= 3
