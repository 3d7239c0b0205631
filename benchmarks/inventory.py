"""How long a large inventory takes to read: podstead beside ansible-inventory, on the same files, in fresh processes.

``python -m benchmarks.inventory`` runs this alone; it needs no hosts and no root.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SIZES = (1000, 3000, 10000)
GROUPS = 100
SECONDS, MEGABYTES, FASTER, LINEAR = 4.0, 400.0, 5.0, 1.25
"""Targets at 10,000 hosts: wall clock, peak memory, times faster than ansible-inventory, growth against linear."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one fresh process took: seconds of wall clock and of CPU, and its greatest memory in MB."""

    wall: float
    cpu: float
    memory: float


def generate(folder: Path, hosts: int) -> Path:
    """An inventory as real ones are: groups, a file for each group, a file for each host."""
    (folder / "group_vars").mkdir(parents=True)
    (folder / "host_vars").mkdir()
    names = [f"host{number:05d}" for number in range(hosts)]
    lines = ["all:", "  children:"]
    for group in range(GROUPS):
        lines += [f"    group{group:02d}:", "      hosts:"]
        lines += [
            f"        {name}: {{ansible_port: {2200 + number % 100}}}"
            for number, name in enumerate(names)
            if number % GROUPS == group
        ]
        variables = f"rack: {group}\npodstead:\n  subids: {{count: {65536 * (1 + group % 2)}}}\n"
        (folder / "group_vars" / f"group{group:02d}.yml").write_text(variables, encoding="utf-8")
    (folder / "hosts.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "group_vars" / "all.yml").write_text(
        "ansible_user: deploy\nansible_become: true\npodstead:\n  users:\n    app: {create: true}\n",
        encoding="utf-8",
    )
    for number, name in enumerate(names):
        (folder / "host_vars" / f"{name}.yml").write_text(
            f"ansible_host: 10.{number // 65536}.{number // 256 % 256}.{number % 256}\nserial: {100000 + number}\n"
            f"podstead:\n  users:\n    u{number}: {{linger: true}}\n",
            encoding="utf-8",
        )
    return folder


def take(argv: Sequence[str], folder: Path) -> Taken:
    """Run a command to its end, with a home of its own and nothing of the caller's settings."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    began = time.monotonic()
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=folder
        )
        _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(
            f"bench: {' '.join(argv[:4])} ended with {process.returncode}: {(folder / 'err').read_text()[-500:]}"
        )
    return Taken(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measure(sizes: Sequence[int] = SIZES) -> None:
    """Print a row for each command and size, the ratio to ansible-inventory, and how the time grows."""
    tools = Path(sys.executable).parent
    rows = {
        "ansible-inventory --list": [str(tools / "ansible-inventory"), "--list"],
        "podstead inventory --list": [sys.executable, "-m", "podstead", "inventory", "--list"],
        "podstead apply --syntax-check": [sys.executable, "-m", "podstead", "apply", "--syntax-check"],
    }
    peer = next(iter(rows))
    taken: dict[tuple[str, int], Taken] = {}
    print(
        f"\nan inventory in {GROUPS} groups, host_vars for each host    hosts    wall s   CPU s  peak MB  ratio"
    )
    with tempfile.TemporaryDirectory() as name:
        for hosts in sizes:
            place = generate(Path(name) / f"inventory{hosts}", hosts)
            said = {}
            for row, argv in rows.items():
                one = taken[row, hosts] = take([*argv, "-i", str(place)], Path(name))
                said[row] = (Path(name) / "out").read_bytes()
                ratio = taken[peer, hosts].wall / one.wall
                print(
                    f"  {row:<52} {hosts:>6} {one.wall:>9.2f} {one.cpu:>7.2f} {one.memory:>8.0f} {ratio:>6.1f}"
                )
            if json.loads(said["podstead inventory --list"]) != json.loads(said[peer]):
                sys.exit("bench: podstead and ansible-inventory list different inventories")
    first, last = sizes[0], sizes[-1]
    for row in rows:
        low, high = taken[row, first], taken[row, last]
        line = (
            f"  {row}: {first} to {last} hosts: time x {high.wall / low.wall:.1f}, hosts x {last / first:.1f}"
        )
        print(line if row == peer else f"{line} ({_verdict(low, high, taken[peer, last], first, last)})")


def _verdict(low: Taken, high: Taken, peer: Taken, first: int, last: int) -> str:
    """The targets, each with what it was."""
    growth = (high.wall / low.wall) / (last / first)
    targets = [
        f"faster {peer.wall / high.wall:.1f}, target {FASTER:g}",
        f"growth {growth:.2f}, target {LINEAR}",
    ]
    if last == SIZES[-1]:
        targets = [
            f"{high.wall:.2f} s, target {SECONDS:g}",
            f"{high.memory:.0f} MB, target {MEGABYTES:g}",
            *targets,
        ]
    return "; ".join(targets)


if __name__ == "__main__":
    measure([int(word) for word in sys.argv[1:]] or SIZES)
