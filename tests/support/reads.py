"""What the parsers ask an answer for: keys of records, names of facts and of sections, found in the code itself.

A name may stand in the call, come from a loop over words, or be a parameter: then the calls of that function count. Any
other is an error here, because nobody could say whether the table has it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.support.rooms import modules, room_of

_ROOMS: Final = ("host", "provision", "proof", "visit")
_OF_RECORDS: Final = ("text", "all", "lines", "pairs")
_OF_FACTS: Final = ("get", "all", "words", "mount")
_SPLIT: Final = ("sections", "inside")
"""The functions that give the sections of a body."""

_Comprehension = ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp
_Chain = tuple[ast.AST, ...]
"""What a node stands in, from the outermost inward."""
Code = Mapping[str, ast.Module]


@dataclass(frozen=True, slots=True, order=True)
class Read:
    """One name that is asked for: in which module, of what (as it is written there)."""

    module: str
    of: str
    name: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """``OF.how(KEY)``, ``OF[KEY]`` or ``KEY in OF``."""

    how: str
    of: ast.expr
    key: ast.expr
    chain: _Chain


def code() -> dict[str, ast.Module]:
    """The modules that read what a host answers; host.frames only takes an answer apart, whatever is in it."""
    return {
        name: ast.parse(path.read_text(encoding="utf-8"))
        for name, path in modules().items()
        if room_of(name) in _ROOMS and name != "host.frames"
    }


def records(trees: Code) -> frozenset[Read]:
    """Keys of records. Whoever asks for one has the records under a plain name."""
    return _reads(trees, lambda one: one.how in _OF_RECORDS and isinstance(one.of, ast.Name))


def facts(trees: Code) -> frozenset[Read]:
    """Names of facts. Whoever asks for one says of what: ``....host`` or ``....facts``."""
    return _reads(
        trees,
        lambda one: (
            one.how in _OF_FACTS and isinstance(one.of, ast.Attribute) and one.of.attr in ("host", "facts")
        ),
    )


def sections(trees: Code) -> frozenset[Read]:
    """Names of sections, of those that were split at that place or in the same function."""
    return _reads(trees, lambda one: one.how in ("get", "[]", "in") and _are_sections(one.of, one.chain))


def attempts(trees: Code) -> frozenset[Read]:
    """Names of what was tried, as far as they stand at the place itself: some come from elsewhere."""

    def wanted(one: _Asked) -> bool:
        tried = ast.unparse(one.of).rpartition(".")[2] == "attempts"
        return tried and one.how in ("get", "[]", "in") and isinstance(one.key, ast.Constant)

    return _reads(trees, wanted)


def words(trees: Code) -> frozenset[str]:
    """Every string in the code."""
    return frozenset(
        node.value
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def renamed_facts(trees: Code) -> list[str]:
    """Places where facts get another name, under which :func:`facts` would not find what is asked for."""
    return [
        f"{module}:{node.lineno}: {ast.unparse(node)}"
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.arg | ast.Assign | ast.NamedExpr) and _renames_facts(node)
    ]


def _renames_facts(node: ast.arg | ast.Assign | ast.NamedExpr) -> bool:
    if isinstance(node, ast.arg):
        return node.annotation is not None and ast.unparse(node.annotation) == "Facts"
    values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    return any(isinstance(one, ast.Attribute) and one.attr in ("host", "facts") for one in values)


def _reads(trees: Code, wanted: Callable[[_Asked], bool]) -> frozenset[Read]:
    return frozenset(
        Read(module, ast.unparse(one.of), name)
        for module, tree in trees.items()
        for one in _asked(tree)
        if wanted(one)
        for name in _names(one.key, one.chain, tree, module)
    )


def _walk(node: ast.AST, chain: _Chain = ()) -> Iterator[tuple[ast.AST, _Chain]]:
    yield node, chain
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, (*chain, node))


def _asked(tree: ast.AST) -> Iterator[_Asked]:
    for node, chain in _walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=of, attr=how), args=[key, *_]):
                yield _Asked(how, of, key, chain)
            case ast.Subscript(value=of, slice=key):
                yield _Asked("[]", of, key, chain)
            case ast.Compare(left=key, ops=[ast.In()], comparators=[of]):
                yield _Asked("in", of, key, chain)


def _names(key: ast.expr, chain: _Chain, tree: ast.AST, module: str) -> Iterator[str]:
    """Every word that a key may be."""
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        yield key.value
        return
    if isinstance(key, ast.Name):
        for at, outer in reversed([*enumerate(chain)]):
            if isinstance(outer, ast.FunctionDef) and key.id in (
                names := [one.arg for one in outer.args.args]
            ):
                for given, where in _given(outer.name, names.index(key.id), tree):
                    yield from _names(given, where, tree, module)
                return
            if (words := _words(key.id, outer, chain[:at])) is not None:
                for word, where in words:
                    yield from _names(word, where, tree, module)
                return
    raise ValueError(f"{module}:{key.lineno}: {ast.unparse(key)}: nobody can say which names these are")


def _given(function: str, index: int, tree: ast.AST) -> Iterator[tuple[ast.expr, _Chain]]:
    """What a function of the module is called with."""
    for node, chain in _walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
            yield node.args[index], chain


def _words(name: str, outer: ast.AST, chain: _Chain) -> list[tuple[ast.expr, _Chain]] | None:
    """What a loop gives a name; None where ``outer`` is no loop over it."""
    if isinstance(outer, _Comprehension):
        loops = [(one.target, one.iter) for one in outer.generators]
    else:
        loops = [(outer.target, outer.iter)] if isinstance(outer, ast.For) else []
    for target, over in loops:
        places = target.elts if isinstance(target, ast.Tuple) else [target]
        for index, place in enumerate(places):
            if isinstance(place, ast.Name) and place.id == name:
                items = _items(over, chain)
                return [
                    (one.elts[index] if isinstance(one, ast.Tuple) else one, where) for one, where in items
                ]
    return None


def _items(over: ast.expr, chain: _Chain) -> list[tuple[ast.expr, _Chain]]:
    """What is looped over: words as they stand, or the keys of a mapping that was made in the same function."""
    if isinstance(over, ast.Tuple | ast.List | ast.Set):
        return [(one, chain) for one in over.elts]
    if isinstance(over, ast.Name):
        for target, value in _assigned(chain):
            if target == over.id and isinstance(value, ast.DictComp):
                return [(value.key, (*chain, value))]
    return [(over, chain)]


def _assigned(chain: _Chain) -> Iterator[tuple[str, ast.expr]]:
    """Names and what they are given in the functions around a place; tuples element by element."""
    for function in (one for one in chain if isinstance(one, ast.FunctionDef)):
        for node in ast.walk(function):
            if not isinstance(node, ast.Assign):
                continue
            targets, value = node.targets[0], node.value
            pairs = [(targets, value)]
            if isinstance(targets, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = [*zip(targets.elts, value.elts, strict=True)]
            yield from ((target.id, one) for target, one in pairs if isinstance(target, ast.Name))


def _are_sections(of: ast.expr, chain: _Chain) -> bool:
    """Whether an expression is what a body was split into; of a choice between two, the first counts."""
    match of:
        case ast.IfExp(body=one) | ast.BoolOp(values=[one, *_]):
            return _are_sections(one, chain)
        case ast.Call(func=ast.Name(id=name)):
            return name in _SPLIT
        case ast.Name(id=name):
            return any(
                target == name and not isinstance(value, ast.Name) and _are_sections(value, chain)
                for target, value in _assigned(chain)
            )
    return False
