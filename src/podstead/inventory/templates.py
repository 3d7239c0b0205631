"""Jinja2 in values: rendered for each host, lazily, in a sandbox; what is undefined is a mistake with a place.

A value that is one expression, ``"{{ count * 2 }}"``, keeps the type of what it says; any other text stays text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from pydantic import SecretStr

from podstead.document.values import (
    AmbiguousScalar,
    HiddenFloat,
    HiddenInt,
    Node,
    Origin,
    Scalar,
    Value,
    VaultCiphertext,
    is_template,
    walk,
)
from podstead.errors import InputError, Problem
from podstead.inventory.vault import Vault

_RESULT: Final = "podstead_result"
_MAX_POWER: Final = 10_000
_MAX_TEXT: Final = 1_000_000
_SHORT: Final = 3
_SAFE: Final = "the template fails on a secret value, so the error is not repeated here"
_WHAT_A_HOST_SAYS: Final = "; podstead renders templates before it connects and gathers no facts"


class _RenderError(Exception):
    def __init__(self, origin: Origin, message: str) -> None:
        super().__init__(message)
        self.origin = origin
        self.message = message


class _Failed(Exception):  # noqa: N818 - as above
    """What went wrong in one template, and what of that may be said when a secret is in it."""

    def __init__(self, message: str, safe: str = _SAFE) -> None:
        super().__init__(message)
        self.safe = safe


def needs_rendering(tree: Node) -> bool:
    """Whether a tree holds a template or an encrypted value."""
    return any(_is_open(node.value) for node in walk(tree))


def _is_open(value: object) -> bool:
    if isinstance(value, str):
        return "{" in value and is_template(value)
    if isinstance(value, SecretStr):
        return True  # a report must know it to hide it
    return isinstance(value, VaultCiphertext)


class Rendering:
    """The variables of one host as its templates see them: each is rendered when it is asked for, and once."""

    def __init__(self, nodes: Mapping[str, Node], magic: Mapping[str, object], vault: Vault) -> None:
        self._nodes = nodes
        self._magic = magic
        self._vault = vault
        self._values: dict[int, tuple[object, bool, Node]] = {}
        self._busy: dict[int, str] = {}
        self._secrets: set[str] = set()
        self._touched: bool = False

    @property
    def secrets(self) -> frozenset[str]:
        """Every secret text that was used so far."""
        return frozenset(self._secrets)

    def render(self, tree: Node, problems: list[Problem], path: tuple[str, ...] = ()) -> Node:
        """Return the tree with every template rendered and every encrypted value decrypted (and kept secret)."""
        value = tree.value
        if isinstance(value, Mapping):
            return Node(
                {key: self.render(child, problems, (*path, key)) for key, child in value.items()},
                tree.origin,
                tree.replaced,
            )
        if isinstance(value, tuple):
            return Node(
                tuple(self.render(child, problems, path) for child in value), tree.origin, tree.replaced
            )
        if not _is_open(value):
            return tree
        self._touched = False
        try:
            found = _solid(self.value(tree, ".".join(path)))
        except _RenderError as error:
            problems.append(Problem(where=error.origin.where, key=".".join(path), message=error.message))
            return Node(None, tree.origin, tree.replaced)
        secret = self._touched or isinstance(value, SecretStr | VaultCiphertext)
        return self._hidden(found, tree) if secret else _node(found, tree)

    def value(self, node: Node, name: str) -> object:
        """Return the bare value of a node: containers stay lazy."""
        value = node.value
        if isinstance(value, Mapping):
            return Lazy(self, value, name)
        if isinstance(value, tuple):
            return [self.value(child, name) for child in value]
        if isinstance(value, VaultCiphertext):
            return self._secret(self._decrypted(value, node, name))
        if isinstance(value, SecretStr):
            text = value.get_secret_value()
            return self._secret(self._rendered(text, node, name) if is_template(text) else text)
        if is_template(value):
            return self._rendered(str(value), node, name)
        return value.read_as if isinstance(value, AmbiguousScalar) else value

    def _decrypted(self, value: VaultCiphertext, node: Node, name: str) -> str:
        try:
            return self._vault.open(value.ciphertext, node.origin, name)
        except InputError as error:
            raise _RenderError(node.origin, error.problems[0].message) from None

    def _secret(self, found: object) -> object:
        self._touched = True
        self._remember(found)
        return found

    def _remember(self, found: object) -> None:
        """Keep the text of a secret, to take it out of reports: a port or a small number would take out too much."""
        if isinstance(found, str | int | float) and not isinstance(found, bool):
            text = str(found)
            if text and not (len(text) <= _SHORT and text.isdecimal()):
                self._secrets.add(text)

    def _hidden(self, found: object, source: Node) -> Node:
        """Return what a template made with a secret, as values that no message shows."""
        value: Value
        if isinstance(found, dict):
            value = {key: self._hidden(child, source) for key, child in found.items()}
        elif isinstance(found, list):
            value = tuple(self._hidden(child, source) for child in found)
        else:
            self._remember(found)
            value = _wrapped(found)
        return Node(value, source.origin, source.replaced)

    def _rendered(self, text: str, node: Node, name: str) -> object:
        place = id(node)
        if place in self._busy:
            names = list(self._busy.values())
            circle = " > ".join([*names[list(self._busy).index(place) :], name])
            raise _RenderError(node.origin, f"the template refers to itself: {circle}")
        if place not in self._values:
            self._busy[place] = name
            before, self._touched = self._touched, isinstance(node.value, SecretStr)
            try:
                found = self._evaluated(text, node)
            finally:
                del self._busy[place]
            if self._touched:
                self._remember(found)
            self._values[place] = (found, self._touched, node)
            self._touched = self._touched or before
        found, touched, _ = self._values[place]
        self._touched = self._touched or touched
        return found

    def _evaluated(self, text: str, node: Node) -> object:
        try:
            return _evaluate(text, self)
        except _Failed as failed:
            # Jinja's and Python's words repeat the values that they were given
            message = failed.safe if self._touched else str(failed)
            raise _RenderError(node.origin, message) from None

    def __contains__(self, name: object) -> bool:
        return name in self._nodes or name in self._magic or name in _globals()

    def __getitem__(self, name: str) -> object:
        if name in self._magic:
            return self._magic[name]
        if name in self._nodes:
            return self.value(self._nodes[name], name)
        return _globals()[name]

    def keys(self) -> Iterator[str]:
        """Jinja asks for the names that there are."""
        yield from {**self._magic, **self._nodes}


class Lazy(Mapping[str, Any]):
    """A mapping of which each value is rendered when it is asked for, so that neighbours may refer to each other."""

    def __init__(self, rendering: Rendering, entries: Mapping[str, Node], name: str) -> None:
        self._rendering = rendering
        self._entries = entries
        self._name = name

    def __getitem__(self, key: str) -> object:
        return self._rendering.value(self._entries[key], f"{self._name}.{key}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __str__(self) -> str:
        return str(dict(self))


def _solid(found: object) -> object:
    """Take everything that is still lazy, so that what it needs is known."""
    if isinstance(found, Mapping):
        return {str(key): _solid(child) for key, child in found.items()}
    if not isinstance(found, str) and isinstance(found, Sequence | set | frozenset):
        return [_solid(child) for child in found]
    if isinstance(found, float) and not math.isfinite(found):
        raise ValueError("the number is not finite")
    text = str(found)  # StrictUndefined raises here
    return found if found is None or isinstance(found, str | int | float | bool) else text


def _wrapped(found: Any) -> Scalar:  # noqa: ANN401 - what _solid returns and is no container
    match found:
        case None | bool():
            return found
        case int():
            return HiddenInt(found)
        case float():
            return HiddenFloat(found)
    return SecretStr(found)


def _node(found: Any, source: Node) -> Node:  # noqa: ANN401 - what _solid returns
    value: Value
    if isinstance(found, dict):
        value = {key: _node(child, source) for key, child in found.items()}
    elif isinstance(found, list):
        value = tuple(_node(child, source) for child in found)
    else:
        value = found
    return Node(value, source.origin, source.replaced)


_PYTHONS: Final = (
    ArithmeticError, AttributeError, LookupError, MemoryError, NameError, RuntimeError, SyntaxError, TypeError,
    ValueError,
)  # fmt: skip
"""What an expression can raise, in its own code or in that of a filter."""


def _evaluate(text: str, variables: Rendering) -> object:
    from jinja2 import TemplateError  # noqa: PLC0415 - costs time that an inventory without templates must not pay

    try:
        template, is_expression = _compiled(text)
        context = template.new_context(variables, shared=True)
        rendered = "".join(template.root_render_func(context))
        found = context.vars[_RESULT] if is_expression else rendered
        found = list(found) if isinstance(found, Iterator) else found
        _solid(found)  # what is undefined in a list or mapping fails here, where it has a place
    except TemplateError as error:
        raise _failed(error) from None
    except RecursionError:
        raise _Failed("the template is nested too deeply") from None
    except _PYTHONS as error:
        raise _Failed(f"the template fails: {str(error)[:120] or type(error).__name__}") from None
    return found


def _failed(error: Exception) -> _Failed:
    from jinja2 import TemplateSyntaxError, UndefinedError  # noqa: PLC0415

    message = str(error.message if hasattr(error, "message") else error)
    match = re.fullmatch(r"'(\w+)' is undefined", message)
    if match and isinstance(error, UndefinedError):
        hint = _WHAT_A_HOST_SAYS if match[1].startswith("ansible_") or match[1] == "hostvars" else ""
        message = f"the template needs {match[1]!r}, which is not defined for this host{hint}"
        return _Failed(
            message, message
        )  # the name of a variable: it stands in the template, and comes from no value
    filter_ = re.match(r"No (filter|test) named '([\w.]+)'", message)
    if filter_:
        message = f"there is no {filter_[1]} {filter_[2]!r}: podstead has only Jinja2's, not Ansible's"
        return _Failed(message)
    kind = "is not Jinja2" if isinstance(error, TemplateSyntaxError) else "fails"
    named = "uses a variable that is not defined" if isinstance(error, UndefinedError) else kind
    return _Failed(f"the template {named}: {message[:160]}")


@cache
def _compiled(text: str) -> tuple[Any, bool]:
    from jinja2 import nodes  # noqa: PLC0415 - imported late, see above

    environment = _environment()
    if not (text.lstrip().startswith("{{") and text.rstrip().endswith("}}")):
        return environment.from_string(text), False
    # Jinja itself tells the braces of an expression from the end of it
    body = environment.parse(text.strip()).body
    if len(body) > 1 or not isinstance(body[0], nodes.Output) or len(body[0].nodes) > 1:
        return environment.from_string(text), False
    result = nodes.Assign(nodes.Name(_RESULT, "store", lineno=1), body[0].nodes[0], lineno=1)
    template = nodes.Template([result], lineno=1)
    return environment.from_string(template.set_environment(environment)), True


@cache
def _globals() -> Mapping[str, object]:
    return {name: _environment().globals[name] for name in ("range", "dict", "namespace")}


@cache
def _environment() -> Any:  # noqa: ANN401 - imported late, see above
    from jinja2 import StrictUndefined, TemplateRuntimeError  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    class Sandbox(ImmutableSandboxedEnvironment):
        """Also bounds what a short expression can make of time and memory."""

        intercepted_binops = frozenset({"**", "*"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
            if operator == "**" and max(abs(left), abs(right)) > _MAX_POWER:
                raise TemplateRuntimeError(f"a power of more than {_MAX_POWER}")
            if operator == "*":
                for operand, other in ((left, right), (right, left)):
                    if isinstance(operand, str | list | tuple) and len(operand) * int(other) > _MAX_TEXT:
                        raise TemplateRuntimeError(f"a string or list of more than {_MAX_TEXT}")
            return super().call_binop(context, operator, left, right)

    return Sandbox(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
