"""Looking at one host, which is known only as a function that runs a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from podstead.document.spec import HostSpec
from podstead.host.state import HostState, parse
from podstead.visit import script

WITHOUT_ROOT = "looked without root: other users' storage, sessions and pause processes could not be seen"


RunScript = Callable[[str], Sequence[str]]
"""Runs a script on the host and gives its standard output by line; raises what a connection raises."""
NonceSource = Callable[[], str]
"""A new nonce, 16 to 32 hexadecimal digits."""
ReportProgress = Callable[[str], None]
"""Called with what is being done on the host, as text for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One host in one run: what it should be, how a script is run there, and who reports progress."""

    name: str
    spec: HostSpec
    run: RunScript
    new_nonce: NonceSource
    report_progress: ReportProgress


def look(spec: HostSpec, run: RunScript, new_nonce: NonceSource) -> HostState:
    """One look at a host. Raises LookError."""
    nonce = new_nonce()
    return parse(run(script.observe(spec, nonce)), nonce=nonce)
