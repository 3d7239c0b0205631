"""podstead as it is run against a VM: over SSH to a port of 127.0.0.1, with keys of this run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from podstead.proof.finding import Verdict
from podstead.visit.record import HostReport, Report
from tests.vm.machine import Machine

_SECONDS = 900.0


class Controller:
    """Runs podstead against one VM, with a home and an inventory of its own."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.inventory = folder / "hosts.yml"
        known = f"-o UserKnownHostsFile={machine.known_hosts} -o StrictHostKeyChecking=yes"
        link: dict[str, object] = {
            "ansible_host": "127.0.0.1",
            "ansible_port": machine.port,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(machine.private_key),
            "ansible_ssh_common_args": known,
        }
        document = {"all": {"hosts": {"vm": link}, "vars": {"podstead": {"users": {"alice": {}}}}}}
        self.inventory.write_text(json.dumps(document, indent=1))  # JSON is YAML

    def run(self, verb: str, file: str = "report.json") -> tuple[int, Report]:
        """Run a verb to its end, and give its exit code and the JSON report it wrote to a file."""
        report = self.folder / file
        report.unlink(missing_ok=True)
        words = [verb, "-i", self.inventory, "--output", "json", "--output-file", report]
        done = subprocess.run(
            [sys.executable, "-m", "podstead", *map(str, words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"},
            cwd=self.home,
            timeout=_SECONDS,
        )
        said = f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in said, said
        assert report.is_file(), said
        return done.returncode, Report.model_validate_json(report.read_text())


def host(report: Report) -> HostReport:
    """What a report says about the VM."""
    (only,) = report.hosts
    return only


def verdicts(report: Report) -> dict[str, Verdict]:
    """Check and user -> verdict."""
    return {f"{one.check} {one.user}": one.verdict for one in host(report).findings}


def failures(report: Report) -> list[str]:
    """The findings that are not good, as lines that tell why."""
    good = (Verdict.PASS, Verdict.NOT_APPLICABLE)
    return [
        f"{one.check} {one.user} {one.verdict} [{one.ref}] {one.found or one.cause}"
        for one in host(report).findings
        if one.verdict not in good
    ]


def refs(report: Report) -> set[str]:
    """The places in the catalogue of what was proved to be wrong."""
    return {one.ref for one in host(report).findings if one.ref and one.verdict is not Verdict.PASS}
