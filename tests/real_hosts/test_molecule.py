"""The real Molecule runs the scenario molecule/default on a real host."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import Lab, state
from tests.real_hosts.controller import PROJECT

pytestmark = pytest.mark.real_hosts

STEPS = ["destroy", "syntax", "create", "converge", "idempotence", "verify", "destroy"]


def test_molecule_passes_every_step_and_leaves_no_host(lab: Lab, tmp_path: Path) -> None:
    assert lab.name, "this machine can run hosts"
    name = f"mol{secrets.token_hex(4)}"
    tools = Path(sys.executable).parent  # ansible-playbook stands beside the Python that has Molecule
    env = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "COLUMNS": "200",
        "PODSTEAD_MOLECULE_LAB": name,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "molecule", "test", "--destroy=always"],
            cwd=PROJECT,
            env=env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        arrow = ">" if "default >" in said else "➜"  # by terminal
        details = said.partition("DETAILS")[2].partition("SCENARIO RECAP")[0].splitlines()
        assert [line.strip() for line in details if line.strip()] == [
            f"default {arrow} {step}: Executed: Successful" for step in STEPS
        ]
        assert name not in state.names()
    finally:
        if name in state.names():
            Lab.load(name).down()
