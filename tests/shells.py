"""The shells that podstead's scripts must run under, and a way to run text in each."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

SHELLS: dict[str, tuple[str, ...]] = {"dash": ("dash",), "ash": ("busybox", "ash"), "bash": ("bash",)}
"""Debian's sh, Alpine's sh, and the sh of most others (bash is told to behave as sh)."""


def lacking() -> list[str]:
    """Shells that this machine does not have; tests say so instead of passing silently."""
    return [name for name, argv in SHELLS.items() if not shutil.which(argv[0])]


def run(
    shell: str,
    text: str,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    user: bool = False,
) -> subprocess.CompletedProcess[bytes]:
    """Run text as ``sh -s`` would get it from podstead; as nobody when ``user`` is True (needs root)."""
    argv = [*SHELLS[shell], *(["--posix"] if shell == "bash" else []), "-s"]
    if user:
        argv = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--", *argv]
    return subprocess.run(
        argv,
        input=text.encode("utf-8", "surrogateescape"),
        capture_output=True,
        cwd=cwd,
        env=dict(env or os.environ),
        check=False,
        timeout=120,
    )


def argv_of(output: bytes) -> list[list[str]]:
    """Read what ``show`` printed: words ended by NUL, commands ended by an empty pair."""
    commands = output.decode("utf-8", "surrogateescape").split("\0@end\0")
    return [command.split("\0") for command in commands[:-1]]


SHOW = r"""
show() { while [ $# -gt 1 ]; do printf '%s\0' "$1"; shift; done; printf '%s\0@end\0' "$1"; }
"""
"""Prints the words that it was given, whatever they hold."""


def needs(*, root: bool = False) -> str:
    """What this machine lacks for tests of shell files: "" when nothing."""
    missing = lacking()
    if root and os.geteuid() != 0:
        missing.append("root")
    return ", ".join(missing)


def stays_clean(folder: Path, before: set[Path]) -> bool:
    """Whether all that is new in a folder of podstead's goes away again: other tests use the machine's /tmp and /run as well."""
    for _ in range(100):
        if set(folder.glob("podstead.*")) <= before:
            return True
        time.sleep(0.1)
    return False
