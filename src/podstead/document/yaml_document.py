"""YAML text as a tree of plain values in which every value knows the file and line it came from.

The tree is built from the parser's events, not from ``yaml.compose``: libyaml's composer recurses in C and ends
the process on deeply nested input, and events let depth and size be bounded while they arrive.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml
from yaml import events
from yaml.resolver import Resolver

from podstead.document.values import (
    AmbiguousScalar,
    Node,
    Origin,
    Scalar,
    Unsafe,
    Value,
    VaultCiphertext,
    describe,
)
from podstead.document.yaml_fault import MAX_DEPTH, TOO_DEEP, fault
from podstead.errors import InputError, Problem

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # pragma: no cover - a PyYAML that was built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_VALUES: Final = 2_000_000
MAX_BYTES: Final = 64 * 2**20
_CHUNK: Final = 2**16

_NO_TAGS: Final = "YAML tags (!name) are not supported; only plain values, !vault and !unsafe are"
_RESOLVER: Final = Resolver()
_CORE: Final = "tag:yaml.org,2002:"
_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0b[01_]+)")
_FRACTION = re.compile(r"[-+]?([0-9][0-9_]*)?\.[0-9_]*([eE][-+][0-9]+)?")
_BOOLS: Final = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_SECRET_WORDS = re.compile(r"pass|secret|token", re.IGNORECASE)


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
            raw = stream.read(_CHUNK)
            # to ask for the most at once would set that much memory aside for every file
            if len(raw) == _CHUNK:
                raw += stream.read(MAX_BYTES + 1 - _CHUNK)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError.single(f"cannot be read: {reason}", where=str(path)) from error
    if len(raw) > MAX_BYTES:
        raise InputError.single(f"is larger than {MAX_BYTES // 2**20} MiB", where=str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = Origin(str(path), raw.count(b"\n", 0, error.start) + 1)
        raise InputError.single("is not UTF-8 text", where=where.where) from error


def parse(text: str, file: str) -> Node:
    """Read YAML text; an empty document is a null. Raises InputError with everything that is wrong with it."""
    builder = _Builder(text, file)
    root = builder.document()
    if builder.problems or root is None:
        raise InputError(builder.problems)
    return root


@lru_cache(maxsize=8192)
def _resolved(text: str, implicit: tuple[bool, bool]) -> str:
    """The tag of a plain scalar. Cached: thousands of files of variables have few different words in them."""
    return str(_RESOLVER.resolve(yaml.ScalarNode, text, implicit))  # type: ignore[no-untyped-call]


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
                self.problem(
                    event, "a second YAML document starts here; a file may contain only one document"
                )
        except _Stop:
            return None
        except UnicodeError:
            self.problems.append(Problem(where=self.file, message="is not UTF-8 text"))
            return None
        except yaml.YAMLError as error:
            self.problems.append(fault(error, self.text, self.file))
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
            self.problem(event, TOO_DEEP)
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
            self.problem(event, f"contains more than {MAX_VALUES} values, counting each use of an alias")
            raise _Stop
        return value

    def alias(self, event: Any) -> Value:  # noqa: ANN401
        if event.anchor not in self.anchors:
            self.problem(
                event,
                "refers with * to an anchor that no complete value above defines; quote a string that starts with *",
            )
            return None
        value, size = self.anchors[event.anchor]
        self.count += size
        if self.count > MAX_VALUES:
            self.problem(event, f"contains more than {MAX_VALUES} values, counting each use of an alias")
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
                merged[:0] = self.merge_key(event, value)  # of two << the last wins, of one list the first
            elif key in entries:
                self.problem(event, f"is given twice; the first is on line {entries[key].origin.line}")
            else:
                entries[key] = Node(value, origin)
            self.path.pop()
        below: dict[str, Node] = {}
        for more in reversed(merged):
            below.update(more)
        return {**below, **entries} if below else entries

    def merge_key(self, event: Any, value: Value) -> list[Mapping[str, Node]]:  # noqa: ANN401
        candidates = [node.value for node in value] if isinstance(value, tuple) else [value]
        found = [candidate for candidate in candidates if isinstance(candidate, Mapping)]
        if len(found) < len(candidates):
            self.problem(event, f"<< takes a mapping or a list of mappings, found {describe(value)}")
        return found

    def key(self, event: Any, depth: int) -> tuple[str, bool]:  # noqa: ANN401
        """Return the text of a key and whether it is YAML's merge key."""
        if not isinstance(event, events.ScalarEvent):
            read_as = self.value(event, depth + 1)
            self.problem(event, f"a key must be a string, found {describe(read_as)}")
            return "?", False
        self.count += 1
        tag = self.tag(event)
        if tag == _CORE + "merge":
            return "<<", True
        if event.anchor:
            self.anchors[event.anchor] = (event.value, 1)
        if tag in (_CORE + "str", _CORE + "value"):
            return str(event.value), False
        return self.ambiguous_key(event), False

    def ambiguous_key(self, event: Any) -> str:  # noqa: ANN401
        """A key that YAML reads as a number, a date or a truth value."""
        before = len(self.problems)
        value = self.scalar(event)
        if len(self.problems) > before:
            return str(event.value)
        if isinstance(value, AmbiguousScalar):
            what, read_as = ("a date" if isinstance(value.read_as, str) else "a number"), str(value.read_as)
        else:
            what, read_as = describe(value), "null" if value is None else str(value)
        read_as = read_as.lower() if isinstance(value, bool) else read_as
        explanation = f"the key {event.value} is read as {what}: quote it"
        return AmbiguousScalar.of(str(event.value), explanation=explanation, read_as=read_as)

    def tag(self, event: Any) -> str:  # noqa: ANN401
        if event.tag is not None and event.tag != "!":
            return str(event.tag)
        if not event.implicit[0]:
            return _CORE + "str"
        return _resolved(event.value, event.implicit)

    def core_tag(self, event: Any, kind: str) -> None:  # noqa: ANN401
        if event.tag not in (None, "!", _CORE + kind):
            self.problem(event, _NO_TAGS)

    def scalar(self, event: Any) -> Scalar:  # noqa: ANN401
        tag, text = self.tag(event), event.value
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
            case "int" | "float" | "timestamp" as kind:
                return self.ambiguous(event, text, kind)
            case "!unsafe":
                return Unsafe(text)
            case "!vault" | "!vault-encrypted":
                return VaultCiphertext(text)
            case _:
                self.problem(event, _NO_TAGS)
        return None

    def ambiguous(self, event: Any, text: str, kind: str) -> Scalar:  # noqa: ANN401
        """Text that YAML 1.1 takes for an octal or sexagesimal number or for a date."""
        named = "the value" if self.path and _SECRET_WORDS.search(self.path[-1]) else text[:40]
        what = "a date" if kind == "timestamp" else "a number in an unexpected notation (octal, sexagesimal)"
        explanation = f"{named} is read as {what}: quote it"
        try:
            value = self.loader.construct_object(yaml.ScalarNode(_CORE + kind, text))
        except (ValueError, OverflowError, yaml.YAMLError):
            self.problem(event, explanation)
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self.problem(event, explanation)
            return None
        read_as = value if isinstance(value, int | float) else value.isoformat()
        return AmbiguousScalar.of(text, explanation=explanation, read_as=read_as)
