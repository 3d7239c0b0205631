"""Takes secrets out of what is reported: a value of Ansible Vault can be a part of a file whose diff is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from podstead.document.values import HIDDEN
from podstead.visit.job import Progress, Result
from podstead.visit.record import HostReport

Redact = Callable[[str], str]


def redactor(secrets: Iterable[str]) -> Redact | None:
    """Return what hides every secret in a text, in the forms in which files write it; None where there is none.

    A secret of several lines is hidden line by line, too: a diff puts a sign before each. Single characters are no secrets.
    """
    forms: set[str] = set()
    for secret in secrets:
        for piece in (secret, secret.strip(), *secret.splitlines()):
            forms |= {piece, json.dumps(piece)[1:-1], json.dumps(piece, ensure_ascii=False)[1:-1]}
    words = sorted((form for form in forms if len(form) > 1), key=len, reverse=True)
    if not words:
        return None
    expression = re.compile("|".join(map(re.escape, words)))
    return lambda text: expression.sub(HIDDEN, text)


def redacted(message: Progress | Result, redact: Redact) -> Progress | Result:
    """Return the message of a worker without secrets. Names of hosts and ids stay: they come from elsewhere."""
    if isinstance(message, Progress):
        return message.model_copy(update={"doing": redact(message.doing), "detail": redact(message.detail)})
    report = message.report
    clean = HostReport.model_validate(_clean(report.model_dump(), redact))
    return message.model_copy(update={"report": clean.model_copy(update={"name": report.name})})


_NOT_REDACTED = frozenset({"name", "id", "status", "verdict", "severity", "check", "ref", "mode", "user"})


def _clean(value: Any, redact: Redact) -> Any:  # noqa: ANN401 - any piece of a report
    if isinstance(value, dict):
        return {key: child if key in _NOT_REDACTED else _clean(child, redact) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(child, redact) for child in value]
    return redact(value) if type(value) is str else value
