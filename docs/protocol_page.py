"""The page on what podstead and a host say to each other, from ``visit/scripts/protocol.toml``. ``docs/generate.py`` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from podstead.visit import protocol
from podstead.visit.protocol import FactKind, Frame, RecordKind, Sections

_FRAME = """A host answers in frames:

```text
@@podstead FRAME 1 NONCE base64
...
@@podstead end NONCE
```

The content between the two lines is encoded in base64 (or hex, as the first line then says); 1 is the version of the frame
format. Decoded, it consists of records: an empty line, a line `@@NONCE KEY ARGUMENT`, and a body that extends to the next record,
byte for byte. The nonce is drawn for each run, so nothing stored on a host can be mistaken for a record. Programs that run as a
user print records under a nonce of their own, and root's script packs them into one record (`base64` or `hex` on a line, then the
data): a user can claim anything there, but nothing about another user. An answer without its last line, or whose last record is
not `end`, is rejected.

What is missing was absent on the host or could not be read. In bodies, words in capitals are placeholders.
"""
_DATA = """The data is TOML: `src/podstead/visit/scripts/protocol.toml`. The scripts in the same folder write these records, podstead
reads them, and `tests/unit/visit/test_protocol.py` checks both against the table.
"""
_FACTS = """A fact is a line: a name, a tab and a value. Facts about the host are in the record `facts` of `observe`, facts about a user in
the records `facts` and `owners` of `user-look`.
"""
_VERSION = """This is protocol **{version}**. The script that `podstead verify --print-script` writes states its podstead version and its
protocol in its answer. `podstead judge` refuses an answer of a different protocol, and adds a note for a different version of
podstead. The number is increased when the answer of an earlier script would be misread; additions do not increase it.
"""


def page() -> str:
    table = protocol.load()
    parts = (
        "# What a host answers\n",
        _DATA,
        _VERSION.format(version=table.version),
        "## Frames and records\n",
        _FRAME,
        *(line for frame in table.frames for line in _frame(frame)),
        "## Sections\n",
        "Some bodies have sections: a line `--NAME`, then what it holds.\n",
        *map(_sections, table.sections),
        "## Facts\n",
        _FACTS,
        *(
            _facts(title, [one for one in table.facts if one.of == of])
            for title, of in (("the host", "host"), ("a user", "user"))
        ),
    )
    return "\n".join(parts)


def _frame(frame: Frame) -> Iterator[str]:
    yield f"### `{frame.name}`: {frame.holds}\n"
    if frame.packed_in:
        yield "Packed in the record `{1}` of the frame `{0}`.\n".format(*frame.packed_in)
    if frame.includes:
        yield f"Beside these it has all records of `{frame.includes}`.\n"
    rows = ((f"`{one.key}`", one.argument, one.body, _often(repeats=one.repeats)) for one in frame.records)
    yield _table(("record", "argument", "body", "repeats"), rows)
    yield from (_names(one) for one in frame.records if one.names)


def _names(kind: RecordKind) -> str:
    rows = ((f"`{name}`", what) for name, what in kind.names.items())
    return f"Arguments of `{kind.key}`:\n\n{_table((kind.argument, ''), rows)}"


def _sections(one: Sections) -> str:
    rows = ((f"`--{name}`", what) for name, what in one.holds.items())
    of = ", ".join(f"`{one.record} {name}`" for name in one.names)
    return f"In {of}:\n\n{_table(('section', 'holds'), rows)}"


def _facts(title: str, facts: Iterable[FactKind]) -> str:
    rows = ((f"`{one.name}`", one.value, _often(repeats=one.repeats)) for one in facts)
    return f"### Facts of {title}\n\n{_table(('fact', 'value', 'repeats'), rows)}"


def _often(*, repeats: bool) -> str:
    return "yes" if repeats else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
