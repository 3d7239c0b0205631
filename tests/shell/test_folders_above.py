"""A loop from a folder to the folders above it ends, whatever text it begins with: a user can put words into a look's own pipe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from podstead.visit import script
from tests.shells import SHELLS, lacking, run

pytestmark = pytest.mark.skipif(bool(lacking()), reason=f"needs {', '.join(lacking())}")

SCRIPTS = Path(script.__file__).parent / "scripts"
TEXTS = ("", "x", "\n640:0:0:regular file:", "a/b", "/a/b", "//", "/nowhere/\nfrom elsewhere")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("text", TEXTS)
def test_a_folder_is_looked_for_upwards_and_no_longer(shell: str, text: str) -> None:
    parts = [(SCRIPTS / name).read_text() for name in ("record.sh", "fact.sh")]
    quoted = text.replace("'", "'\\''")
    ends = f"d='{quoted}'; n=0; while [ -n \"$d\" ] && [ $n -lt 50 ]; do ps_up; n=$((n + 1)); done; echo $n"
    looked = f"ps_mount at '{quoted}' 2>/dev/null | wc -l"
    done = run(shell, "\n".join(["PS_NONCE=0123456789abcdef", *parts, ends, looked]))
    rounds, facts = map(int, done.stdout.split())
    assert rounds <= text.count("/") + 1
    assert facts == 1


def test_no_script_takes_a_folder_apart_in_a_loop_of_its_own() -> None:
    alone = [
        f"{path.name}: {line.strip()}"
        for path in sorted(SCRIPTS.rglob("*.sh"))
        for line in path.read_text().splitlines()
        if re.search(r"\b(\w+)=\$\{\1%/\*\}", line) and "case $d in */*)" not in line
    ]
    assert alone == []
