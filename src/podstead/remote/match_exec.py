"""``Match exec`` of ssh_config, as ssh runs it: the command in the person's own shell, and its exit code decides.

pyinfra 3.10 hands the command to the shell as the name of a script (pyinfra/connectors/sshuserclient/config.py), so that no
condition is ever met.
"""

from __future__ import annotations

import os
import subprocess
from types import SimpleNamespace

import paramiko.config

_SECONDS = 30


class _MatchExec:
    """What paramiko calls where invoke(1) would be."""

    @staticmethod
    def run(command: str, **_options: object) -> SimpleNamespace:
        """Run the command; one that hangs or cannot be run does not match."""
        try:
            done = subprocess.run(  # noqa: S602 - a shell is what ssh_config(5) promises, and the file is the person's own
                command,
                shell=True,
                executable=os.environ.get("SHELL") or "/bin/sh",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return SimpleNamespace(ok=False)
        return SimpleNamespace(ok=done.returncode == 0)


def install() -> None:
    """Let paramiko's SSHConfig use it, also where pyinfra has put its own."""
    vars(paramiko.config)["invoke"] = _MatchExec
