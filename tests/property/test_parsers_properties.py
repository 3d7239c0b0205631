"""Whatever a host says, reading it ends in values or in the one error that is documented."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podstead.document.spec import SysctlNeed
from podstead.errors import LookError
from podstead.host import accounts, frames, package_versions, storage, sysctl_values, sysctls
from podstead.host import engine as engine_lasting
from podstead.host.frames import Record, Records
from podstead.host.state import from_records
from podstead.ids import subid_files
from podstead.ids.ranges import Extent, IdMap, IdRange
from podstead.proof import evidence
from podstead.visit import protocol
from podstead.visit.obstacles import intended
from tests.model_host import NONCE, ModelAccount, ModelHost, encode, spec_of
from tests.support.examples import examples

SPEC = spec_of(
    packages={"podman": {"version": ">=4"}},
    sysctls={"user.max_user_namespaces": {"at_least": 9}, "net.ipv4.ping_group_range": {"covers": [0, 9]}},
    session={"linger": True},
    storage={"driver": "overlay"},
    engine={"engine": {"num_locks": 4096, "volume_path": "/srv/v"}},
)

BECOMES = {one.becomes for one in protocol.load().frame("user-look").records if one.becomes}
KEYS = (*sorted(protocol.load().keys("observe") | BECOMES), "no-such-key")
PROBE_KEYS = (*sorted(protocol.load().keys("user-probe")), "no-such-key")
ARGUMENTS = (
    "",
    "alice",
    "apt",
    "perl",
    "/etc/subuid",
    sysctls.DROP_IN,
    engine_lasting.DROP_IN,
    engine_lasting.MAIN[1],
    "/home/alice/.config/containers/storage.conf",
    "newuidmap",
)

# Numbers as hosts do not write them, but as Python reads them or chokes on them.
odd_numbers = st.sampled_from(
    ["0", "1", "65536", "-1", "²", "٣", "9" * 20, "9" * 5000, "0x10", "1_0", " 7", ""]
)
fragments = st.one_of(
    odd_numbers,
    st.text(max_size=6),
    st.sampled_from(
        [
            "alice",
            "root",
            "x",
            "/etc/subuid",
            "net/ipv4/ping_group_range",
            "=",
            "bind 4",
            "ok",
            "catatonit",
            "installed",
        ]
    ),
)
lines = st.builds(
    lambda parts, glue: glue.join(parts),
    st.lists(fragments, max_size=8),
    st.sampled_from([":", " ", "\t", "=", ""]),
)
templates = st.sampled_from((
    "{} root", "alice:x:{}:{}::/home/alice:/bin/sh", "staff:x:{}:", "{}:/home/alice", "SUB_UID_MIN {}", "SUB_GID_MAX {}",
    "0: alice {} {}", "/proc/sys/kernel/threads-max:{}", "/etc/sysctl.d/a.conf", "/etc/sysctl.d/a.conf:{}:a.b = {}",
    "net/ipv4/ping_group_range:{} {}", "user/max_user_namespaces:{}", "{}", "bind 4 {} {}", "icmp 4 {} {}", "0 {} 1",
    "{}:0:0:regular file:/etc/subuid", "/etc/nsswitch.conf:subid: {}", "podman\t{}\tinstalled", "catatonit",
    "[storage]\ndriver = {}", "alice:{}:{}", "{}:{}:65536", "[engine]\nnum_locks = {}", "{} {} /dev/shm/libpod_lock",
    "/etc/sysctl.d/a.conf:1:user.max_* = {}", "/etc/sysctl.d/a.conf:2:-user.max_user_namespaces", "{} /srv/{}",
))  # fmt: skip
lies = st.builds(lambda template, one, two: template.format(one, two), templates, odd_numbers, odd_numbers)
bodies = st.one_of(
    st.lists(lies, max_size=3).map(lambda some: "\n".join(some).encode()),
    st.binary(max_size=40),
    st.lists(lines, max_size=4).map(lambda some: "\n".join(some).encode("utf-8", "backslashreplace")),
)


def record_lists(keys: tuple[str, ...]) -> st.SearchStrategy[list[Record]]:
    return st.lists(st.builds(Record, st.sampled_from(keys), st.sampled_from(ARGUMENTS), bodies), max_size=10)


file_texts = st.one_of(
    st.text(max_size=80),
    st.lists(st.one_of(lines, st.sampled_from(["alice:100000:65536", " alice:100000:65536\r", "John Doe:200000:65536", "bob: 300000 :65536 # x", "1000:100000:65536", "alice:0100:7"])), max_size=6).map("\n".join),
)  # fmt: skip


def identity(owner: str) -> str:
    return "alice" if owner == "1000" else owner


# --- what a host says ---


@given(record_lists(KEYS))
@examples(250)
def test_any_records_become_a_state(records: list[Record]) -> None:
    state = from_records(Records(tuple(records)))
    # everything that is derived from the state on the way to a plan must hold, too
    assert state.platform.kernel_version >= (0, 0)
    assert state.accounts.owner("alice") == state.accounts.by_name.get("alice")
    assert all(one.range.count >= 1 for side in state.subids.sides for one in side.entries)
    assert intended(SPEC, state).changes is not None


@given(record_lists(PROBE_KEYS))
@examples(250)
def test_any_records_become_evidence(records: list[Record]) -> None:
    found = evidence.from_records(Records(tuple(records)))
    assert found.complete == any(record.key == "probed" for record in records)
    assert all(0 <= attempt.code <= 999 for attempt in found.attempts.values())
    assert all(attempt.last for attempt in found.attempts.values())


@given(st.lists(lines | st.text(max_size=30), max_size=5))
def test_only_whole_lines_of_passwd_become_accounts(text: list[str]) -> None:
    for name, account in accounts.parse_passwd(text).items():
        assert name == account.name
        assert min(account.uid, account.gid) >= 0
        assert any(line.startswith(f"{name}:") for line in text)


@given(
    st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), st.integers(0, 2**32 - 2), st.integers(0, 2**32 - 2)
)
def test_a_line_of_passwd_is_read_as_it_is_written(name: str, uid: int, gid: int) -> None:
    parsed = accounts.parse_passwd([ModelAccount(uid, gid).line(name)])
    assert {
        name: accounts.Account(name=name, uid=uid, gid=gid, home=f"/home/{name}", shell="/bin/bash")  # noqa: S604 - a login shell
    } == parsed


@given(odd_numbers | st.text(max_size=6))
def test_any_owner_of_a_range_is_an_account_or_nobody(owner: str) -> None:
    alice = accounts.Account(name="alice", uid=7, gid=7, home="/", shell="/bin/sh")  # noqa: S604 - a login shell
    state = accounts.AccountsState(by_name={"alice": alice}, groups={})
    assert (alice if owner in ("7", "alice") else None) == state.owner(owner)


# --- /etc/subuid ---


@given(file_texts)
@examples(200)
def test_every_line_of_a_subid_file_is_an_entry_or_bad_or_a_comment(text: str) -> None:
    file = subid_files.parse("/etc/subuid", text, exists=True)
    numbers = sorted([*(entry.line for entry in file.entries), *(bad.line for bad in file.bad)])
    expected = [
        number
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    assert expected == numbers


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z_][a-z0-9_-]{0,8}|0|[1-9][0-9]{0,8}", fullmatch=True),
            st.integers(0, 2**31),
            st.integers(1, 2**31 - 1),
        ),
        max_size=5,
    )
)
def test_what_is_written_is_read_back(entries: list[tuple[str, int, int]]) -> None:
    text = "".join(f"{owner}:{start}:{count}\n" for owner, start, count in entries)
    file = subid_files.parse("/etc/subuid", text, exists=True)
    assert [(owner, IdRange(start, count)) for owner, start, count in entries] == [
        (one.owner, one.range) for one in file.entries
    ]
    assert file.bad == ()


def free(_wanted: IdRange, _owner: str) -> bool:
    """Nothing stands in the way of any line."""
    return False


@given(file_texts)
@examples(200)
def test_mending_twice_is_mending_once(text: str) -> None:
    once = subid_files.repaired(subid_files.parse("f", text, exists=True), identity, free)
    if once is not None:
        assert subid_files.repaired(subid_files.parse("f", once, exists=True), identity, free) is None


@given(file_texts)
@examples(200)
def test_mending_keeps_every_line_but_repeats(text: str) -> None:
    before = subid_files.parse("f", text, exists=True)
    after = subid_files.parse("f", subid_files.repaired(before, identity, free) or text, exists=True)
    meant = {
        (identity(one.owner), one.range)
        for one in (*before.entries, *(bad.intended for bad in before.bad if bad.intended))
    }
    assert meant == {(identity(one.owner), one.range) for one in after.entries}
    assert len(meant) == len(after.entries)
    assert [one.text for one in before.bad if one.intended is None] == [one.text for one in after.bad]
    mended = {bad.line for bad in before.bad if bad.intended}
    comments = [
        line if line.startswith("#") else f"# {line.partition('#')[2].strip()}"
        for number, line in enumerate(text.split("\n"), start=1)
        if line.startswith("#") or (number in mended and line.partition("#")[2].strip())
    ]
    assert comments == [line for line in (after.text or "").split("\n") if line.startswith("#")]


@given(file_texts)
@examples(200)
def test_mending_leaves_good_lines_byte_for_byte(text: str) -> None:
    before = subid_files.parse("f", text, exists=True)
    kept = (subid_files.repaired(before, identity, free) or text).split("\n")
    rows = text.split("\n")
    seen: set[tuple[str, IdRange]] = set()
    for entry in before.entries:
        if (identity(entry.owner), entry.range) not in seen:
            assert rows[entry.line - 1] in kept or any(
                bad.intended and bad.intended.range == entry.range for bad in before.bad
            )
        seen.add((identity(entry.owner), entry.range))


@pytest.mark.parametrize("owner", ["John Doe", "DOMAIN\\jane doe", "a  b"])
def test_a_blank_inside_an_owner_is_a_part_of_the_name(owner: str) -> None:
    file = subid_files.parse("f", f"{owner}:100000:65536\n", exists=True)
    assert [owner] == [entry.owner for entry in file.entries]
    assert subid_files.repaired(file, identity, free) is None


@pytest.mark.parametrize(
    "line", ["zed:100000:65536#\0", "zed:100000:65536\0", " zed:100000:65536 # \0", "\0zed:1:2"]
)
def test_what_a_line_with_a_nul_byte_says_is_not_known(line: str) -> None:
    file = subid_files.parse("f", f"{line}\n", exists=True)
    assert [line] == [one.text for one in file.unreadable_lines]
    assert subid_files.repaired(file, identity, free) is None


# --- frames ---

frame_records = st.lists(
    st.builds(Record, st.from_regex(r"[a-z]{1,8}(-[a-z]{1,5})?", fullmatch=True).filter(lambda key: key != "end"), st.sampled_from(["", "alice", "/etc/sub uid", "a b"]), st.binary(max_size=60)),
    max_size=6,
)  # fmt: skip
encodings = st.sampled_from(["base64", "hex"])


@given(
    frame_records,
    encodings,
    st.lists(st.sampled_from(["", "Welcome!", "@@podstead", "Last login: never"]), max_size=3),
)
def test_records_survive_any_bytes(records: list[Record], encoding: str, banner: list[str]) -> None:
    lines = [*banner, *encode(records, kind="observe", encoding=encoding), "bye"]
    assert tuple(records) == frames.decode(lines, kind="observe", nonce=NONCE).items
    assert tuple(records) == frames.decode("\r\n".join(lines), kind="observe").items


@given(frame_records, encodings, st.data())
@examples(200)
def test_an_answer_that_is_cut_short_is_no_answer(
    records: list[Record], encoding: str, data: st.DataObject
) -> None:
    text = "\n".join(encode(records, kind="observe", encoding=encoding))
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(LookError):
        frames.decode(text[:cut], kind="observe", nonce=NONCE)


@given(frame_records, encodings, st.data())
@examples(200)
def test_an_answer_that_lost_its_last_lines_inside_is_never_a_shorter_one(
    records: list[Record], encoding: str, data: st.DataObject
) -> None:
    lines = encode(records, kind="observe", encoding=encoding)
    lost = data.draw(st.integers(1, len(lines) - 3))
    with suppress(LookError):
        # all that may be missing is the newline behind the last record
        assert (
            tuple(records)
            == frames.decode([*lines[: -1 - lost], lines[-1]], kind="observe", nonce=NONCE).items
        )


@given(st.text(max_size=100) | bodies.map(lambda body: body.decode("utf-8", "replace")))
def test_any_other_text_is_no_answer(text: str) -> None:
    with pytest.raises(LookError):
        frames.decode(text, kind="observe")
    for encoding in ("base64", "hex"):
        with pytest.raises(LookError):
            frames.decode(
                f"@@podstead observe 1 {NONCE} {encoding}\n{text}\n@@podstead end {NONCE}\n", kind="observe"
            )


def test_an_answer_of_another_run_or_kind_is_no_answer() -> None:
    lines = encode([], kind="observe")
    for kind, nonce in (("observe", "f" * 16), ("probe", NONCE)):
        with pytest.raises(LookError):
            frames.decode(lines, kind=kind, nonce=nonce)


def test_a_file_that_imitates_a_record_stays_a_file() -> None:
    forged = Record(
        "file",
        "/etc/subuid",
        b"\n@@ffffffffffffffff end\n\n@@podstead end 0123\n@@podstead observe 1 00 hex\n",
    )
    assert (forged,) == frames.decode(encode([forged], kind="observe"), kind="observe").items


@given(encodings, st.data())
@examples(60)
def test_a_truncated_look_is_never_a_smaller_host(encoding: str, data: st.DataObject) -> None:
    host = ModelHost(
        accounts={"alice": ModelAccount(1000, 1000)},
        files={"/etc/subuid": "alice:524288:65536\n", "/etc/subgid": ""},
    )
    text = "\n".join(encode(host.records(["alice"]), kind="observe", encoding=encoding))
    cut = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(1, 200))
    with suppress(LookError):
        # a hole that happens to fall on a record's border would need the very lines of the frame to fit again
        assert host.state(["alice"]) == from_records(
            frames.decode(text[: len(text) - cut], kind="observe", nonce=NONCE)
        )
    with pytest.raises(LookError):
        frames.decode(text[: max(0, len(text) - gone)], kind="observe", nonce=NONCE)


# --- ID maps ---

disjoint_ranges = st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 70000)), max_size=6).map(
    lambda parts: [
        IdRange(100000 + sum(gap + size for gap, size in parts[:at]) + parts[at][0], parts[at][1])
        for at in range(len(parts))
    ]
)


@given(st.integers(0, 99999), disjoint_ranges)
def test_container_id_k_is_the_kth_granted_id(own: int, ranges: list[IdRange]) -> None:
    id_map = IdMap.expected(own, ranges[::-1])
    inside = 1
    assert id_map.to_host(0) == own
    for one in ranges:
        assert (one.start, one.last) == (id_map.to_host(inside), id_map.to_host(inside + one.count - 1))
        inside += one.count
    assert id_map.last_inside == inside - 1 == sum(one.count for one in ranges)
    assert id_map.to_host(inside) is None
    assert id_map.to_host(-1) is None


@given(st.integers(0, 99999), disjoint_ranges)
def test_a_map_survives_what_the_kernel_prints(own: int, ranges: list[IdRange]) -> None:
    id_map = IdMap.expected(own, ranges)
    printed = "".join(f"{one.inside:>10} {one.outside:>10} {one.count:>10}\n" for one in id_map.extents)
    assert id_map == IdMap.parse(printed)
    assert id_map.same_ids(id_map.merged())


@given(st.integers(0, 99999), st.integers(100000, 200000), st.integers(2, 70000), st.data())
def test_cutting_an_extent_in_two_maps_the_same_ids(
    own: int, start: int, count: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(1, count - 1))
    whole = IdMap.expected(own, [IdRange(start, count)])
    cut = IdMap.expected(own, [IdRange(start, first), IdRange(start + first, count - first)])
    assert whole.same_ids(cut)
    assert whole.merged() == cut.merged()
    shifted = IdMap.expected(own, [IdRange(start + 1, count)])
    assert not whole.same_ids(shifted)


@given(lines | st.text(max_size=40))
def test_any_text_is_an_id_map_or_a_value_error(text: str) -> None:
    try:
        parsed = IdMap.parse(text)
    except ValueError:
        assert evidence.id_map(text) is None
    else:
        assert all(isinstance(extent, Extent) for extent in parsed.extents)


# --- versions, sysctls, storage.conf ---


@given(
    lines
    | st.text(max_size=30)
    | st.from_regex(r"([0-9]:)?[0-9]{1,3}(\.[0-9]{1,3}){0,3}([~+.-][a-z0-9]{1,6}){0,3}", fullmatch=True)
)
@examples(200)
def test_any_version_is_one_or_none(text: str) -> None:
    found = package_versions.upstream(text)
    if found is not None:
        assert text.strip().rpartition(":")[2].removeprefix("v").startswith(
            str(found.release[0])
        ) or text.strip().rpartition(":")[2].startswith(("0", "v0"))
    assert (None if found is None else True) == package_versions.satisfies(text, "")


@given(
    st.from_regex(r"[0-9]:?", fullmatch=True),
    st.lists(st.integers(0, 99), min_size=2, max_size=3),
    st.sampled_from(["", "-1", "+ds1-8+deb12u1", "-8+b1", "+b1", "-2.el9", "-r0", "-1.module_el8+971"]),
)
def test_what_distributions_add_does_not_change_the_version(
    epoch: str, release: list[int], addition: str
) -> None:
    plain = ".".join(map(str, release))
    prefix = epoch if epoch.endswith(":") else ""
    assert package_versions.satisfies(f"{prefix}{plain}{addition}", f"=={plain}") is True


@given(st.text(max_size=12) | lines)
def test_any_specifier_is_judged_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert package_versions.satisfies("4.3.1", text) in (True, False)


needs = st.one_of(
    st.builds(SysctlNeed, at_least=st.integers(-5, 10**6)),
    st.builds(SysctlNeed, at_most=st.integers(-5, 10**6)),
    st.builds(
        lambda first, size: SysctlNeed(covers=(first, first + size)),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
    ),
    st.builds(SysctlNeed, exact=st.integers(-5, 10**6) | st.from_regex(r"[!-~][ -~]{0,10}", fullmatch=True)),
)


@given(needs, lines | odd_numbers | st.text(max_size=12))
@examples(200)
def test_what_is_written_meets_the_need_whatever_is_there(need: SysctlNeed, current: str) -> None:
    assert sysctl_values.meets(need, current) in (True, False)
    assert sysctl_values.meets(need, sysctl_values.wanted_text(need, current))


@given(needs, st.integers(0, 2**31), st.integers(0, 2**31))
def test_a_range_that_is_there_is_never_made_narrower(need: SysctlNeed, low: int, size: int) -> None:
    if need.covers is None:
        return
    first, last = (int(field) for field in sysctl_values.wanted_text(need, f"{low}\t{low + size}").split())
    assert first == min(low, need.covers[0])
    assert last == max(low + size, need.covers[1])


@given(
    st.text(max_size=60)
    | st.sampled_from(
        [
            "[" * 5000,
            "a=" + "[" * 5000,
            "a=" + "{a=" * 5000,
            "[storage]\ndriver=" + "9" * 5000,
            '[storage]\ndriver="overlay"',
            "storage=1",
            "[storage]\ndriver=1",
        ]
    )
)
def test_any_storage_conf_names_a_driver_or_none_or_is_a_value_error(text: str) -> None:
    with suppress(ValueError):
        driver = storage.driver_of(text)
        assert driver is None or driver in text
