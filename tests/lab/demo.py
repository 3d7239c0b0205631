"""``make demo``: the main job where nothing can be harmed. A throwaway host as root, a preview of this machine else."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.lab import Lab, LabError, missing

_INVENTORY = """\
all:
  hosts:
    d13:
      ansible_user: admin
      ansible_become: true
      ansible_ssh_common_args: -F {ssh_config}
  vars:
    podstead:
      users:
        alice: {{}}
      engine:
        containers: {{pids_limit: 0}}    # this host is in a lab that has no pids controller to lend it
"""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the host running")
    keep = parser.parse_args(argv).keep
    if os.geteuid() != 0:
        return preview()
    reasons = missing()
    if reasons:
        print("make demo: this machine cannot run hosts:", *reasons, sep="\n  ", file=sys.stderr)
        return 2
    return host(keep=keep)


def preview() -> int:
    """Without root no host can be booted: look at this machine, change nothing."""
    print("A throwaway host needs root (systemd-nspawn); try 'sudo make demo'.")
    print("Instead, here is what podstead says of this machine. Nothing is changed.\n", flush=True)
    results = [
        run(["podstead", *words], []) for words in (["check", "@local"], ["verify", "@local", "--as-user"])
    ]
    # pending changes and failed checks are what a preview is for; anything else is an error
    return 0 if all(code in (0, 1, 3) for code in results) else 1


def host(*, keep: bool) -> int:
    print(
        "Booting a throwaway Debian 13 host (the first time, its image is built: about half a minute) ...",
        flush=True,
    )
    with Lab.up(keep=keep) as lab, tempfile.TemporaryDirectory() as folder:
        lab.boot("debian-13", "d13")
        inventory = Path(folder if not keep else lab.directory) / "hosts.yml"
        inventory.write_text(_INVENTORY.format(ssh_config=lab.ssh_config), encoding="utf-8")
        steps = (
            ("From nothing to ready:", ["podstead", "apply", "-i", str(inventory), "-v"]),
            ("The proof, as alice:", ["podstead", "verify", "-i", str(inventory)]),
            (
                "The real ID map, in alice's own session over SSH:",
                _ssh(lab, "alice", "podman unshare cat /proc/self/uid_map"),
            ),
            ("Again: nothing may change.", ["podstead", "apply", "-i", str(inventory), "-v"]),
        )
        for title, command in steps:
            print(f"\n== {title}", flush=True)
            code = run(command, lab.controller_argv([]))
            if code != 0:
                print(f"\nmake demo: that ended with exit code {code}", file=sys.stderr)
                return 1
        if keep:
            print(
                f"\nThe host is still there. Log in:\n  {' '.join(lab.controller_argv(_ssh(lab, 'alice', '')[:-1]))}"
            )
            print(f"Remove it:\n  {sys.executable} -m tests.lab down {lab.name}")
        else:
            print("\nGreen. Removing the host; KEEP=1 would leave it.")
    return 0


def _ssh(lab: Lab, user: str, command: str) -> list[str]:
    return ["ssh", "-F", str(lab.ssh_config), f"{user}@d13", command]


def run(words: list[str], prefix: list[str]) -> int:
    """Show a command as a person would type it, and run it with this interpreter's podstead."""
    print(f"$ {' '.join(words)}", flush=True)
    program = [sys.executable, "-m", "podstead"] if words[0] == "podstead" else [words[0]]
    return subprocess.run([*prefix, *program, *words[1:]], check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"make demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
