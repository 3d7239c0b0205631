"""Jinja2 in values: rendered for each host, lazily, in a sandbox; what is undefined is a mistake with a place.

A value that is one expression, ``"{{ count * 2 }}"``, keeps the type of what it says; any other text stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from pydantic import SecretStr

from podstead.errors import InputError, Problem
from podstead.inventory.vault import Vault
from podstead.nodes import Node, Origin, Sealed, Surprise, Value, is_template, walk

_WHOLE = re.compile(r"\s*\{\{(.*)\}\}\s*", re.DOTALL)
_RESULT: Final = "podstead_result"
_MAX_POWER: Final = 10_000
_MAX_TEXT: Final = 1_000_000
_WHAT_A_HOST_SAYS: Final = "; podstead renders before it connects, and gathers no facts"


class _Wrong(Exception):  # noqa: N818 - carries a problem out of Jinja's rendering
    def __init__(self, origin: Origin, message: str) -> None:
        super().__init__(message)
        self.origin = origin
        self.message = message


def needs_rendering(tree: Node) -> bool:
    """Whether a tree holds a template or a sealed value."""
    return any(_is_open(node.value) for node in walk(tree))


def _is_open(value: object) -> bool:
    if isinstance(value, str):
        return "{" in value and is_template(value)
    if isinstance(value, SecretStr):
        return is_template(value.get_secret_value())
    return isinstance(value, Sealed)


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
        """Return the tree with every template rendered and every sealed value opened (and kept secret)."""
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
        except _Wrong as wrong:
            problems.append(Problem(where=wrong.origin.where, key=".".join(path), message=wrong.message))
            return Node(None, tree.origin, tree.replaced)
        secret = self._touched or isinstance(value, SecretStr | Sealed)
        return _node(found, tree, secret=secret)

    def value(self, node: Node, name: str) -> object:
        """Return the bare value of a node: containers stay lazy."""
        value = node.value
        if isinstance(value, Mapping):
            return Lazy(self, value, name)
        if isinstance(value, tuple):
            return [self.value(child, name) for child in value]
        if isinstance(value, Sealed):
            return self._secret(self._opened(value, node, name))
        if isinstance(value, SecretStr):
            text = value.get_secret_value()
            return self._secret(str(self._rendered(text, node, name)) if is_template(text) else text)
        if is_template(value):
            return self._rendered(str(value), node, name)
        return value.read_as if isinstance(value, Surprise) else value

    def _opened(self, value: Sealed, node: Node, name: str) -> str:
        try:
            return self._vault.open(value.ciphertext, node.origin, name)
        except InputError as error:
            raise _Wrong(node.origin, error.problems[0].message) from None

    def _secret(self, text: str) -> str:
        self._touched = True
        if text:
            self._secrets.add(text)
        return text

    def _rendered(self, text: str, node: Node, name: str) -> object:
        place = id(node)
        if place in self._busy:
            names = list(self._busy.values())
            circle = " > ".join([*names[list(self._busy).index(place) :], name])
            raise _Wrong(node.origin, f"the template needs itself: {circle}")
        if place not in self._values:
            self._busy[place] = name
            before, self._touched = self._touched, False
            try:
                found = _evaluate(text, self, node.origin)
            finally:
                del self._busy[place]
            if self._touched and isinstance(found, str) and found:
                self._secrets.add(found)
            self._values[place] = (found, self._touched, node)
            self._touched = self._touched or before
        found, touched, _ = self._values[place]
        self._touched = self._touched or touched
        return found

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
        return {str(key): _solid(one) for key, one in found.items()}
    if not isinstance(found, str) and isinstance(found, Sequence | set | frozenset):
        return [_solid(one) for one in found]
    return found if found is None or isinstance(found, str | int | float | bool) else str(found)


def _node(found: Any, like: Node, *, secret: bool) -> Node:  # noqa: ANN401 - what _solid returns
    value: Value
    if isinstance(found, dict):
        value = {key: _node(one, like, secret=secret) for key, one in found.items()}
    elif isinstance(found, list):
        value = tuple(_node(one, like, secret=secret) for one in found)
    else:
        value = SecretStr(str(found)) if secret and not isinstance(found, bool | None) else found
    return Node(value, like.origin, like.replaced)


def _evaluate(text: str, variables: Rendering, origin: Origin) -> object:
    from jinja2 import TemplateError  # noqa: PLC0415 - costs time that an inventory without templates must not pay

    try:
        template, whole = _compiled(text)
        context = template.new_context(variables, shared=True)
        rendered = "".join(template.root_render_func(context))
        found = context.vars[_RESULT] if whole else rendered
        return list(found) if isinstance(found, Iterator) else _defined(found)
    except TemplateError as error:
        raise _Wrong(origin, _said(error)) from None
    except RecursionError:
        raise _Wrong(origin, "the template is nested too deeply") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise _Wrong(origin, f"the template fails: {str(error)[:120] or type(error).__name__}") from None


def _defined(found: object) -> object:
    str(found)  # StrictUndefined raises here
    return found


def _said(error: Exception) -> str:
    from jinja2 import TemplateSyntaxError, UndefinedError  # noqa: PLC0415

    said = str(error.message if hasattr(error, "message") else error)
    match = re.match(r"'(\w+)' is undefined", said)
    if match:
        of_host = _WHAT_A_HOST_SAYS if match[1].startswith("ansible_") or match[1] == "hostvars" else ""
        return f"the template needs {match[1]!r}, which is not defined for this host{of_host}"
    filter_ = re.match(r"No (filter|test) named '([\w.]+)'", said)
    if filter_:
        return f"there is no {filter_[1]} {filter_[2]!r}: podstead has those of Jinja2, not Ansible's own"
    kind = "is not Jinja2" if isinstance(error, TemplateSyntaxError) else "fails"
    named = "needs what is not defined" if isinstance(error, UndefinedError) else kind
    return f"the template {named}: {said[:160]}"


@cache
def _compiled(text: str) -> tuple[Any, bool]:
    match = _WHOLE.fullmatch(text)
    environment = _environment()
    if match and "{{" not in match[1] and "}}" not in match[1] and "{%" not in match[1]:
        return environment.from_string(f"{{% set {_RESULT} = ({match[1]}) %}}"), True
    return environment.from_string(text), False


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
                for one, other in ((left, right), (right, left)):
                    if isinstance(one, str | list | tuple) and len(one) * int(other) > _MAX_TEXT:
                        raise TemplateRuntimeError(f"a text or list of more than {_MAX_TEXT}")
            return super().call_binop(context, operator, left, right)

    return Sandbox(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
