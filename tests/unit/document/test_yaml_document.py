from pathlib import Path

import pytest
import yaml

from podstead.document.layers import Path as Path_
from podstead.document.validate import values
from podstead.document.values import Origin, VaultCiphertext, displayed, is_template, plain
from podstead.document.yaml_document import parse, read
from podstead.document.yaml_fault import fault
from podstead.errors import InputError, Problem


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse(text, "f")
    return [str(problem) for problem in caught.value.problems]


def surprises(text: str) -> list[str]:
    """What a host document says of values that YAML reads differently from what most people mean."""
    found: dict[Path_, Problem] = {}
    values(parse(text, "f"), (), found)
    return [str(problem) for problem in found.values()]


def test_every_value_knows_the_line_of_its_key() -> None:
    tree = parse("users:\n  alice:\n    linger: true\n  bob: {}\nroles: [a,\n  b]\n", "f")
    users = tree.entries["users"]
    assert users.origin == Origin("f", 1)
    assert users.entries["alice"].origin == Origin("f", 2)
    assert users.entries["alice"].entries["linger"].origin == Origin("f", 3)
    assert users.entries["bob"].origin == Origin("f", 4)
    assert [item.origin.line for item in tree.entries["roles"].items] == [5, 6]


def test_plain_values_are_those_of_yaml() -> None:
    text = 'a: 1_000\nb: 0x1f\nc: 1.5\nd: yes\ne: ~\nf: "no"\ng: "12"\nh: -0\ni: [x, {y: z}]\nj: !!str 7\n'
    expected = {"a": 1000, "b": 31, "c": 1.5, "d": True, "e": None, "f": "no", "g": "12", "h": 0}
    assert plain(parse(text, "f")) == {**expected, "i": ["x", {"y": "z"}], "j": "7"}


def test_an_empty_document_is_a_null() -> None:
    assert parse("# nothing\n", "f").value is None


def test_all_problems_of_a_file_are_reported_at_once() -> None:
    assert problems("b: 1\nb: 2\nc: !x 1\nd: *e\n") == [
        "f:2: b: is given twice; the first is on line 1",
        "f:3: c: YAML tags (!name) are not supported; only plain values, !vault and !unsafe are",
        "f:4: d: refers with * to an anchor that no complete value above defines; quote a string that starts with *",
    ]
    assert surprises("no: 1\n12: 1\na: 2001-01-01\n") == [
        "f:1: the key no is read as false: quote it",
        "f:2: the key 12 is read as the number 12: quote it",
        "f:3: a: 2001-01-01 is read as a date: quote it",
    ]


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("on", "true"),
        ("~", "nothing"),
        ("1.5", "the number 1.5"),
        ("2001-01-01", "a date"),
        ("012", "a number"),
    ],
)
def test_a_key_that_yaml_reads_as_something_else_must_be_quoted(key: str, kind: str) -> None:
    assert surprises(f"{key}: x") == [f"f:1: the key {key} is read as {kind}: quote it"]
    assert surprises(f'"{key}": x') == []
    assert plain(parse(f'"{key}": x', "f")) == {key: "x"}


@pytest.mark.parametrize(("text", "read_as"), [("012", 10), ("1:30", 90), ("2001-01-01", "2001-01-01")])
def test_a_value_in_a_surprising_form_must_be_quoted_in_a_document_and_is_ansibles_else(
    text: str, read_as: object
) -> None:
    assert surprises(f"a: {text}")[0].endswith(": quote it")
    assert displayed(parse(f"a: {text}", "f")) == {"a": read_as}


@pytest.mark.parametrize("text", [".nan", ".inf", "9" * 5000, "2001-99-99"])
def test_a_number_that_no_json_can_hold_must_be_quoted(text: str) -> None:
    assert "quote it" in problems(f"a: {text}")[0]


def test_a_tab_is_named_as_such() -> None:
    assert problems("a:\n\tb: 1\n") == [
        "f:2: is not YAML: a tab is used for indentation; YAML allows only spaces"
    ]


def test_anchors_aliases_and_merge_keys_are_understood() -> None:
    text = "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: [*x]\n"
    assert plain(parse(text, "f")) == {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}, "z": [{"a": 1, "b": 2}]}


def test_an_alias_bomb_is_refused() -> None:
    rows = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "counting each use of an alias" in problems("a0: &a0 [x, x]\n" + "\n".join(rows))[0]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_and_does_not_end_the_process(opening: str) -> None:
    assert "nested deeper than 64 levels" in problems(opening * 200_000)[0]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: @b", 1, "a value starts with a character that needs quotes around the value"),
        ('a: "\\q"', 1, "a backslash inside double quotes must be doubled; or use single quotes"),
        ("a: *\n", 1, "a name after & or * may contain only letters, digits, '-' and '_'"),
        ("- a\nb: c", 2, "wrong indentation, or a '-' is missing"),
        ("a: - b", 1, "wrong indentation, or '-' or '?' inside a line"),
        ("a: ,b", 1, "a bracket or comma is where a value should be; quote the value"),
        ("a: |x\n  b", 1, "the line with | or > is malformed: only a comment may follow"),
        ("%x\na: 1", 1, "a line that starts with '%' is malformed; quote a string that starts with '%'"),
        ("a: 1\n...\nb: 1", 3, "text follows the end of the document"),
        ("a: 1\nb: 'x", 2, "a quotation mark is not closed"),
    ],
)
def test_what_is_wrong_is_said_in_words_of_podsteads_own(text: str, line: int, says: str) -> None:
    assert problems(text) == [f"f:{line}: is not YAML: {says}"]


def test_words_of_a_parser_that_nobody_knows_reach_no_message() -> None:
    mark = yaml.Mark("f", 0, 1, 0, None, 0)
    error = yaml.MarkedYAMLError("while doing hunter2", mark, "found hunter2", mark)
    assert fault(error, "a\nb\n", "f") == Problem(
        where="f:2",
        message="is not YAML: the text cannot be parsed from this point; check quotes, brackets and indentation",
    )


def test_a_value_that_holds_itself_is_refused() -> None:
    assert "anchor" in problems("a: &a [*a]")[0]


def test_a_second_document_is_refused() -> None:
    assert problems("a: 1\n---\nb: 2\n") == [
        "f:2: a second YAML document starts here; a file may contain only one document"
    ]


@pytest.mark.parametrize(
    "value",
    ["!!binary aa", "!!set {a}", "!x [1]", "!!python/name:os.system ''", "!vault [a]", "!unsafe {a: b}"],
)
def test_tags_are_refused(value: str) -> None:
    assert problems(f"a: {value}") == [
        "f:1: a: YAML tags (!name) are not supported; only plain values, !vault and !unsafe are"
    ]


def test_vault_and_unsafe_are_known() -> None:
    tree = parse(
        'a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nb: !unsafe "{{ x }}"\nc: "{{ x }}"\n', "f"
    )
    assert tree.entries["a"].value == VaultCiphertext("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    assert [is_template(tree.entries[key].value) for key in "bc"] == [False, True]


@pytest.mark.parametrize("value", ["*hunter2", "!hunter2 x", "!a!hunter2 x", "'hunter2", "a: hunter2"])
def test_no_message_repeats_a_password(value: str) -> None:
    assert not any("hunter2" in one for one in problems(f"ansible_password: {value}"))
    assert not any("01234567" in one for one in surprises("ansible_password: 0123456701234567"))


def test_a_file_that_is_not_utf8_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == f"{path}:2: is not UTF-8 text"


def test_a_missing_file_is_a_problem_of_the_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read(tmp_path / "x.yml")


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert plain(read(path)) == {"a": 1}
