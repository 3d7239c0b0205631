"""Runs the real ansible-inventory and ansible for many command lines: to import them takes a second, so each runs in a fork.

Reads a JSON list of ``[words, folder]`` on standard input, prints a JSON list of what each printed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ansible.cli.adhoc import AdHocCLI
from ansible.cli.inventory import InventoryCLI
from ansible.errors import AnsibleError


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def ask(commands: Sequence[tuple[Sequence[str], Path]]) -> list[Said]:
    """Run ``ansible-inventory ...`` and ``ansible PATTERN --list-hosts ...``, each in its folder."""
    question = json.dumps([[list(words), str(folder)] for words, folder in commands])
    done = subprocess.run(
        [sys.executable, __file__], input=question, capture_output=True, text=True, check=True, timeout=300
    )
    return [Said(*one) for one in json.loads(done.stdout)]


def _in_fork(words: list[str], folder: str) -> tuple[int, str, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            _run(words, folder)
        _, status = os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        return os.waitstatus_to_exitcode(status), out.read().decode(), err.read().decode()


def _run(words: list[str], folder: str) -> NoReturn:
    code = 0
    try:
        os.chdir(folder)
        kind = InventoryCLI if words[0] == "ansible-inventory" else AdHocCLI
        code = kind(words).run() or 0
    except SystemExit as error:
        code = int(error.code or 0)
    except AnsibleError as error:
        sys.stderr.write(f"{error}\n")
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    json.dump([_in_fork(*one) for one in json.load(sys.stdin)], sys.stdout)
