"""The words of the present call that choose hosts, users and the way to them, for commands that can be pasted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

import click
from click.core import ParameterSource

from podstead.document.layers import DOCUMENT
from podstead.report.commands import Commands

_EVERY: Final = frozenset(
    {"sources", "limit", "extra_vars", "roles_path", "vault_password_file", "vault_id", "ask_vault_pass", "user", "private_key",
     "ssh_common_args", "ask_pass", "become", "become_method", "ask_become_pass", "names"}
)  # fmt: skip
"""Parameters of every verb that say which hosts, for whom, and how they are reached."""
_CONVERGING: Final = frozenset({"tags", "skip_tags", "start_at", "allow"})
"""Those that say what apply and check deal with."""
_ROLLOUT: Final = frozenset(
    {"serial", "order", "canary", "max_fail", "max_fail_percentage", "any_errors_fatal", "prove"}
)
SHARED: Final = {"apply": _EVERY | _CONVERGING | _ROLLOUT, "check": _EVERY | _CONVERGING, "verify": _EVERY}
_SECRET: Final = re.compile(r"pass|secret|token|key", re.IGNORECASE)


def commands(pattern: str) -> Commands:
    """Return the commands that mean the hosts and users of the present call.

    Of ``-e`` only a host document without a secret is repeated: any other variable may be one.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return Commands()
    chosen = [pattern] if pattern != "all" else []
    words = {
        verb: " ".join(map(shlex.quote, [*chosen, *_options(context, names)]))
        for verb, names in SHARED.items()
    }
    left_out = any(not _may_be_repeated(text) for text in context.params.get("extra_vars") or ())
    return Commands(words, missing="-e" if left_out else "")


def _options(context: click.Context, names: frozenset[str]) -> Iterator[str]:
    for param in context.command.params:
        if param.name in names and context.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
            yield from _words(param, context.params[param.name])


def _may_be_repeated(text: str) -> bool:
    return text.startswith(("@", f"{DOCUMENT}=")) and not _SECRET.search(text)


def _words(param: click.Parameter, value: Any) -> Iterator[str]:  # noqa: ANN401 - click's
    long_name = param.opts[-1] if param.name == "user" else param.opts[0]
    if isinstance(value, bool):
        yield (param.opts if value else param.secondary_opts)[0]
    elif isinstance(value, tuple | list):
        for part in value:
            if param.name != "extra_vars" or _may_be_repeated(str(part)):
                yield from (long_name, str(part))
    else:
        yield from (long_name, str(value))
