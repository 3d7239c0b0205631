"""Whatever a host or one of its users prints: nothing raises but LookError, nothing cut off passes, no user answers for another."""

from __future__ import annotations

import base64
import json
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from podstead.errors import LookError
from podstead.host import facts, frames, state
from podstead.host.frames import Record, Records
from podstead.printable import printable
from podstead.proof.checks import CHECKS
from podstead.proof.evidence import Evidence, from_records, parse
from podstead.proof.finding import Verdict
from podstead.proof.subject import Subject, subject_of
from podstead.proof.verdict import findings
from podstead.visit.record import HostReport, Report, Status
from tests.capture import DATA, NONCE, spec
from tests.model_host import encode, record
from tests.support.examples import examples

INNER = "fedcba9876543210fedcba9876543210"
"""Marks what the programs of alice printed on the captured hosts."""
BOB = "b0bb0bb0bb0bb0bbb0bb0bb0bb0bb0bb"
RELEASE = "debian-13"
KEYS = ["who", "passwd", "rc", "said", "map", "json", "told", "volume", "helpers", "limits", "access", "sockets", "owned", "kept", "controllers", "own-map", "podman", "probed", "end", "peer", "denied", "context", "probe", "database", "graph", "config"]  # fmt: skip
ARGUMENTS = ["", "alice", "bob", "inside", "whole", "info", "start", "list", "policy", "granted", "single", "alice session", "bob session", "alice bob"]  # fmt: skip


@cache
def captured() -> str:
    """What the probe of alice printed on a real host."""
    return Path(DATA / "probed" / f"{RELEASE}.txt").read_text(encoding="ascii")


@cache
def looked() -> state.HostState:
    return state.parse((DATA / "observed" / f"{RELEASE}-provisioned.txt").read_text(encoding="ascii"))


def of_alice(seen: Evidence) -> Subject:
    return subject_of("alice", spec(), looked(), seen)


def passed(seen: Evidence) -> set[str]:
    return {finding.check for finding in findings(of_alice(seen)) if finding.verdict is Verdict.PASS}


def read(output: str) -> Evidence | None:
    try:
        return parse(output, nonce=NONCE).get("alice", Evidence())
    except LookError:
        return None


def outer() -> tuple[Record, ...]:
    """The records of root's part."""
    return frames.decode(captured(), kind="probe", nonce=NONCE).items


def inner() -> bytes:
    """What alice's own programs printed."""
    return frames.unpack(Records(outer()).text("probe", "alice") or "")


def packed(data: bytes, encoding: str = "base64") -> str:
    return f"{encoding}\n{base64.b64encode(data).decode() if encoding == 'base64' else data.hex(' ')}\n"


def framed(data: bytes) -> str:
    """A probe in which alice printed this, and all else is as on the real host."""
    items = [record("probe", packed(data), "alice") if one.key == "probe" else one for one in outer()]
    return "\n".join(encode(items, kind="probe", nonce=NONCE))


ROOTS_LOOK = {"V02", "V03", "V26"}
"""What root's look at the host proves without the user."""


# --- text that is no answer ---


@given(st.binary(max_size=200))
@example(b"")
@example(b"base64\n====")
@example(b"hex\nabc")
def test_what_is_packed_is_bytes_or_nothing(data: bytes) -> None:
    text = data.decode("utf-8", "backslashreplace")
    assert isinstance(frames.unpack(text), bytes)
    assert frames.unpack(packed(data)) == data == frames.unpack(packed(data, "hex"))


@given(st.binary(max_size=300))
@example(f"\n@@{INNER} who".encode())
@example(f"\n@@{INNER} \n".encode())
@example(f"\n@@{INNER} who\n\n@@{INNER} ".encode())
def test_records_are_split_out_of_any_bytes(data: bytes) -> None:
    seen = from_records(frames.split(data, INNER))
    findings(of_alice(seen))
    assert from_records(frames.split(data.replace(INNER.encode(), b""), INNER)) == Evidence()


@given(st.lists(st.tuples(st.sampled_from(["facts", "user-facts", "x"]), st.sampled_from(ARGUMENTS), st.binary(max_size=80)), max_size=6))  # fmt: skip
def test_facts_are_read_out_of_any_bytes(items: list[tuple[str, str, bytes]]) -> None:
    seen = facts.parse(Records(tuple(Record(*item) for item in items)))
    assert set(seen.users) == {argument for key, argument, _ in items if key == "user-facts"}
    for one in (seen.host, *seen.users.values()):
        assert all("\t" not in name for name in one.values)
        assert one.mount("graph.mount") is None or one.get("graph.mount")


@given(st.text(max_size=300))
def test_any_text_is_an_answer_or_an_error(text: str) -> None:
    with pytest.raises(LookError):
        parse(text, nonce=NONCE)


# --- a captured answer, damaged ---


@given(st.data())
@examples(60)
def test_an_answer_that_is_cut_anywhere_is_none(data: st.DataObject) -> None:
    whole = captured().rstrip("\n")
    at = data.draw(st.integers(0, len(whole) - 1))
    assert read(whole[:at]) is None


@given(st.data())
@examples(60)
def test_an_answer_that_is_changed_anywhere_is_none_or_can_be_judged(data: st.DataObject) -> None:
    whole = captured()
    at = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(at, min(at + 40, len(whole))))
    changed = whole[:at] + data.draw(st.text(st.characters(codec="ascii"), max_size=20)) + whole[end:]
    seen = read(changed)
    if seen is not None:
        judged = {finding.check for finding in findings(of_alice(seen))}
        assert judged == {check.id for check in CHECKS.values() if not check.of_host}


@given(st.data())
@examples(60)
def test_what_alice_printed_may_end_anywhere_and_only_what_came_before_passes(data: st.DataObject) -> None:
    """Time runs out, or a program of hers talks so much that the rest is cut off."""
    whole = inner()
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    seen = read(framed(cut))
    assert seen is not None
    assert seen.complete is (f"@@{INNER} probed".encode() in cut)
    for check in passed(seen) - ROOTS_LOOK:
        for needed in COMES_FROM[check]:
            assert f"\n@@{INNER} {needed}".encode() in cut, (check, needed)


@pytest.mark.parametrize(
    ("name", "check", "kept"),
    [("map over", "V06", 0), ("map forbidden", "V07", 0), ("map raw", "V08", 0), ("volume whole", "V17", 8)],
)  # fmt: skip
def test_a_record_that_was_cut_off_is_not_judged(name: str, check: str, kept: int) -> None:
    """An empty map proves a refusal, and half a number is another number: what ends in the middle is not there."""
    head, mark, rest = inner().partition(f"\n@@{INNER} {name}\n".encode())
    assert mark
    seen = read(framed(head + mark + rest[:kept]))
    assert seen is not None
    (finding,) = [one for one in findings(of_alice(seen)) if one.check == check]
    assert finding.verdict is Verdict.COULD_NOT_LOOK


COMES_FROM = {
    "V01": ["who", "passwd", "access"],
    "V04": ["rc unshare"],
    "V05": ["rc newuidmap", "map granted"],
    "V06": ["rc uid-over", "rc gid-over", "map over"],
    "V07": ["rc other", "rc host-root", "map forbidden"],
    "V08": ["rc raw", "map raw"],
    "V09": ["rc single", "map single"],
    **{check: ["rc inside", "said inside"] for check in ("V10", "V12", "V13", "V16")},
    "V14": ["said inside", "owned"],
    "V15": ["said inside", "credentials"],
    "V17": ["rc whole", "told whole", "volume whole"],
    "V18": ["rc top", "process"],
    "V19": ["rc keep-id", "told keep-id", "kept"],
    "V20": ["rc whole", "pod whole"],
    "V21": ["sockets perl"],
    "V22": ["sockets perl"],
    "V23": ["told whole"],
    "V24": ["rc answer", "said answer"],
    "V27": ["rc start", "json start"],
    "V31": ["rc start", "rc list"],
}
"""Records of alice's that a pass rests on."""


@given(st.data())
@examples(60)
def test_bytes_of_alices_may_be_changed_anywhere(data: st.DataObject) -> None:
    whole = inner()
    at = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(at, min(at + 60, len(whole))))
    seen = read(framed(whole[:at] + data.draw(st.binary(max_size=30)) + whole[end:]))
    assert seen is not None
    findings(of_alice(seen))


# --- one user and another ---

FORGED = st.lists(
    st.tuples(
        st.sampled_from([NONCE, INNER, BOB]), st.sampled_from(KEYS), st.sampled_from(ARGUMENTS), st.binary(max_size=40)
    ),
    max_size=8,
)  # fmt: skip


@given(FORGED, st.booleans())
@examples(80)
def test_nobody_speaks_for_another_user(forged: list[tuple[str, str, str, bytes]], first: bool) -> None:
    """Alice forges records in root's name, in bob's name, and with bob's very nonce: bob's evidence stays as it is."""
    lies = b"".join(
        f"\n@@{nonce} {key} {argument}\n".encode() + body for nonce, key, argument, body in forged
    )
    honest = inner().replace(INNER.encode(), BOB.encode())
    hers = [
        record("context", "", "alice session"),
        record("nonce", "", f"alice {INNER}"),
        record("probe", packed(lies + inner()), "alice"),
    ]
    his = [
        record("context", "", "bob direct"),
        record("nonce", "", f"bob {BOB}"),
        record("probe", packed(honest), "bob"),
    ]
    items = [*hers, *his] if first else [*his, *hers]
    seen = parse(encode(items, kind="probe", nonce=NONCE), nonce=NONCE)
    alone = parse(encode(his, kind="probe", nonce=NONCE), nonce=NONCE)
    assert seen["bob"] == alone["bob"]
    assert seen["alice"].context == "session"
    assert (seen["alice"].denied, seen["alice"].peer, seen["alice"].reached) == (None, "", None)


@pytest.mark.parametrize(
    "text", ["none\n", "base64\n!!!\n", "", "hex\nzz\n", packed(b"user read\nroot reads\n")]
)
def test_what_a_user_could_reach_is_known_only_in_whole_words(text: str) -> None:
    items = [
        record("nonce", "", f"alice {INNER}"),
        record("probe", packed(b""), "alice"),
        record("peer", text, "alice bob"),
    ]
    seen = parse(encode(items, kind="probe", nonce=NONCE), nonce=NONCE)["alice"]
    assert seen.peer == "bob"
    assert seen.reached in (None, {"user read": True})
    assert "V28" not in passed(seen)


# --- podman info ---

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
TREES = st.recursive(SCALARS, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3), max_leaves=20)  # fmt: skip


def with_json(text: str) -> Evidence:
    records = (
        record("rc", "0\n", "info"),
        record("said", "", "info"),
        record("json", text, "info"),
        record("rc", "0\n", "start"),
        record("json", text, "start"),
        record("probed", ""),
    )
    return from_records(Records(records))


@given(TREES)
def test_any_document_of_podmans_is_read(tree: object) -> None:
    seen = with_json(json.dumps(tree))
    assert seen.fresh_info is not None
    assert all(isinstance(value, str) for value in seen.fresh_info.values.values())


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a":' * 900 + "1" + "}" * 900,
        '{"store": {"graphDriverName": %s}}' % ("9" * 4000),
        '{"store": {"graphDriverName": %s}}' % ("9" * 5000),
        '{"store": {"graphDriverName": 1e999}}',
        '{"store": {"graphDriverName": NaN}}',
        '{"store": {"graphDriverName": ["overlay", 1]}}',
        "\ufeff{}",
        "\0",
        "",
    ],
)  # fmt: skip
def test_a_document_that_is_deep_or_huge_raises_nothing(text: str) -> None:
    seen = with_json(text)
    assert seen.fresh_info is not None
    assert "V27" not in passed(seen)


def test_blanks_in_the_limits_do_not_hold_the_verifier_up() -> None:
    """A user's own grep may print any line; this one takes the square of its length."""
    begun = time.process_time()
    from_records(Records((record("limits", "Max " + "a" + " " * 10_000 + "\n"),)))
    assert time.process_time() - begun < 0.3


def test_half_a_character_can_be_reported() -> None:
    """JSON can name one half of a surrogate pair, which no file and no terminal can hold."""
    seen = with_json('{"store": {"graphDriverName": "\\ud800"}}')
    (finding,) = [one for one in findings(of_alice(seen)) if one.check == "V27"]
    assert "\ud800" in finding.found
    printable(finding.found).encode()
    report = Report(
        verb="verify",
        version="0",
        started="2026-01-01T00:00:00Z",
        seconds=0,
        hosts=(HostReport(name="h", status=Status.FAILED, findings=(finding,)),),
    )
    json.loads(report.to_json().encode())


def test_the_captured_host_passes_what_the_table_names() -> None:
    whole = read(captured())
    assert whole is not None
    assert passed(whole) == {*COMES_FROM, *ROOTS_LOOK}
