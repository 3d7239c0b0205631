"""YAML text as a tree of plain values in which every value knows the file and line it came from.

The tree is built from the parser's events, not from ``yaml.compose``: libyaml's composer recurses in C and ends
the process on deeply nested input, and events let depth and size be bounded while they arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml
from yaml import events

from podstead.errors import InputError, Problem
from podstead.nodes import Node, Origin, Scalar, Value, shown

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # pragma: no cover - a PyYAML that was built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 2_000_000
MAX_BYTES: Final = 64 * 2**20

_CORE: Final = "tag:yaml.org,2002:"
_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0b[01_]+)")
_FRACTION = re.compile(r"[-+]?([0-9][0-9_]*)?\.[0-9_]*([eE][-+][0-9]+)?")
_BOOLS: Final = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_SECRET_WORDS = re.compile(r"pass|secret|token", re.IGNORECASE)
_QUOTED_TEXT = re.compile(r"'[^']{2,}'|\"[^\"]{2,}\"")


@contextmanager
def collecting(problems: list[Problem]) -> Iterator[None]:
    """Add the problems of an InputError to a list and go on, so that all files can be reported at once."""
    try:
        yield
    except InputError as error:
        problems.extend(error.problems)


def read(path: Path) -> Node:
    """Read one YAML file. Raises InputError with everything that is wrong with it."""
    return parse(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Read a file of UTF-8 text. Raises InputError when that cannot be done."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError.one(f"cannot be read: {reason}", where=str(path)) from error
    if len(raw) > MAX_BYTES:
        raise InputError.one(f"is larger than {MAX_BYTES // 2**20} MiB", where=str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = Origin(str(path), raw.count(b"\n", 0, error.start) + 1)
        raise InputError.one("is not UTF-8 text", where=where.where) from error


def parse(text: str, file: str) -> Node:
    """Read YAML text; an empty document is a null. Raises InputError with everything that is wrong with it."""
    builder = _Builder(text, file)
    root = builder.document()
    if builder.problems or root is None:
        raise InputError(builder.problems)
    return root


class _Stop(Exception):  # noqa: N818 - no error: the problem is on the list, and there is nothing more to read
    pass


class _Builder:
    """Turns the events of one document into a tree; goes on after a problem wherever it can."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Problem] = []
        self.path: list[str] = []
        self.anchors: dict[str, tuple[Value, int]] = {}
        self.count = 0

    def document(self) -> Node | None:
        try:
            self.loader = Loader(self.text)
            self.next()  # the start of the stream
            if isinstance(self.next(), events.StreamEndEvent):
                return Node(None, Origin(self.file, 1))
            event = self.next()
            root = Node(self.value(event, 0), Origin(self.file, event.start_mark.line + 1))
            self.next()  # the end of the document
            event = self.next()
            if not isinstance(event, events.StreamEndEvent):
                self.problem(event, "a second YAML document starts here; one file holds one document")
        except _Stop:
            return None
        except UnicodeError:
            self.problems.append(Problem(where=self.file, message="is not UTF-8 text"))
            return None
        except yaml.YAMLError as error:
            self.problems.append(self.syntax(error))
            return None
        return root

    def next(self) -> Any:  # noqa: ANN401 - PyYAML's events have no common useful type
        return self.loader.get_event()

    def problem(self, event: Any, message: str) -> None:  # noqa: ANN401
        where = Origin(self.file, event.start_mark.line + 1)
        self.problems.append(Problem(where=where.where, key=".".join(self.path), message=message))

    def value(self, event: Any, depth: int) -> Value:  # noqa: ANN401
        self.count += 1
        if depth > MAX_DEPTH:
            self.problem(event, f"is nested deeper than {MAX_DEPTH} levels")
            raise _Stop
        if isinstance(event, events.AliasEvent):
            return self.alias(event)
        before = self.count
        value: Value
        if isinstance(event, events.ScalarEvent):
            value = self.scalar(event)
        elif isinstance(event, events.SequenceStartEvent):
            self.core_tag(event, "seq")
            value = self.sequence(depth)
        else:
            self.core_tag(event, "map")
            value = self.mapping(depth)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.count - before + 1)
        if self.count > MAX_VALUES:
            self.problem(event, f"holds more than {MAX_VALUES} values, counting each use of an alias")
            raise _Stop
        return value

    def alias(self, event: Any) -> Value:  # noqa: ANN401
        if event.anchor not in self.anchors:
            self.problem(
                event,
                "refers with * to an anchor that no complete value above has; quote text starting with *",
            )
            return None
        value, size = self.anchors[event.anchor]
        self.count += size
        if self.count > MAX_VALUES:
            self.problem(event, f"holds more than {MAX_VALUES} values, counting each use of an alias")
            raise _Stop
        return value

    def sequence(self, depth: int) -> tuple[Node, ...]:
        items = []
        while not isinstance(event := self.next(), events.SequenceEndEvent):
            line = event.start_mark.line + 1
            items.append(Node(self.value(event, depth + 1), Origin(self.file, line)))
        return tuple(items)

    def mapping(self, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        merged: list[Mapping[str, Node]] = []
        while not isinstance(event := self.next(), events.MappingEndEvent):
            key, is_merge = self.key(event, depth)
            origin = Origin(self.file, event.start_mark.line + 1)
            self.path.append(key)
            value = self.value(self.next(), depth + 1)
            if is_merge:
                merged.extend(self.merge_key(event, value))
            elif key in entries:
                self.problem(event, f"is given twice; the first is in line {entries[key].origin.line}")
            else:
                entries[key] = Node(value, origin)
            self.path.pop()
        for more in merged:
            for key, node in more.items():
                entries.setdefault(key, node)
        return entries

    def merge_key(self, event: Any, value: Value) -> list[Mapping[str, Node]]:  # noqa: ANN401
        candidates = [node.value for node in value] if isinstance(value, tuple) else [value]
        found = [one for one in candidates if isinstance(one, Mapping)]
        if len(found) < len(candidates):
            self.problem(event, f"<< takes a mapping or a list of mappings, found {shown(value)}")
        return found

    def key(self, event: Any, depth: int) -> tuple[str, bool]:  # noqa: ANN401
        """Return the text of a key and whether it is YAML's merge key."""
        if not isinstance(event, events.ScalarEvent):
            read_as = self.value(event, depth + 1)
            self.problem(event, f"a key must be text, found {shown(read_as)}")
            return "?", False
        self.count += 1
        tag = self.tag(event)
        if tag == _CORE + "merge":
            return "<<", True
        if tag not in (_CORE + "str", _CORE + "value"):
            self.problem(event, f"the key {event.value} is read as {self.kind(event, tag)}: quote it")
        if event.anchor:
            self.anchors[event.anchor] = (event.value, 1)
        return str(event.value), False

    def kind(self, event: Any, tag: str) -> str:  # noqa: ANN401
        """Say as what a key that is not text is read."""
        before = len(self.problems)
        value = self.scalar(event)
        if len(self.problems) == before:
            return shown(value)
        del self.problems[before:]
        return "a date" if tag == _CORE + "timestamp" else "a number"

    def tag(self, event: Any) -> str:  # noqa: ANN401
        if event.tag is not None and event.tag != "!":
            return str(event.tag)
        if not event.implicit[0]:
            return _CORE + "str"
        return str(
            self.loader.resolve(  # type: ignore[no-untyped-call]
                yaml.ScalarNode, event.value, event.implicit
            )
        )

    def core_tag(self, event: Any, kind: str) -> None:  # noqa: ANN401
        if event.tag not in (None, "!", _CORE + kind):
            self.problem(event, "YAML tags (!name) are not supported; only plain values are")

    def scalar(self, event: Any) -> Scalar:  # noqa: ANN401
        tag, text = self.tag(event), event.value
        named = "the value" if self.path and _SECRET_WORDS.search(self.path[-1]) else str(text)[:40]
        match tag.removeprefix(_CORE):
            case "str" | "value" | "merge":
                return str(text)
            case "null":
                return None
            case "bool" if text.lower() in _BOOLS:
                return _BOOLS[text.lower()]
            case "int" if len(text) <= 40 and _WHOLE_NUMBER.fullmatch(text):
                return int(text.replace("_", ""), 0)
            case "float" if len(text) <= 40 and _FRACTION.fullmatch(text):
                return float(text.replace("_", ""))
            case "int" | "float":
                self.problem(
                    event, f"{named} is a number in a form that surprises (octal, sexagesimal): quote it"
                )
            case "timestamp":
                self.problem(event, f"{named} is read as a date: quote it")
            case _:
                self.problem(event, "YAML tags (!name) are not supported; only plain values are")
        return None

    def syntax(self, error: yaml.YAMLError) -> Problem:
        """Say what the parser could not read, without repeating text of the file: it may hold a password."""
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            return Problem(where=self.file, message="is not YAML: holds a character that no text file should")
        # libyaml counts past the end when a file ends early.
        lines = self.text.splitlines() or [""]
        number = min(mark.line, len(lines) - 1)
        said = _QUOTED_TEXT.sub("...", str(getattr(error, "problem", None) or "syntax error"))
        if "\t" in lines[number][: max(mark.column, 0) + 1]:
            said = "a tab is used for indentation; YAML takes spaces only"
        elif "mapping values are not allowed" in said:
            said = "a second ': ' in one line, or wrong indentation; quote text that holds ': '"
        return Problem(where=Origin(self.file, number + 1).where, message=f"is not YAML: {said}")
