"""A project of ``podstead init`` on a real host: from nothing to a proof with the commands that its README names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab import Host
from tests.real_hosts.controller import NO_PIDS_CONTROLLER, Controller

pytestmark = pytest.mark.real_hosts


def test_a_starter_project_makes_a_host_ready(fresh: Host, controller: Controller, tmp_path: Path) -> None:
    project = tmp_path / "project"

    def podstead(*words: str | Path, cwd: Path = project) -> int:
        return controller.podstead(*words, cwd=cwd).code

    made = ("init", project, "--host", fresh.name, "--for", "runner", "--role", "fleet-node")
    assert podstead(*made, cwd=tmp_path) == 0
    own = {"engine": NO_PIDS_CONTROLLER, "users": {"runner": {"create": True}}}
    reach = project / "inventory" / "host_vars" / f"{fresh.name}.yml"
    reach.parent.mkdir()
    reach.write_text(
        json.dumps({**controller.reach("admin"), "podstead": own}),
        encoding="utf-8",
    )
    assert podstead("check", "--syntax-check") == 0
    assert podstead("check", "--diff") == 3
    assert podstead("apply") == 0
    assert podstead("check", "--diff") == 0
    assert podstead("verify") == 0
    assert fresh.root(["id", "-u", "runner"]).stdout.strip().isdecimal()
