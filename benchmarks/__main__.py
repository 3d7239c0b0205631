"""``make bench``: podstead beside OpenSSH running the very same script, beside an Ansible playbook, and ansible-inventory."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import inventory as inventories
from benchmarks import playbook, verify
from podstead.api import hosts
from podstead.visit import script
from tests.lab import Host, Lab, LabError, missing

FORKS = 20
ROUNDS = 3
_SPEC = {"podstead": {"users": {"alice": {}}, "engine": {"containers": {"pids_limit": 0}}}}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took on this side: seconds of wall clock and of CPU (all its processes)."""

    wall: float
    cpu: float


def measure(argv: Sequence[str], *, stdin: Path | None = None) -> Cost:
    """Run a command to its end and count its whole tree of processes."""
    with (stdin or Path(os.devnull)).open("rb") as source:
        before = os.times()
        began = time.monotonic()
        done = subprocess.run(
            argv, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        wall, after = time.monotonic() - began, os.times()
    if done.returncode != 0:
        sys.exit(f"bench: {argv[-4:]} ended with {done.returncode}: {done.stderr[-500:]!r}")
    return Cost(
        wall, after.children_user - before.children_user + after.children_system - before.children_system
    )


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(one.wall for one in costs), statistics.median(one.cpu for one in costs))


def inventory(folder: Path, host: Host, lab: Lab, count: int) -> Path:
    """``count`` names for one sshd: this measures the side that connects."""
    names = {f"n{number}": {"ansible_host": host.name} for number in range(count)}
    document = {
        "all": {
            "hosts": names,
            "vars": {"ansible_user": "root", "ansible_ssh_common_args": f"-F {lab.ssh_config}", **_SPEC},
        }
    }
    path = folder / f"hosts{count}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def podstead(lab: Lab, path: Path) -> list[str]:
    return lab.controller_argv([sys.executable, "-m", "podstead", "apply", "-i", str(path), "-f", str(FORKS)])


def openssh(lab: Lab, host: Host, count: int, observe: Path, kex: str | None) -> list[str]:
    """The same script on as many connections, FORKS at a time."""
    options = ["-F", str(lab.ssh_config), "-o", "BatchMode=yes", "-o", "ControlPath=none"]
    if kex:
        options += ["-o", f"KexAlgorithms={kex}"]
    inner = f"ssh {' '.join(options)} root@{host.name} sh -s <{observe} >/dev/null"
    return lab.controller_argv(["sh", "-c", f"seq {count} | xargs -P {FORKS} -n 1 sh -c '{inner}' sh"])


def counts(lab: Lab, path: Path) -> tuple[float, float]:
    """Connections and commands per host of a healthy re-run, from the report."""
    done = lab.run([sys.executable, "-m", "podstead", "apply", "-i", str(path), "-o", "json"])
    report = json.loads(done.stdout)["hosts"]
    return (
        sum(one["connections"] for one in report) / len(report),
        sum(one["commands"] for one in report) / len(report),
    )


def help_time() -> float:
    """The median of ``podstead --help``, in seconds."""
    return median(
        [measure([str(Path(sys.executable).with_name("podstead")), "--help"]) for _ in range(7)]
    ).wall


def prepare(lab: Lab, folder: Path) -> tuple[Host, Path]:
    """A provisioned host whose sshd takes many connections, and the script that podstead sends it."""
    host = lab.boot("debian-13", "d13")
    host.sh("echo 'MaxStartups 500' >/etc/ssh/sshd_config.d/bench.conf; systemctl reload ssh")
    lab.run([sys.executable, "-m", "podstead", "apply", "-i", str(inventory(folder, host, lab, 1))])
    spec = hosts(inventory(folder, host, lab, 1))[0].spec
    observe = folder / "observe.sh"
    observe.write_text(script.observe(spec, "0" * 32), encoding="ascii")
    return host, observe


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100])
    sizes = parser.parse_args(argv).sizes
    if reasons := missing():
        sys.exit("bench: this machine cannot run hosts: " + "; ".join(reasons))
    print(f"podstead --help: {help_time():.3f} s (target: under 0.15)")
    with Lab.up() as lab, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        host, observe = prepare(lab, folder)
        connections, commands = counts(lab, inventory(folder, host, lab, 10))
        print(
            f"healthy re-run, per host: {connections:g} connection(s), {commands:g} command(s) (must be 1 and 1)\n"
        )
        print(f"median of {ROUNDS}, {FORKS} at a time    hosts    wall s   CPU s  CPU ms/host")
        base = 0.0
        for count in sizes:
            path = inventory(folder, host, lab, count)
            rows = {
                "podstead": podstead(lab, path),
                "ssh, same key exchange": openssh(lab, host, count, observe, "curve25519-sha256"),
                "ssh, its default": openssh(lab, host, count, observe, None),
            }
            # turn by turn, so that a noisy minute hits all of them
            costs: dict[str, list[Cost]] = {row: [] for row in rows}
            for _ in range(ROUNDS):
                for row, command in rows.items():
                    costs[row].append(measure(command))
            for row in rows:
                cost = median(costs[row])
                print(
                    f"  {row:<28} {count:>5} {cost.wall:>9.2f} {cost.cpu:>7.2f} {1000 * cost.cpu / count:>12.1f}"
                )
            ours, theirs = median(costs["podstead"]), median(costs["ssh, same key exchange"])
            base = base or ours.cpu
            extra = (
                f"; CPU per further host {1000 * (ours.cpu - base) / (count - 1):.1f} ms (target: 10)"
                if count > 1
                else ""
            )
            print(
                f"  ratio podstead / ssh, wall: {ours.wall / theirs.wall:.2f} (target at 100: 1.25){extra}\n"
            )
        verify.measure(lab, host, folder)
        playbook.measure(lab, folder)
    inventories.measure()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"bench: {error}")
