"""Two controllers, useradd, userdel and vipw on one host at once, and SIGKILL at random: no range may ever overlap."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from podstead.ids.ranges import IdRange
from tests.lab import Host
from tests.real_hosts.controller import Controller
from tests.real_hosts.snapshot import leftovers

FILES = ("/etc/subuid", "/etc/subgid")


@dataclass
class Tally:
    """What was done, and everything that must not have happened."""

    applied: int = 0
    changed: int = 0
    killed: int = 0
    accounts: int = 0
    looks: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        done = f"{self.applied} runs ({self.changed} changed, {self.killed} killed), {self.accounts} accounts by useradd, {self.looks} looks"
        return f"{done}; wrong: {len(self.wrong)}"


def overlaps(text: str) -> list[str]:
    """Lines that are no whole lines, and ranges of different owners that overlap."""
    found, rows = [], []
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) != 3 or not fields[1].isdigit() or not fields[2].isdigit():
            found.append(f"torn line {line!r}")
            continue
        rows.append((fields[0], IdRange(int(fields[1]), int(fields[2]))))
    rows.sort(key=lambda row: row[1])
    for (one, first), (other, second) in combinations(rows, 2):
        if second.start >= first.stop:
            continue
        if first.overlaps(second):
            found.append(f"{one} {first} overlaps {other} {second}")
    if text and not text.endswith("\n"):
        found.append("the last line has no newline")
    return found


class Stress:
    """One run of it. Everything random comes from ``seed``, so far as the machine lets it."""

    def __init__(self, host: Host, controllers: list[Controller], *, seed: int) -> None:
        self.host = host
        self.controllers = controllers
        self.seed = seed
        self.tally = Tally()
        self.over = threading.Event()
        self.added: set[str] = set()
        self.granted: set[str] = set()
        """Accounts that were made when both files were there: without one of them useradd(8) grants nothing."""

    def run(self, seconds: int) -> Tally:
        """Do it for some time, then look whether everything is in order and the next run converges."""
        jobs: list[Callable[[], None]] = [self.watch, self.add_accounts, self.edit]
        jobs += [lambda number=number: self.control(number) for number in range(len(self.controllers))]  # type: ignore[misc]
        threads = [threading.Thread(target=self.guarded, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        self.over.wait(seconds)
        self.over.set()
        for thread in threads:
            thread.join(300)
        self.check_end()
        return self.tally

    def guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - a thread that dies must fail the test
            self.tally.wrong.append(f"{type(error).__name__}: {error}")
            self.over.set()

    def watch(self) -> None:
        """Look at both files all the time, as any other program could."""
        while not self.over.is_set():
            for path in FILES:
                try:
                    text = self.host.path(path).read_text()
                except FileNotFoundError:
                    continue
                self.tally.looks += 1
                self.tally.wrong += [f"{path}: {one}" for one in overlaps(text)]
            if self.tally.wrong:
                self.over.set()
            time.sleep(0.02)

    def add_accounts(self) -> None:
        draw = random.Random(self.seed)  # noqa: S311
        number = 0
        while not self.over.is_set():
            number += 1
            name = f"s{number}"
            there = all(self.host.path(path).exists() for path in FILES)
            if self.host.sh(f"useradd -M {name}", check=False).returncode == 0:
                self.tally.accounts += 1
                self.added.add(name)
                self.granted |= {name} if there else set()
            if self.added and draw.random() < 0.4:
                gone = draw.choice(sorted(self.added))
                if self.host.sh(f"userdel {gone}", check=False).returncode == 0:
                    self.added.discard(gone)
                    self.granted.discard(gone)
            time.sleep(draw.random())

    def edit(self) -> None:
        """A person with vipw: it holds the lock of passwd, for which shadow's tools wait."""
        self.host.path("/usr/local/bin/brief").write_text("#!/bin/sh\nsleep 0.4\n")
        self.host.sh("chmod 755 /usr/local/bin/brief")
        while not self.over.is_set():
            self.host.sh("EDITOR=/usr/local/bin/brief vipw", check=False)
            self.over.wait(1.5)

    def control(self, number: int) -> None:
        """Give one new user after the other ranges; end a third of the runs with SIGKILL, here or on the host."""
        draw = random.Random(self.seed + 1 + number)  # noqa: S311
        controller, turn = self.controllers[number], 0
        while not self.over.is_set():
            turn += 1
            users = {f"c{number}u{turn + more}": {"create": True} for more in range(2)}
            inventory = controller.inventory(
                {self.host.name: controller.reach()}, users=users, session={}, sysctls={}, packages={}
            )
            process = controller.start(
                "apply", "-i", inventory, "--tags", "accounts", "--tags", "subids", "--output", "json"
            )
            if draw.random() < 1 / 3:
                time.sleep(draw.uniform(0.3, 3))
                self.kill(process, on_host=draw.random() < 0.5)
            out, err = process.communicate(timeout=300)
            self.judge(process.returncode, out, err)

    def kill(self, process: subprocess.Popen[str], *, on_host: bool) -> None:
        self.tally.killed += 1
        if on_host:
            self.host.sh(
                "for p in $(pgrep -x timeout); do pkill -KILL -P $p; kill -KILL $p; done", check=False
            )
            return
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        pids = [
            process.pid,
            *(int(word) for word in (children.read_text().split() if children.exists() else ())),
        ]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def judge(self, code: int, out: str, err: str) -> None:
        self.tally.applied += 1
        if "Traceback" in out + err:
            self.tally.wrong.append(f"a traceback: {err[-300:]}")
        if code == 0 and out.startswith("{"):
            self.tally.changed += any(host["changes"] for host in json.loads(out)["hosts"])

    def check_end(self) -> None:
        """No overlap, nothing lost, nothing left over, and the next run converges."""
        self.host.sh(
            "n=0; while pgrep -x timeout >/dev/null && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.2; done",
            check=False,
        )
        for path in FILES:
            text = self.host.path(path).read_text()
            owners = {line.split(":")[0] for line in text.splitlines()}
            self.tally.wrong += [f"{path}: {one}" for one in overlaps(text)]
            self.tally.wrong += [
                f"{path}: the range of {name} is lost" for name in sorted(self.granted - owners)
            ]
        controller = self.controllers[0]
        names = self.host.sh("cut -d: -f1 /etc/passwd").stdout.split()
        mine: dict[str, object] = {name: {} for name in names if name.startswith("c") and name[1:2].isdigit()}
        inventory = controller.inventory(
            {self.host.name: controller.reach()},
            users={**mine, "last": {"create": True}},
            session={},
            sysctls={},
            packages={},
        )
        words = ("--tags", "accounts", "--tags", "subids")
        done = controller.json("apply", inventory, *words)
        if done.code != 0:
            self.tally.wrong.append(f"the next run does not converge: {done}")
        again = controller.json("apply", inventory, *words)
        if again.code != 0 or again.report.changes:
            self.tally.wrong.append(f"a further run changes something: {again}")
        for path in FILES:
            text = self.host.path(path).read_text()
            lost = mine.keys() - {line.split(":")[0] for line in text.splitlines()}
            self.tally.wrong += [f"{path}: {name} has no range" for name in sorted(lost)]
            self.tally.wrong += [f"{path}: {one}" for one in overlaps(text)]
        self.tally.wrong += [f"left over: {one}" for one in leftovers(self.host)]
