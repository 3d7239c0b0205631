"""Installs one package through podstead's own change, with the package manager that the observe script finds."""

from __future__ import annotations

import json
import subprocess
import sys

from podstead.document.spec import HostSpec
from podstead.host.state import parse
from podstead.visit import script
from podstead.visit.converge import parse_apply_output
from podstead.visit.obstacles import intended

NONCE = "0123456789abcdef"
SPEC = HostSpec.model_validate({"packages": {"podstead-probe": {"version": ">=4.3,<5"}}})


def run(text: str) -> list[str]:
    return subprocess.run(
        ["sh", "-s"], input=text, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def main() -> None:
    """Print what was found, how the change ended, and what was there afterwards."""
    before = parse(run(script.observe(SPEC, NONCE)))
    changes = intended(SPEC, before).changes
    after = parse_apply_output(changes, run(script.apply(SPEC, changes, NONCE)), NONCE)
    row = {
        "asked": sys.argv[1],
        "manager": before.packages.manager,
        "before": before.packages.installed.get("podstead-probe"),
        "changes": [f"{record.status.value} {record.title} {record.log}".strip() for record in after.records],
        "after": after.state.packages.installed.get("podstead-probe"),
        "left": [change.id for change in intended(SPEC, after.state).changes],
        "refused": [refusal.id for refusal in intended(SPEC, after.state).refusals],
    }
    sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
