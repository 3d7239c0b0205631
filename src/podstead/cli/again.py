"""The command line that applies what a run was about, for remedies that can be pasted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

import click
from click.core import ParameterSource

from podstead.document.layers import DOCUMENT

_APPLY: Final = "podstead apply"
_SHARED: Final = frozenset(
    {"sources", "limit", "extra_vars", "roles_path", "vault_password_file", "vault_id", "ask_vault_pass", "user", "private_key",
     "ssh_common_args", "ask_pass", "become", "become_method", "ask_become_pass", "names"}
)  # fmt: skip
"""Parameters of every verb that say which hosts, for whom, and how they are reached."""
_SECRET: Final = re.compile(r"pass|secret|token|key", re.IGNORECASE)


def apply_command(pattern: str) -> str:
    """Return ``podstead apply`` with the words of the present call that choose hosts, users and the way to them.

    Of ``-e`` only a host document without a secret is repeated: any other variable may be one. Without it the command would mean
    something else, so then it is the bare verb.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return _APPLY
    if any(not _may_be_repeated(text) for text in context.params.get("extra_vars") or ()):
        return _APPLY
    words = [pattern] if pattern != "all" else []
    for param in context.command.params:
        if param.name in _SHARED and context.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
            words += _words(param, context.params[param.name])
    return " ".join((_APPLY, *map(shlex.quote, words)))


def _may_be_repeated(text: str) -> bool:
    return text.startswith(("@", f"{DOCUMENT}=")) and not _SECRET.search(text)


def _words(param: click.Parameter, value: Any) -> Iterator[str]:  # noqa: ANN401 - click's
    long_name = param.opts[-1] if param.name == "user" else param.opts[0]
    if isinstance(value, bool):
        yield (param.opts if value else param.secondary_opts)[0]
    elif isinstance(value, tuple | list):
        for part in value:
            yield from (long_name, str(part))
    else:
        yield from (long_name, str(value))
