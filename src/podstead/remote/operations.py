"""podstead as one fact and two operations, for plain pyinfra. The same path as the command line, at the same cost."""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyinfra import logger
from pyinfra.api.command import FunctionCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.api.state import State
from pyinfra.context import ctx_host

from podstead.document.spec import HostSpec
from podstead.errors import LookError
from podstead.host.state import HostState
from podstead.printable import printable
from podstead.visit.converge import converge as converge_host
from podstead.visit.job import Job
from podstead.visit.look import Visit, look
from podstead.visit.obstacles import intended
from podstead.visit.prove import verify as verify_host
from podstead.visit.record import ChangeStatus, HostReport, Status


@dataclass(frozen=True, slots=True)
class Script:
    """A script with a short name: pyinfra prints the arguments of facts."""

    text: str = field(repr=False)


class ScriptOutput(FactBase[list[str]]):
    """What a script prints. The script says itself whether its output is complete."""

    def command(self, script: Script) -> str:
        return script.text

    def process(self, output: list[str]) -> list[str]:
        return list(output)

    @staticmethod
    def default() -> list[str]:
        return []


def _run(text: str) -> list[str]:
    host: Host = ctx_host.get()
    return host.get_fact(ScriptOutput, Script(text))


def _nonce() -> str:
    return secrets.token_hex(16)


#: Host -> how many operations had run there, and what was seen then. Prepare and execute share one look, but
#: anything that ran on the host in between makes it a new one.
_looks: weakref.WeakKeyDictionary[Host, tuple[int, str, HostState]] = weakref.WeakKeyDictionary()


def _look(spec: HostSpec) -> HostState:
    host = ctx_host.get()
    state: State = host.state
    executed = sum(1 for data in state.ops[host].values() if data.operation_meta.executed)
    key = spec.model_dump_json()
    known = _looks.get(host)
    if known and known[:2] == (executed, key):
        return known[2]
    try:
        host_state = look(spec, _run, _nonce)
    except LookError as error:
        raise OperationError(f"{error.message}") from error
    _looks[host] = (executed, key, host_state)
    return host_state


@operation()
def converge(spec: HostSpec, allow: tuple[str, ...] = (), report: str = "") -> Generator[Any, None, None]:
    """Bring the host to ``spec``. ``report`` names a folder in which the host's report is written as JSON."""
    state = _look(spec)
    wanted = intended(spec, state, allowed=allow)
    if not wanted.changes and not wanted.refusals:
        _write(report, _unchanged(spec, state, allow))
        ctx_host.get().noop("already ready for rootless Podman")
        return
    yield FunctionCommand(_converge, (spec, state, allow, report), {})


def _job(allow: tuple[str, ...] = ()) -> Job:
    return Job(verb="apply", targets=(), allow=allow)


def _unchanged(spec: HostSpec, state: HostState, allow: tuple[str, ...]) -> HostReport:
    return converge_host(_job(allow), _visit(ctx_host.get(), spec), state=state)


def _visit(host: Host, spec: HostSpec) -> Visit:
    return Visit(name=str(host.name), spec=spec, run=_run, new_nonce=_nonce, report_progress=_no_progress)


def _no_progress(_doing: str) -> None:
    """pyinfra shows progress of its own."""


def _converge(
    state: State,  # noqa: ARG001 - pyinfra calls a function that takes state and host in its own greenlet
    host: Host,
    spec: HostSpec,
    host_state: HostState,
    allow: tuple[str, ...],
    report: str,
) -> bool:
    """Run at execute time. Returning False fails the host without a traceback."""
    try:
        result = converge_host(_job(allow), _visit(host, spec), state=host_state)
    except LookError as error:
        host.log(printable(error.message), logger.error)
        return False
    for change in result.changes:
        host.log(printable(f"{change.status.value}: {change.id}  {change.title}"))
        if change.status is ChangeStatus.FAILED:
            host.log(printable(f"{change.log}\n{change.hint}"), logger.error)
    for refusal in result.refusals:
        host.log(
            printable(f"refused: {refusal.id}  {refusal.title}: {refusal.reason}; {refusal.remedy}"),
            logger.error,
        )
    _write(report, result)
    return result.status in (Status.OK, Status.CHANGED)


@operation(is_idempotent=False)
def verify(spec: HostSpec, report: str = "") -> Generator[Any, None, None]:
    """Prove that rootless Podman works for every user of ``spec``; the operation fails when it does not."""
    yield FunctionCommand(_verify, (spec, report), {})


def _verify(state: State, host: Host, spec: HostSpec, report: str) -> bool:  # noqa: ARG001
    try:
        result = verify_host(Job(verb="verify", targets=()), _visit(host, spec))
    except LookError as error:
        host.log(printable(error.message), logger.error)
        return False
    for finding in result.findings:
        host.log(
            printable(
                f"{finding.verdict.value}: {finding.user} {finding.check} {finding.title}: {finding.found or finding.cause}"
            )
        )
    if result.trouble:
        host.log(printable(f"{result.trouble.message}; {result.trouble.hint}"), logger.error)
    _write(report, result)
    return result.status is Status.OK


def _write(folder: str, result: HostReport) -> None:
    if folder:
        name = "".join(char if char.isalnum() or char in "._-@" else "_" for char in result.name)
        Path(folder, f"{name}.json").write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")
