"""What docs/compared.md says of useradd and usermod is what they do."""

from __future__ import annotations

import pytest

from tests.lab import Host

pytestmark = [pytest.mark.real_hosts, pytest.mark.lasts(5)]


def test_usermod_accepts_an_overlap_and_useradd_gives_nothing_without_the_files(installed: Host) -> None:
    installed.sh("printf 'alice:524288:65536\\n' | tee /etc/subuid >/etc/subgid")
    assert installed.sh("usermod -v 524288-589823 -w 524288-589823 bob 2>&1").stdout == ""
    assert "bob:524288:65536" in installed.path("/etc/subuid").read_text()
    installed.sh("rm -f /etc/subuid /etc/subgid; useradd -m fresh")
    assert "fresh" in installed.path("/etc/passwd").read_text()
    assert not installed.path("/etc/subuid").exists()
