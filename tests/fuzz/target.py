"""What a fuzzer calls: any bytes as a host's answer. It must end in a report or in LookError, never in another exception."""

from __future__ import annotations

import contextlib
import io
import json
from functools import cache

from podstead.errors import LookError
from podstead.host import frames
from podstead.host.frames import Records
from podstead.host.state import HostState
from podstead.host.state import from_records as state_of
from podstead.proof.evidence import Evidence, from_records
from podstead.proof.finding import Finding, Verdict
from podstead.proof.subject import subject_of
from podstead.proof.verdict import findings
from podstead.report.formats import FORMATS, renderer
from podstead.report.view import View
from podstead.visit import prove
from podstead.visit.obstacles import intended
from podstead.visit.record import Report
from tests.capture import DATA, NONCE, spec

SECOND = b"\n@@second@@\n"
"""Where an input has it, what follows is the probe; what stands before is the look."""


def whole(data: bytes) -> None:
    """The bytes are all that came over the connection, as of the script that people carry away."""
    text = data.decode("utf-8", "backslashreplace")
    with contextlib.suppress(LookError):
        _shown(prove.judge("host", text, spec()))


def inside(data: bytes) -> None:
    """The bytes are records inside a frame that is in order: what a host can say when its own programs lie."""
    look, _, probed = data.partition(SECOND)
    state = state_of(_records(look)) if look else healthy()
    wanted = spec()
    intended(wanted, state)
    if "alice" not in state.accounts.by_name:
        return
    seen = from_records(_records(probed), context="session")
    judged = findings(subject_of("alice", wanted, state, seen))
    _nothing_passes_unseen(judged, seen)
    _shown(prove.report("host", wanted, state, judged, ["alice"]))


def _records(data: bytes) -> Records:
    return frames.split(b"\n" + data, NONCE)


def _nothing_passes_unseen(judged: tuple[Finding, ...], seen: Evidence) -> None:
    passed = {one.check for one in judged if one.verdict is Verdict.PASS}
    if not seen.who:
        assert "V01" not in passed
    if "inside" not in seen.attempts:
        assert not passed & {"V10", "V12", "V13", "V16"}
    if not seen.container_output:
        assert not passed & {"V17", "V23"}


def _shown(host: object) -> None:
    report = Report.model_validate(
        {
            "verb": "verify",
            "version": "0",
            "started": "2026-01-01T00:00:00+00:00",
            "seconds": 0,
            "hosts": (host,),
        }
    )
    stream = io.StringIO()
    for name in FORMATS:
        renderer(name)(report, View(verbose=2), stream)
    assert not set(stream.getvalue()) & set("\x1b\x9b\x07\x00\u202e"), (
        "a control character reaches the terminal"
    )
    json.loads(report.to_json())


@cache
def healthy() -> HostState:
    text = (DATA / "observed" / "debian-13-provisioned.txt").read_text(encoding="ascii")
    return state_of(frames.decode(text, kind="observe"))


def once(data: bytes) -> None:
    """Both ways in, chosen by the first byte."""
    (inside if data[:1] < b"\x80" else whole)(data[1:])
