"""podstead doctor"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import click
from rich.console import Console

from podstead.control.doctor import Diagnosis, Health, diagnose
from podstead.control.machine import gather, versions
from podstead.errors import Exit
from podstead.printable import one_line
from podstead.report.screen import Screen


@click.command("doctor")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, output: str) -> int:
    """Check whether podstead can manage hosts from this machine.

    It checks versions, SSH client, agent, keys, known_hosts and config, the settings, the temporary folder and the
    worker process. It connects to no host and changes nothing. Exit code 1 when something fails.
    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises for a user without one
    found = diagnose(gather(os.environ, home))
    if output == "json":
        document = {
            "schema": "podstead.doctor/1",
            "versions": versions(),
            "diagnoses": [dataclasses.asdict(diagnosis) for diagnosis in found],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        screen = Screen(Console(highlight=False, emoji=False, markup=False))
        for diagnosis in found:
            screen.line(_line(diagnosis), diagnosis.health.value, head=len(Health.WARN.value), hang=6)
    return int(Exit.FAILED if any(diagnosis.health is Health.FAIL for diagnosis in found) else Exit.GOOD)


def _line(diagnosis: Diagnosis) -> str:
    text = (
        f"{diagnosis.what}: {diagnosis.why}; do: {diagnosis.do}"
        if diagnosis.do
        else f"{diagnosis.what}: {diagnosis.why}"
    )
    return f"{diagnosis.health.value:<6}{one_line(text)}"
