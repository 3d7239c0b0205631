"""The same job done by Ansible (docs/ansible/playbook.yml) and by podstead: on fresh hosts, and again on healthy ones."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab import Lab

HOSTS = 3
ROUNDS = 3
_PLAYBOOK = Path(__file__).parents[1] / "docs" / "ansible" / "playbook.yml"
_ENGINE = {"containers": {"pids_limit": 0}}


def measure(lab: Lab, folder: Path) -> None:
    """Print wall clock on fresh hosts, which lack Python, and of a run that changes nothing; the ratios count."""
    sides = {side: [f"{side}{number}" for number in range(HOSTS)] for side in ("ansible", "podstead")}
    booted = lab.boot_many({name: "debian-13" for names in sides.values() for name in names})
    try:
        paths = {side: _inventory(folder, lab, side, names) for side, names in sides.items()}
        ansible = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(paths["ansible"])]
        ansible += ["-e", json.dumps({"podman_engine": _ENGINE}), str(_PLAYBOOK)]
        podstead = [sys.executable, "-m", "podstead", "apply", "-i", str(paths["podstead"])]
        fresh = {"ansible": _run(lab, folder, ansible), "podstead": _run(lab, folder, podstead)}
        again: dict[str, list[float]] = {"ansible": [], "ansible, pipelining": [], "podstead": []}
        for _ in range(ROUNDS):
            again["ansible"].append(_run(lab, folder, ansible))
            again["ansible, pipelining"].append(_run(lab, folder, ansible, ANSIBLE_PIPELINING="1"))
            again["podstead"].append(_run(lab, folder, podstead))
    finally:
        for host in booted.values():
            host.stop()
    print(
        f"\nthe playbook of docs/ansible beside podstead, {HOSTS} Debian 13 hosts    wall s   ansible / podstead"
    )
    _row("ansible, fresh hosts (Python, too)", fresh["ansible"], fresh["podstead"])
    _row("podstead, fresh hosts", fresh["podstead"], fresh["podstead"])
    medians = {side: statistics.median(walls) for side, walls in again.items()}
    for side, wall in medians.items():
        _row(f"{side}, nothing to change", wall, medians["podstead"])


def _row(what: str, wall: float, ours: float) -> None:
    print(f"  {what:<63} {wall:>6.2f} {wall / ours:>20.1f}")


def _run(lab: Lab, folder: Path, argv: Sequence[str], **more: str) -> float:
    """Seconds of a run that must end well."""
    env: Mapping[str, str] = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **more}
    began = time.monotonic()
    done = subprocess.run(
        lab.controller_argv(argv),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=env,
        cwd=folder,
        check=False,
    )
    wall = time.monotonic() - began
    if done.returncode != 0:
        sys.exit(f"bench: {argv[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-800:]}")
    return wall


def _inventory(folder: Path, lab: Lab, side: str, names: Sequence[str]) -> Path:
    variables = {
        "ansible_user": "admin",
        "ansible_become": True,
        "ansible_ssh_common_args": f"-F {lab.ssh_config}",
        "podstead": {"users": {"alice": {}}, "engine": _ENGINE},
    }
    path = folder / f"playbook-{side}.json"
    document = {"all": {"hosts": {name: {} for name in names}, "vars": variables}}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
