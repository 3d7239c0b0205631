"""Everything that a user reads is plain English: a short list of turns that are not, and what to write for each."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/podstead"

#: A turn that is not plain English -> what to write.
RULES: Final[dict[str, str]] = {
    r"(?<!there )\b(?:is|are) no (?!longer\b|such\b|more\b)": "is not a ..., is not valid ...",
    r"\b(?:is|be|expected|found|starts as) text\b|\blists? of texts\b": "a string, a list of strings",
    r"\bmend(?:s|ed|ing)?\b": "fix, repair or correct",
    r"\b(?:some|any|every)body\b|\bnobody(?:'s| can| else| has| may| who)\b": "someone, another user, every user, no one",
    r"(?<!to )\bwhom\b": "the user who ..., the user to connect as",
    r"\blikewise\b": "also, in the same way",
    r"\btells?\b|\btold\b": "report, print, show, recognise",
    r"\bstands? (?:in|for|beside|above|below|behind|before|there|here|between)\b": "block, prevent, replace, is in",
    r"\b(?:words of|own words|words are)\b": "NAME's message",
    r"\b(?:comes?|came) to nothing\b": "has no effect",
    r"\bat a time\b": "at the same time",
    r"\bfrom (?:there|here) on\b": "after that, from this point",
    r"\btak(?:e|es|ing) up\b": "use",
    r"\bhand(?:s|ed|ing)? out\b": "allocate or assign",
    r"\banew\b": "again, recreate, reinstall",
    r"\ball the same\b": "anyway, still",
    r"\basked for\b|\bwhat is asked\b": "requested",
    r"\bshall\b": "should, is to",
    r"\bone's own\b|\bthe own\b": "your own, custom",
    r"\bsuch ones?\b|\banother one\b": "the noun",
    r"\bwithout a word\b": "without printing anything",
    r"\bone (?:\w+ )?a line\b|\ba \w+ a line\b": "one ... per line",
    r"\bgo(?:es)? on (?:from|with|working)\b": "continue",
    r"\bcan be had\b": "available",
    r"\bin hand\b": "in progress",
    r"\b(?:being )?worked on\b": "processed",
    r"\bthe spec\b": "the document",
    r"\bsealed\b": "encrypted",
    r"\bnothing but\b": "only",
    r"\bno good\b": "cannot be used",
    r"\b(?:is|are|was|were)(?: not)? there(?=[.,;:]|$)": "exists, does not exist",
    r"\w\((?:s|es|ies)\)": "one or the other, with counted() of podstead.plural",
}
_RULES: Final = tuple((re.compile(turn, re.IGNORECASE), better) for turn, better in RULES.items())


class Text(NamedTuple):
    """One text that a user may read, with the line of its file in which it begins."""

    path: Path
    line: int
    text: str


def faults(one: Text) -> Iterator[str]:
    """What is not plain English in a text, each with its line and what to write."""
    flat = re.sub(r"[ \n]", " ", one.text)
    for turn, better in _RULES:
        for found in turn.finditer(flat):
            line = one.line + one.text.count("\n", 0, found.start())
            yield f"{one.path}:{line}: {found[0]!r}: write {better}".removeprefix(f"{ROOT}/")


def _is_command(node: ast.AST) -> bool:
    """Whether the docstring of a function is a help text of click's."""
    return isinstance(node, ast.FunctionDef) and any(
        re.search(r"\b(?:command|group)\b", ast.unparse(one)) for one in node.decorator_list
    )


def _is_pattern(text: str) -> bool:
    """Whether a string is a regular expression: no message has a backslash before a letter, or such brackets."""
    return bool(re.search(r"\\[A-Za-z.()\[\]]|\(\?|\[\^|\.\*|\]\{|\)\?", text))


def _not_read(tree: ast.AST) -> set[int]:
    """Docstrings, and the parts of f-strings, which are read as one text; what is in braces may hold texts of its own."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            found.update(id(part) for part in ast.walk(node) if part is not node)
        elif isinstance(node, ast.FormattedValue):
            found -= {id(part) for part in ast.walk(node.value)}
    return found


def _literal(node: ast.AST) -> str:
    """The text of a string literal; in that of an f-string, ``{}`` is where a value will be."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def of_python(path: Path) -> Iterator[Text]:
    """String literals of a module, and help texts; no docstrings, regular expressions, keys or records of a protocol.

    A string without a blank is a name and not a message.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = _not_read(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _is_command(node):
            yield Text(path, node.body[0].lineno, ast.get_docstring(node, clean=False) or "")
        text = "" if id(node) in skipped else _literal(node)
        if " " in text.strip() and not _is_pattern(text):
            yield Text(path, node.lineno, text)  # type: ignore[attr-defined]  # literals have a line


def of_catalogue(path: Path) -> Iterator[Text]:
    """What podstead says of a failure mode. Symptoms are what other programs print, and sources are names."""
    raw = path.read_text(encoding="utf-8")
    at = 0
    for mode in tomllib.loads(raw)["mode"]:
        at = raw.index(f'ref = "{mode["ref"]}"', at)
        said = [mode[key] for key in ("title", "breaks", "cause", "undetected") if key in mode]
        for text in (*said, *mode["remedy"].values()):
            written = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            yield Text(path, raw.count("\n", 0, raw.index(written, at)) + 1, text)


def of_page(path: Path) -> Iterator[Text]:
    """A page in Markdown as one text, without its code."""
    text = path.read_text(encoding="utf-8")
    blank = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
    yield Text(path, 1, blank.sub(lambda code: re.sub(r"[^\n]", "`", code[0]), text))


def of_script(path: Path) -> Iterator[Text]:
    """What a script of the host says to people; records are for podstead."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        for said in re.finditer(r"(?:ps_say|ps_overtaken|printf) (\"[^\"]+|'podstead: [^']+)", line):
            yield Text(path, number, said[1])


PAGES: Final = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "roles").glob("*/README.md")),
    *sorted((ROOT / "inventories").glob("*/README.md")),
    *sorted((SOURCE / "control/starter_files").glob("*.md")),
)
MODULES: Final = (*sorted(SOURCE.rglob("*.py")), *sorted((ROOT / "docs").glob("*.py")))
CATALOGUE: Final = tuple(sorted((SOURCE / "proof/catalogue").glob("*.toml")))
SCRIPTS: Final = tuple(sorted((SOURCE / "visit/scripts").rglob("*.sh")))


def _texts(path: Path) -> Iterator[Text]:
    match path.suffix:
        case ".py":
            yield from of_python(path)
        case ".toml":
            yield from of_catalogue(path)
        case ".sh":
            yield from of_script(path)
        case _:
            yield from of_page(path)


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES}), ids=lambda one: one.name)
def test_messages_and_help_texts_are_plain_english(folder: Path) -> None:
    modules = [path for path in MODULES if path.parent == folder]
    assert [fault for path in modules for one in _texts(path) for fault in faults(one)] == []


@pytest.mark.parametrize(
    "path", [*CATALOGUE, *PAGES, *SCRIPTS], ids=lambda one: f"{one.parent.name}/{one.name}"
)
def test_pages_failure_modes_and_scripts_are_plain_english(path: Path) -> None:
    assert [fault for one in _texts(path) for fault in faults(one)] == []


BAD: Final = (
    "5 is no list of texts",
    "the value must be text",
    "mend line 3",
    "the file of somebody else",
    "nobody can say which",
    "the user whom this concerns",
    "podman ps, likewise",
    "the probe told nothing about the session",
    "a filter stands in the way",
    "the words of newuidmap",
    "it has come to nothing",
    "hosts at a time",
    "from there on it works",
    "Podman takes up the map",
    "IDs were handed out",
    "log in anew",
    "do it all the same",
    "the driver that was asked for",
    "what a host shall be",
    "networks of one's own",
    "such ones are ignored",
    "it ended without a word",
    "print one host a line",
    "it goes on from what it found",
    "the roles that can be had",
    "two hosts are in hand",
    "while the host was being worked on",
    "the spec asks for it",
    "the file is sealed",
    "nothing but keys",
    "the range is no good",
    "the socket is not there",
    "root is needed for 8 change(s)",
)


@pytest.mark.parametrize("said", BAD)
@pytest.mark.parametrize("name", ["a.py", "b.py", "c.py", "d.toml", "e.md", "f.sh"])
def test_a_bad_turn_is_found_wherever_a_user_would_read_it(tmp_path: Path, name: str, said: str) -> None:
    first, _, last = said.rpartition(" ")
    mode = 'ref = "A01"\ntitle = "{}"\nbreaks = ""\ncause = ""\nsymptoms = ["nobody has it"]\nremedy = {{any = ""}}\n'
    written = {
        "a.py": f'x = 1\nraise ValueError("{said}")\n',
        "b.py": f'"""Nobody can mend it."""\nsay(f"{{x}}: {first} " f"{last}, {{y}}")\n',
        "c.py": f'@click.command()\ndef verb():\n    """{said}"""\n',
        "d.toml": "\n[[mode]]\n" + mode.format(said),
        "e.md": f"# nobody\n{said}.\n`anybody`\n```sh\nsomebody\n```\n",
        "f.sh": f'# nobody can\nps_say "podstead: {said}"\n',
    }
    path = tmp_path / name
    path.write_text(written[name], encoding="utf-8")
    line = {"c.py": 3, "d.toml": 4}.get(name, 2)
    found = [fault for one in _texts(path) for fault in faults(one)]
    assert found != []
    assert all(fault.startswith(f"{path}:{line}: ") for fault in found)


def test_a_turn_that_goes_over_two_lines_of_a_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("# IDs\n\nThey are handed\nout.\n", encoding="utf-8")
    assert [fault for one in _texts(path) for fault in faults(one)] == [
        f"{path}:3: 'handed out': write allocate or assign"
    ]


def test_every_rule_is_tried() -> None:
    assert [turn for turn in RULES if not any(re.search(turn, said) for said in BAD)] == []


@pytest.mark.parametrize(
    "said",
    [
        "there is no role called web",
        "the lock is no longer held",
        "nobody is 65534",
        "the users to whom this file applies",
        "this is the standard",
        "podstead recommends it",
        "what is there is kept",
    ],
)
def test_plain_english_is_let_be(said: str) -> None:
    assert list(faults(Text(ROOT / "x.py", 1, said))) == []
