"""Jinja2 in a sandbox: one text evaluated with the variables that it is given; what may go wrong is an exception with words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

_RESULT: Final = "podstead_result"
_MAX_POWER: Final = 10_000
_MAX_TEXT: Final = 1_000_000
_SAFE: Final = "the template fails on a secret value, so the error is not repeated here"
_WHAT_A_HOST_SAYS: Final = "; podstead renders templates before it connects and gathers no facts"


class Failed(Exception):  # noqa: N818 - a template's failure, which becomes a problem with a place
    """What went wrong in one template, and what of that may be said when a secret is in it."""

    def __init__(self, message: str, safe: str = _SAFE) -> None:
        super().__init__(message)
        self.safe = safe


def solid(found: object) -> object:
    """Take everything that is still lazy, so that what it needs is known."""
    if isinstance(found, Mapping):
        return {str(key): solid(child) for key, child in found.items()}
    if not isinstance(found, str) and isinstance(found, Sequence | set | frozenset):
        return [solid(child) for child in found]
    if isinstance(found, float) and not math.isfinite(found):
        raise ValueError("the number is not finite")
    text = str(found)  # StrictUndefined raises here
    return found if found is None or isinstance(found, str | int | float | bool) else text


_PYTHONS: Final = (
    ArithmeticError, AttributeError, LookupError, MemoryError, NameError, RuntimeError, SyntaxError, TypeError,
    ValueError,
)  # fmt: skip
"""What an expression can raise, in its own code or in that of a filter."""


def evaluate(text: str, variables: Mapping[str, object]) -> object:
    """Return what a text says with these variables. Raises Failed."""
    from jinja2 import TemplateError  # noqa: PLC0415 - costs time that an inventory without templates must not pay

    try:
        template, is_expression = _compiled(text)
        context = template.new_context(variables, shared=True)
        rendered = "".join(template.root_render_func(context))
        found = context.vars[_RESULT] if is_expression else rendered
        found = list(found) if isinstance(found, Iterator) else found
        solid(found)  # what is undefined in a list or mapping fails here, where it has a place
    except TemplateError as error:
        raise _failed(error) from None
    except RecursionError:
        raise Failed("the template is nested too deeply") from None
    except _PYTHONS as error:
        raise Failed(f"the template fails: {str(error)[:120] or type(error).__name__}") from None
    return found


def _failed(error: Exception) -> Failed:
    from jinja2 import TemplateSyntaxError, UndefinedError  # noqa: PLC0415

    message = str(error.message if hasattr(error, "message") else error)
    match = re.fullmatch(r"'(\w+)' is undefined", message)
    if match and isinstance(error, UndefinedError):
        hint = _WHAT_A_HOST_SAYS if match[1].startswith("ansible_") or match[1] == "hostvars" else ""
        message = f"the template needs {match[1]!r}, which is not defined for this host{hint}"
        return Failed(
            message, message
        )  # the name of a variable: it stands in the template, and comes from no value
    filter_ = re.match(r"No (filter|test) named '([\w.]+)'", message)
    if filter_:
        message = f"there is no {filter_[1]} {filter_[2]!r}: podstead has only Jinja2's, not Ansible's"
        return Failed(message)
    kind = "is not Jinja2" if isinstance(error, TemplateSyntaxError) else "fails"
    named = "uses a variable that is not defined" if isinstance(error, UndefinedError) else kind
    return Failed(f"the template {named}: {message[:160]}")


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
def template_globals() -> Mapping[str, object]:
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
