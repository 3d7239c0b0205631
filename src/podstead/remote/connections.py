"""One run over many hosts: connect, look, plan, change, look again, close. Runs in the patched worker process only.

Each host has a greenlet of its own, so one slow or broken host holds up nobody; at most ``forks`` are connected.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gevent
from gevent.pool import Pool
from pyinfra.api.command import StringCommand
from pyinfra.api.config import Config
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State
from pyinfra.context import ctx_config, ctx_host, ctx_state

from podstead.errors import LookError, PodsteadError
from podstead.host.frames import MAX_BYTES
from podstead.inventory.connection_files import config_problem, key_problem
from podstead.printable import one_line
from podstead.remote import become, bounded, transport, unreachable
from podstead.remote.bounded import MAX_LINES, TooMuch
from podstead.visit.converge import converge
from podstead.visit.job import Job, Progress, Result, Target
from podstead.visit.look import Visit
from podstead.visit.prove import verify
from podstead.visit.record import HostReport, Status, Trouble

_log = logging.getLogger("podstead")
Emit = Callable[[Progress | Result], None]
_CONNECT_TRIES = 4
_READABLE = 0.2
"""Seconds for which a line can be seen at least."""


class HostError(PodsteadError):
    """A host could be reached, but a command could not be run there as it should."""


class UnreachableError(PodsteadError):
    """No connection to a host."""


@dataclass(slots=True)
class RemoteHost:
    """A host with an open connection: the one place from which commands go out, and are counted."""

    target: Target
    host: Host
    seconds: int
    commands: int = 0
    connections: int = 0
    doing: str = ""
    heard: float = 0.0
    """When the host was last heard about the step that it is at (monotonic clock)."""

    def connect(self) -> None:
        """Open the connection; try again where a busy bastion or sshd dropped it (MaxStartups)."""
        problem = key_problem(self.target.connection)
        if problem:
            raise UnreachableError(problem, hint="correct ansible_ssh_private_key_file or --private-key")
        problem = config_problem(self.target.connection)
        if problem:
            raise UnreachableError(problem, hint="correct -F in ansible_ssh_common_args or --ssh-common-args")
        for attempt in range(1, _CONNECT_TRIES + 1):
            _log.info("%s: connecting, attempt %d: %s", self.target.name, attempt, _way(self.target))
            try:
                self.host.connect(show_errors=False, raise_exceptions=True)
            except (PyinfraError, EOFError, OSError) as error:
                if attempt == _CONNECT_TRIES or not unreachable.worth_another_try(error):
                    message, hint = unreachable.explain(self.target, error)
                    raise UnreachableError(message, hint=hint) from error
                gevent.sleep(0.2 * 2**attempt * (0.5 + secrets.randbelow(1000) / 1000))
            else:
                self.connections += 1
                return

    def run(self, text: str) -> list[str]:
        """Run a script as root (or whoever the connection is). Returns its standard output by line."""
        # here somebody listens to what a long step tells of itself (apply.sh)
        command, stdin = become.wrap(self.target, f"PS_TELL=yes\n{text}", self.seconds)
        self.commands += 1
        _log.info("%s: command %d, a script of %d bytes", self.target.name, self.commands, len(text))
        try:
            # the outer limit holds for sending, too: a host may never read
            with gevent.Timeout(self.seconds + 30, TimeoutError()):
                _, output = self.host.run_shell_command(
                    StringCommand(command), _stdin=[stdin], _timeout=self.seconds + 15, _shell_executable="sh"
                )
        except TimeoutError as error:
            raise HostError(
                f"no answer within {self.seconds} s; the command was ended on the host",
                hint="increase --command-timeout",
            ) from error
        except Exception as error:  # paramiko, gevent and socket raise many kinds when a connection breaks
            raise HostError(
                f"the connection broke: {error}",
                hint="check the network and run again: podstead continues from the current state",
            ) from error
        if any(isinstance(entry.line, TooMuch) for entry in output):
            raise HostError(
                f"the host printed more than {MAX_BYTES // 2**20} MiB or {MAX_LINES} lines, and the connection was closed",
                hint="log in and check what is printed before a command runs: a ForceCommand of sshd, or a shell profile",
            )
        lines: list[str] = output.stdout_lines
        code = become.exit_code(lines)
        _log.info("%s: command %d ended with exit code %s", self.target.name, self.commands, code)
        refused = become.explain_failure(self.target, output.stderr_lines, code)
        if refused and code != 0:
            raise HostError(refused[0], hint=refused[1])
        if code in (124, 137):
            raise HostError(
                f"the command took longer than {self.seconds} s and was ended on the host",
                hint="increase --command-timeout",
            )
        if code not in (0, None):
            stderr = " ".join(line.strip() for line in output.stderr_lines if line.strip())[-300:]
            busy = stderr.partition("podstead: another podstead")[2]
            if busy:
                raise HostError(
                    f"another podstead{busy}", hint="wait until it has ended, then run podstead again"
                )
            raise HostError(f"the command on the host ended with exit code {code}: {stderr}")
        return lines

    def close(self) -> None:
        """Close the connection for real."""
        connector = self.host.connector
        transport.close(getattr(connector, "client", None))


def nonce() -> str:
    """A fresh marker for one command's output."""
    return secrets.token_hex(16)


def _way(target: Target) -> str:
    """How a host is reached, for the trace."""
    address = (
        f"{target.connection.address}:{target.connection.port or 22}"
        if target.connection.kind == "ssh"
        else target.connection.address
    )
    user = f" as {target.connection.user}" if target.connection.user else ""
    become_root = f", then {target.connection.become_method}" if target.connection.become else ""
    return f"{target.connection.kind} {address}{user}{become_root}"


@dataclass(slots=True)
class JobRunner:
    """One job being done."""

    job: Job
    emit: Emit
    stopping: bool = False
    failed: int = 0
    """Hosts that have failed or could not be reached."""

    def all(self, folder: Path) -> None:
        """Do the job on every host and emit a result for each, whatever happens on it; ``folder`` is for this run."""
        data = {
            transport.host_name(target): transport.host_data(target, folder) for target in self.job.targets
        }
        inventory = Inventory((list(data.items()), {}))
        state = State(inventory, Config(CONNECT_TIMEOUT=self.job.connect_timeout), check_for_changes=False)
        pool = Pool(self.job.forks)
        names_by_host: dict[str, str] = {}
        with ctx_state.use(state):
            for target in self.job.targets:
                pool.wait_available()
                name = transport.host_name(target)
                if self.stopping:
                    self._skip(target, Status.SKIPPED, "not started: the run was interrupted")
                elif self.job.fail_limit is not None and self.failed > self.job.fail_limit:
                    self._skip(target, Status.SKIPPED, "not started: too many hosts have failed")
                elif name in names_by_host:
                    # side by side they would undo each other's locks, and pyinfra knows one connection for each
                    self._skip(
                        target,
                        Status.FAILED,
                        f"this is the same machine as {names_by_host[name]}",
                        "remove one of them",
                    )
                else:
                    names_by_host[name] = target.name
                    pool.spawn(self._run_target, state, target, inventory.get_host(name))
            pool.join()

    def _skip(self, target: Target, status: Status, message: str, hint: str = "") -> None:
        self.emit(Result(report=_trouble(target, status, message, hint)))

    def _run_target(self, state: State, target: Target, host: Host) -> None:
        """One host from beginning to end. Nothing may escape: a dying greenlet would take its host's result along."""
        began = time.monotonic()
        remote = RemoteHost(target, host, self.job.command_timeout)
        bounded.hear(lambda detail: self._tell(remote, detail))
        try:
            with ctx_config.use(state.config.copy()), ctx_host.use(host):
                report = self._guarded(remote)
        except Exception as error:  # noqa: BLE001 - a bug of ours must cost one host, not the run; its text is kept
            report = _trouble(
                target,
                Status.FAILED,
                f"internal error: {type(error).__name__}: {error}",
                "please report this",
            )
        finally:
            with contextlib.suppress(Exception):  # the result stands, whatever closing says
                remote.close()
        counts: dict[str, Any] = {
            "connections": remote.connections,
            "commands": remote.commands,
            "seconds": round(time.monotonic() - began, 3),
        }
        self.failed += report.status in (Status.FAILED, Status.UNREACHABLE)
        self.emit(Result(report=report.model_copy(update=counts)))

    def _guarded(self, remote: RemoteHost) -> HostReport:
        refused = become.problem(remote.target)
        if refused:
            return _trouble(remote.target, Status.FAILED, *refused)
        try:
            self._say(remote, "connecting")
            remote.connect()
            return self._work(remote)
        except UnreachableError as error:
            return _trouble(remote.target, Status.UNREACHABLE, error.message, error.hint)
        except (HostError, LookError) as error:
            return _trouble(remote.target, Status.FAILED, error.message, error.hint)

    def _work(self, remote: RemoteHost) -> HostReport:
        target = remote.target
        visit = Visit(
            name=target.name,
            spec=target.spec,
            run=remote.run,
            new_nonce=nonce,
            report_progress=lambda doing: self._say(remote, doing),
        )
        return (verify if self.job.verb == "verify" else converge)(self.job, visit)

    def _say(self, remote: RemoteHost, doing: str) -> None:
        remote.doing = doing
        self.emit(Progress(host=remote.target.name, doing=doing))

    def _tell(self, remote: RemoteHost, detail: str) -> None:
        """What the host says of the present step. As often as a person can read it, whatever the host prints."""
        now = time.monotonic()
        if now - remote.heard >= _READABLE:
            remote.heard = now
            self.emit(Progress(host=remote.target.name, doing=remote.doing, detail=one_line(detail)[:100]))


def _trouble(target: Target, status: Status, message: str, hint: str) -> HostReport:
    return HostReport(name=target.name, status=status, trouble=Trouble(message=message, hint=hint))
