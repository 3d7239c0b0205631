"""The machine from which podstead is run: it reaches the hosts of one lab, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from podstead.visit.record import HostReport, Report
from tests.lab import Host, Lab
from tests.support import preloaded

PROJECT = Path(__file__).parents[2]
ALICE: Mapping[str, object] = {"alice": {}}
NO_PIDS_CONTROLLER: Mapping[str, object] = {"containers": {"pids_limit": 0}}
"""The hosts of the lab share the machine's kernel, which gives them no cgroup controllers."""

_SESSION = re.compile(r"Starting session: command for \S+ from ")
_LOGIN = re.compile(r"Accepted \S+ for \S+ from ")


@dataclass(frozen=True)
class Ran:
    """How one podstead command ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Report:
        return Report.model_validate_json(self.out)

    def host(self, name: str) -> HostReport:
        return next(host for host in self.report.hosts if host.name == name)

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.out}\n{self.err}"


class Controller:
    """Runs podstead against the hosts of a lab, with a home and a working directory of its own."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()

    @property
    def env(self) -> dict[str, str]:
        # what git hooks, agents and the CI put into the environment must not reach the runs
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "COLUMNS": "200"}

    def reach(self, user: str = "root", **variables: object) -> dict[str, object]:
        """The inventory variables that lead to a host of the lab as one of its accounts."""
        link = {"ansible_ssh_common_args": f"-F {self.lab.ssh_config}", "ansible_user": user}
        return {**link, **({"ansible_become": True} if user != "root" else {}), **variables}

    def inventory(
        self,
        hosts: Mapping[str, Mapping[str, object]],
        *,
        users: Mapping[str, object] = ALICE,
        engine: Mapping[str, object] = NO_PIDS_CONTROLLER,
        **document_keys: object,
    ) -> Path:
        """Write an inventory (JSON is YAML) into a folder of its own."""
        document = {"users": users, "engine": engine, **document_keys}
        inventory = {"all": {"hosts": hosts, "vars": {"podstead": document}}}
        number = len(list(self.folder.glob("inventory-*")))
        place = self.folder / f"inventory-{number}" / "hosts.yml"
        place.parent.mkdir()
        place.write_text(json.dumps(inventory, indent=1))
        return place

    def argv(self, *words: str | Path) -> list[str]:
        """The command line of podstead, to be run where the hosts can be reached."""
        return self.lab.controller_argv([sys.executable, "-m", "podstead", *words])

    def podstead(
        self,
        *words: str | Path,
        input: str = "",  # noqa: A002
        cwd: Path | None = None,
        timeout: float = 300.0,
    ) -> Ran:
        """Run podstead to its end, without a terminal."""
        done = preloaded.run(
            words,
            input=input,
            env=self.env,
            cwd=cwd or self.home,
            timeout=timeout,
            prefix=self.lab.controller_argv([]),
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in ran.out + ran.err, str(ran)
        return ran

    def start(self, *words: str | Path, **env: str) -> subprocess.Popen[str]:
        """Start podstead in a process group of its own; ``env`` is added to its environment."""
        return subprocess.Popen(
            self.argv(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.env, **env},
            cwd=self.home,
            start_new_session=True,
        )

    def json(self, verb: str, inventory: Path, *words: str, timeout: float = 300.0) -> Ran:
        """Run a verb over an inventory; the report is its JSON document."""
        ran = self.podstead(verb, "-i", inventory, "--output", "json", *words, timeout=timeout)
        assert ran.out.startswith("{"), str(ran)
        return ran


def wait_for(what: str, condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until a condition holds; fail with its name when it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)


class SshLog:
    """What a host's own sshd wrote down: logins, and commands that were started."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._cursor = self._read("-n", "1")[1]
        host.sh("echo 'LogLevel VERBOSE' >/etc/ssh/sshd_config.d/10-log.conf; systemctl reload ssh")
        wait_for("sshd to log sessions", self._logs_sessions)

    def mark(self) -> None:
        """Count from here."""
        self._cursor = self._read("-n", "1")[1]

    def _logs_sessions(self) -> bool:
        # while sshd starts itself anew, it refuses connections
        return self.host.ssh("root", "true", check=False).returncode == 0 and self.counted()[1] > 0

    def counted(self) -> tuple[int, int]:
        """Logins and commands since the mark."""
        text, _ = self._read("--after-cursor", self._cursor)
        return len(_LOGIN.findall(text)), len(_SESSION.findall(text))

    def _read(self, *words: str) -> tuple[str, str]:
        self.host.root(["journalctl", "--sync"])
        text = self.host.root(["journalctl", "-q", "--no-pager", "--show-cursor", *words]).stdout
        return text, text.rpartition("-- cursor: ")[2].strip()
