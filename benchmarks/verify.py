"""How long a verification takes: one user, and many users whose probes run side by side on one host."""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

from tests.lab import Host, Lab

MANY = 20
ROUNDS = 3


def measure(lab: Lab, host: Host, folder: Path) -> None:
    """Print wall clock, commands, and processor time on the host for one user and for :data:`MANY`."""
    print(
        f"\nverify on a healthy {host.release} host, every check    users    wall s  commands  CPU s on the host"
    )
    for count, target in ((1, 5), (MANY, 20)):
        users = {f"user{number:02d}": {"create": True} for number in range(count)}
        path = _inventory(folder, lab, host, users)
        lab.run([sys.executable, "-m", "podstead", "apply", "-i", str(path)])
        walls, cpus, commands = [], [], 0
        for _ in range(ROUNDS):
            before, began = _cpu(host), time.monotonic()
            done = lab.run([sys.executable, "-m", "podstead", "verify", "-i", str(path), "-o", "json"])
            walls.append(time.monotonic() - began)
            cpus.append(_cpu(host) - before)
            (report,) = json.loads(done.stdout)["hosts"]
            commands = report["commands"]
            if report["status"] != "ok":
                sys.exit(f"bench: a healthy host is {report['status']}")
        wall, cpu = statistics.median(walls), statistics.median(cpus)
        print(
            f"  podstead verify {' ' * 38}{count:>5} {wall:>9.2f} {commands:>9} {cpu:>9.2f}    (target: {target} s)"
        )


def _inventory(folder: Path, lab: Lab, host: Host, users: dict[str, dict[str, bool]]) -> Path:
    variables = {
        "ansible_user": "root",
        "ansible_ssh_common_args": f"-F {lab.ssh_config}",
        "podstead": {"users": users, "engine": {"containers": {"pids_limit": 0}}},
    }
    path = folder / f"verify{len(users)}.json"
    path.write_text(json.dumps({"all": {"hosts": {host.name: {}}, "vars": variables}}), encoding="utf-8")
    return path


def _cpu(host: Host) -> float:
    """Seconds of processor time that the host has used since it was booted (cgroups(7))."""
    text = host.root(["grep", "usage_usec", "/sys/fs/cgroup/cpu.stat"]).stdout
    return int(text.split()[1]) / 1e6
