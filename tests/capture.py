"""Captures what the scripts print on real hosts, for the parsers' tests: ``python -m tests.capture`` (root)."""

from __future__ import annotations

import sys
from pathlib import Path

from podstead.api import hosts
from podstead.document.spec import HostSpec
from podstead.host.state import parse
from podstead.visit import script
from podstead.visit.converge import parse_apply_output
from podstead.visit.obstacles import intended
from podstead.visit.record import ChangeStatus
from tests.lab import RELEASES, Host, Lab

DATA = Path(__file__).parent / "data"
NONCE = "0123456789abcdef0123456789abcdef"
USERS = '{"podstead": {"users": {"alice": {}}, "engine": {"containers": {"pids_limit": 0}}}}'


def spec() -> HostSpec:
    """The document that the captured hosts were brought to."""
    return hosts((), "@local", extra_vars=[USERS])[0].spec


def run(host: Host, text: str) -> str:
    return host.root(["sh", "-s"], input=text, timeout=600).stdout


def capture(host: Host) -> None:
    wanted = spec()
    _write("observed", f"{host.release}-fresh", run(host, script.observe(wanted, NONCE)))
    for _ in range(4):
        state = parse(run(host, script.observe(wanted, NONCE)))
        changes = intended(wanted, state).changes
        if not changes:
            break
        result = parse_apply_output(
            changes, run(host, script.apply(wanted, changes, NONCE)).splitlines(), NONCE
        )
        if any(one.status is ChangeStatus.FAILED for one in result.records):
            sys.exit(f"capture: {host.release}: {result.records}")
    _write("observed", f"{host.release}-provisioned", run(host, script.observe(wanted, NONCE)))
    answer = run(host, script.prove(wanted, ["alice"], NONCE, seconds=120))
    _write("probed", host.release, answer[answer.index("@@podstead probe ") :])


def _write(folder: str, name: str, text: str) -> None:
    (DATA / folder / f"{name}.txt").write_text(text, encoding="ascii")


if __name__ == "__main__":
    with Lab.up() as lab:
        for one in lab.boot_many({release.replace("debian-", "d"): release for release in RELEASES}).values():
            capture(one)
