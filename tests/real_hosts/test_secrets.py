"""Secrets out of Ansible Vault on a real host: they do their work and appear nowhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.recipe import CAROL_PASSWORD
from tests.real_hosts.conftest import Booting
from tests.real_hosts.controller import Controller

pytestmark = pytest.mark.real_hosts

TOKEN = 'tök"en-hunter2'
DROP_IN = "/etc/containers/containers.conf.d/50-podstead.conf"


def seal(path: Path, document: dict[str, str], password: Path) -> None:
    """Seal a file of variables with the real ansible-vault."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    words = [
        sys.executable,
        "-m",
        "ansible",
        "vault",
        "encrypt",
        "--vault-password-file",
        str(password),
        str(path),
    ]
    subprocess.run(words, check=True, capture_output=True)
    assert path.read_text().startswith("$ANSIBLE_VAULT;")


def test_a_sealed_password_becomes_root_and_a_sealed_token_reaches_its_file_alone(
    booting: Booting, controller: Controller
) -> None:
    with booting("debian-13", podman=True) as host:
        inventory = controller.inventory(
            {host.name: controller.reach("carol", ansible_become_password="{{ sudo_password }}")},
            engine={"containers": {"pids_limit": 0, "env": ["PATH=/usr/bin", "TOKEN={{ token }}"]}},
        )
        password = inventory.parent / "password"
        password.write_text("open sesame\n")
        seal(
            inventory.parent / "group_vars/all/vault.yml",
            {"sudo_password": CAROL_PASSWORD, "token": TOKEN},
            password,
        )
        opened = ("--vault-password-file", str(password))

        ran = controller.podstead("check", "-i", inventory)
        assert ran.code == 2
        assert "vault.yml: is encrypted with Ansible Vault" in ran.err

        before = controller.podstead("check", "-i", inventory, "--diff", *opened)
        assert before.code == 3, before
        ran = controller.podstead("apply", "-i", inventory, "--diff", "-vvv", "-o", "json", *opened)
        assert ran.code == 0, ran
        again = controller.podstead("apply", "-i", inventory, "-v", *opened)
        assert again.code == 0, again
        assert "changed=0" in again.out

        written = host.path(DROP_IN).read_text()
        assert json.dumps(f"TOKEN={TOKEN}", ensure_ascii=False) in written
        shown = next(one.diff for one in ran.host(host.name).changes if one.id == "engine:drop-in:content")
        assert '"********"' in shown
        for one in (before, ran, again):
            assert "hunter2" not in str(one)
            assert CAROL_PASSWORD not in str(one)
        journal = host.sh("journalctl --no-pager -o cat; cat /var/log/*.log 2>/dev/null || :").stdout
        assert "hunter2" not in journal
        assert CAROL_PASSWORD not in journal
