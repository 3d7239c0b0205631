"""The scripts write, and the parsers read, what ``visit/scripts/protocol.toml`` has: no more, no less, on both sides."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from podstead.document.spec import HostSpec
from podstead.errors import LookError
from podstead.host import frames, looks
from podstead.host.frames import Record, Records
from podstead.proof.evidence import REFUSALS
from podstead.version import VERSION
from podstead.visit import protocol, script
from podstead.visit.prove import judge
from tests.capture import DATA
from tests.model_host import ModelAccount, ModelHost, encode, look, record
from tests.support import reads, written

TABLE = protocol.load()
TEXTS = written.texts()
CODE = reads.code()
#: Which frame the records are of that a module has under a name; in host/ everywhere else, the look.
FRAMES = {
    ("host.looks", "inner"): "user-look",
    ("proof.evidence", "outer"): "probe",
    ("proof.evidence", "inner"): "user-probe",
    ("proof.evidence", "records"): "user-probe",
    ("proof.engine_evidence", "records"): "user-probe",
    ("visit.converge", "records"): "apply",
    ("visit.protocol", "look"): "observe",
}
BECOMES = {one.key: one.becomes for one in TABLE.frame("user-look").records if one.becomes}

each_frame = pytest.mark.parametrize("frame", TABLE.frames, ids=lambda frame: frame.name)


def of_probe(key: str) -> frozenset[str]:
    """The arguments that a record of the user's own probe may have."""
    return frozenset(next(one for one in TABLE.frame("user-probe").records if one.key == key).names)


def probe_text() -> str:
    return "".join(TEXTS[name] for name in script.order("probe_user.sh")) + TEXTS["inner/view.sh"]


# --- the scripts ---


@each_frame
def test_the_scripts_write_the_records_of_the_table_and_no_others(frame: protocol.Frame) -> None:
    found = frozenset[str]().union(*(written.records(TEXTS[name]) for name in frame.scripts))
    assert found == {one.key for one in frame.records}


def test_every_script_that_writes_records_is_named_with_one_frame() -> None:
    named = [name for frame in TABLE.frames for name in frame.scripts]
    assert sorted(named) == [name for name, text in TEXTS.items() if written.records(text)]


@pytest.mark.parametrize(("script", "of"), [("facts.sh", "host"), ("observe_user.sh", "user")])
def test_the_scripts_write_the_facts_of_the_table_and_no_others(script: str, of: str) -> None:
    assert written.facts(TEXTS[script]) == {one.name for one in TABLE.facts if one.of == of}


def test_no_other_script_writes_facts() -> None:
    assert [name for name, text in TEXTS.items() if written.facts(text)] == ["facts.sh", "observe_user.sh"]


def test_what_the_probe_tries_and_tells_is_in_the_table() -> None:
    text = probe_text()
    assert written.attempts(text) == of_probe("rc")
    assert written.maps(text) == of_probe("map")
    assert written.documents(text) == of_probe("json")
    with_sections = {name for one in TABLE.sections if one.record == "told" for name in one.names}
    assert written.told(text) == with_sections <= of_probe("rc")


def test_the_scripts_print_the_sections_of_the_table_and_no_others() -> None:
    printed = {name: found for name, text in TEXTS.items() if (found := written.sections(text))}
    assert printed == {one.printed_by: set(one.holds) for one in TABLE.sections}


def test_a_new_name_in_a_script_is_noticed() -> None:
    assert "foo" in written.records("ps_all() {\n    ps_record foo\n    ps_record end\n}\n")
    assert {"foo", "a.b", "c"} == written.facts("ps_fact foo 1\nx | ps_fact_each a.b\nps_mount c /\n")
    assert written.sections("echo --uid; id\necho --foo\n") == {"uid", "foo"}
    for line in ('ps_record "$key"', "ps_fact dev.$f 1", 'ps_try "x$n" true'):
        with pytest.raises(ValueError, match="a name must be a word"):
            written.records(line) | written.facts(line) | written.attempts(line)


# --- the parsers ---


def asked(found: reads.Read) -> set[tuple[str, str]]:
    """Frame and key of what is asked for. In host/ it is the look, with what podstead.host.looks has put beside root's records."""
    if frame := FRAMES.get((found.module, found.of)):
        return {(frame, found.name)}
    assert (found.module.partition(".")[0], found.of) == ("host", "records"), f"of which frame is {found}?"
    of_user = {("user-look", key) for key, becomes in BECOMES.items() if becomes == found.name}
    return of_user if of_user and found.name not in TABLE.keys("observe") else {("observe", found.name)}


def test_the_parsers_ask_for_records_of_the_table_and_for_all_of_them() -> None:
    found = set[tuple[str, str]]().union(*map(asked, reads.records(CODE)))
    table = {(frame.name, one.key): one.unread for frame in TABLE.frames for one in frame.records}
    assert found - table.keys() == set(), "no script writes it"
    assert {one for one, why in table.items() if not why} - found == set(), "no parser asks for it"
    assert {one for one, why in table.items() if why} & found == set(), "it is read after all"


def test_the_parsers_ask_for_facts_of_the_table_and_for_all_of_them() -> None:
    found = {("host" if one.of.endswith("host") else "user", one.name) for one in reads.facts(CODE)}
    assert found == {(one.of, one.name) for one in TABLE.facts}


def test_whoever_asks_for_a_fact_says_whose() -> None:
    assert reads.renamed_facts(CODE) == []


def test_the_judges_ask_for_sections_of_the_table_and_for_all_of_them() -> None:
    found = {one.name for one in reads.sections(CODE)}
    unread = {name for one in TABLE.sections for name in one.unread}
    assert found == {name for one in TABLE.sections for name in one.holds} - unread


def test_the_judges_ask_for_attempts_of_the_table_and_for_all_of_them() -> None:
    assert {one.name for one in reads.attempts(CODE)} | REFUSALS <= of_probe("rc")
    proof = reads.words({name: tree for name, tree in CODE.items() if name.startswith("proof.")})
    assert (of_probe("rc") | of_probe("map") | of_probe("json")) - proof == set()


def test_what_a_parser_asks_for_is_found_however_it_is_written() -> None:
    code = """
def one(records):
    records.text("a"), records.lines(key := "b") if records else records.pairs("c")
    return [found for key in ("d", "e") for found in records.all(key)], other(records, "f")

def other(inner, key):
    return inner.text(key)
"""
    tree = {"host.x": ast.parse(code.replace("key := ", ""))}
    assert {(one.of, one.name) for one in reads.records(tree)} == {
        *(("records", name) for name in "abcde"),
        ("inner", "f"),
    }
    with pytest.raises(ValueError, match="key: nobody can say"):
        reads.records({"host.x": ast.parse("key = records\nrecords.text(key)\n")})


# --- what a user's own look becomes ---


def test_of_a_users_look_only_what_the_table_says_is_passed_on() -> None:
    inside = [
        Record(one.key, "", b"x\n")
        for one in TABLE.frame("user-look").records
        if one.key not in ("looked", "end")
    ]
    seen = Records((record("user", "1000:/home/alice\n", "alice"), record("look", look(inside), "alice")))
    found = {one.key for one in looks.parse(seen).records.items} - {"user"}
    assert found == set(BECOMES.values())


def test_root_says_nothing_under_the_keys_that_are_the_users() -> None:
    own = set(BECOMES.values()) - TABLE.keys("observe")
    assert own | {"user", "look"} == looks._OF_USERS


# --- answers ---


def answers() -> Iterator[tuple[str, protocol.Frame, Records]]:
    """Every frame of every captured answer, and of a model host: whose it is, which it is, its records."""
    host = ModelHost(
        accounts={"alice": ModelAccount(1000, 1000)},
        subid_source="sss",
        directory={"alice": ("", "")},
        unreadable={"/etc/subuid"},
        facts={"lock": ("/etc/subuid.lock dead",)},
        user_facts={"alice": {"homed": ("yes",)}},
    )
    changed = [record("change", "0\n", "a:b:c"), record("log", "", "a:b:c")]
    yield from parts("a model host", "\n".join(host.frame(["alice"], first=changed, kind="apply")))
    for path in sorted(DATA.rglob("*.txt")):
        yield from parts(path.name, path.read_text(encoding="ascii"))


def parts(name: str, text: str) -> Iterator[tuple[str, protocol.Frame, Records]]:
    for kind in re.findall("^@@podstead (?!end)([a-z]+) ", text, re.MULTILINE):
        outer = frames.decode(text, kind=kind)
        yield name, TABLE.frame(kind), outer
        for frame in TABLE.frames:
            if frame.packed_in and frame.packed_in[0] in (kind, TABLE.frame(kind).includes):
                yield from ((name, frame, inner) for inner in unpacked(outer, frame.packed_in[1]))


def unpacked(outer: Records, key: str) -> Iterator[Records]:
    for one in outer.all(key):
        data = frames.unpack(one.text).partition(b"\n@@ended")[0]
        first = re.match(rb"\n@@([0-9a-f]+) ", data)
        assert first
        yield frames.split(data, first[1].decode())


def test_what_hosts_have_answered_is_in_the_table() -> None:
    seen = set()
    for name, frame, found in answers():
        seen.add(frame.name)
        assert {one.key for one in found.items} - TABLE.keys(frame.name) == set(), name
        kinds = {
            one.key: one for part in (frame.name, frame.includes) if part for one in TABLE.frame(part).records
        }
        times = Counter(one.key for one in found.items)
        assert {key for key, number in times.items() if number > 1 and not kinds[key].repeats} == set(), name
        assert {one.key for one in found.items if one.argument and not kinds[one.key].argument} == set(), name
        for key in ("rc", "map", "json") if frame.name == "user-probe" else ():
            assert {one.argument for one in found.all(key)} <= of_probe(key), name
    assert seen == {frame.name for frame in TABLE.frames}


def test_the_facts_that_hosts_have_answered_are_in_the_table() -> None:
    for name, frame, found in answers():
        of = "user" if frame.name == "user-look" else "host"
        kinds = {one.name: one for one in TABLE.facts if one.of == of}
        for one in (*found.all("facts"), *found.all("owners")):
            times = Counter(line.partition("\t")[0] for line in one.text.splitlines())
            assert times.keys() - kinds.keys() == set(), name
            assert {
                fact for fact, number in times.items() if number > 1 and not kinds[fact].repeats
            } == set(), name


# --- an answer that was carried here ---


def carried(*script: Record) -> str:
    """The answer of the script that people carry away, of a host on which nobody is proved."""
    return "\n".join((*encode((*script, *ModelHost().records()), kind="observe"), *encode((), kind="probe")))


def said(argument: str) -> Record:
    return record("script", "", argument)


def test_an_answer_of_this_podstead_and_this_protocol_needs_no_note() -> None:
    assert judge("host", carried(said(protocol.written_by())), HostSpec()).notes == ()


def test_another_podstead_with_the_same_protocol_is_a_note() -> None:
    told = judge("host", carried(said(f"9.9.9 {TABLE.version}")), HostSpec()).notes
    assert told == (f"podstead 9.9.9 wrote the script, this is podstead {VERSION}",)


def test_another_protocol_is_refused_with_what_to_do() -> None:
    with pytest.raises(LookError, match="wrote the script, and its answer is of protocol 99") as caught:
        judge("host", carried(said("0.0.9 99")), HostSpec())
    assert "podstead verify --print-script >check.sh" in caught.value.hint


@pytest.mark.parametrize("argument", [None, "", "1", "x", "1.0 -1", f"1.0 {10**9}", "1\x1b[2J 1", "1 0 1"])
def test_an_answer_that_does_not_say_what_wrote_it_is_judged_with_a_note(argument: str | None) -> None:
    (note,) = judge("host", carried(*([] if argument is None else [said(argument)])), HostSpec()).notes
    assert note.startswith("the script does not say which podstead wrote it")
    assert "podstead verify --print-script >check.sh" in note


def test_what_is_no_answer_at_all_stays_an_error() -> None:
    whole = carried()
    for text in ("", "hello", whole[: len(whole) // 2]):
        with pytest.raises(LookError):
            judge("host", text, HostSpec())
