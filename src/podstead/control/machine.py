"""The machine that podstead runs on, as it is found: versions, SSH, settings, worker. ``podstead doctor`` judges it."""

from __future__ import annotations

import contextlib
import locale
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO

from podstead.errors import InputError
from podstead.version import VERSION

_IN_A_BUG_REPORT = ("pyinfra", "paramiko", "gevent", "pydantic")
_SECONDS = 20
_EMPTY_JOB = '{"verb": "check", "targets": []}\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A library that podstead needs: which versions, and which one is here."""

    name: str
    needs: str
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A private key of the person."""

    path: str
    mode: int
    encrypted: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshFile:
    """A file of OpenSSH's as paramiko reads it: how many entries, or why it cannot be read."""

    path: str
    exists: bool
    entries: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The SSH agent: its socket and how many keys it holds, or why nobody answers."""

    socket: str = ""
    keys: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Everything that a judgement about this machine needs."""

    python: str
    needs_python: str
    libraries: tuple[Library, ...]
    ssh: str | None
    agent: Agent
    keys: tuple[KeyFile, ...]
    known_hosts: SshFile
    ssh_config: SshFile
    settings_files: tuple[str, ...]
    settings_problems: tuple[str, ...]
    settings_warnings: tuple[str, ...]
    temporary: str
    temporary_problem: str
    worker_seconds: float
    worker_problem: str
    encoding: str
    terminal: str | None
    """What ``$TERM`` says where standard output is a terminal."""
    now: float
    installed: float
    """When podstead's own files were written: no clock may be before that."""


def versions() -> dict[str, str]:
    """The versions that matter in a bug report, podstead's first."""
    found = {"podstead": VERSION}
    for name in _IN_A_BUG_REPORT:
        found[name] = _version(name) or "not installed"
    found["Python"] = platform.python_version()
    found["OS"] = f"{_system()}, {platform.system()} {platform.release()} {platform.machine()}"
    found["OpenSSH"] = openssh() or "not found"
    return found


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    except OSError:
        return "unknown"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def openssh() -> str | None:
    """The version of the OpenSSH client, where there is one."""
    if not shutil.which("ssh"):
        return None
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(["ssh", "-V"], capture_output=True, text=True, timeout=_SECONDS, check=False)
        return (done.stderr or done.stdout).split(",")[0].strip().removeprefix("OpenSSH_") or None
    return None


def gather(environ: Mapping[str, str], home: Path) -> Control:
    """Look at everything. Never raises for what it finds: that is what the judgement is for."""
    files, problems, warnings = _settings(environ)
    temporary, temporary_problem = _temporary()
    seconds, worker_problem = _worker()
    return Control(
        python=platform.python_version(),
        needs_python=_needs_python(),
        libraries=tuple(_libraries()),
        ssh=openssh(),
        agent=agent(environ.get("SSH_AUTH_SOCK", "")),
        keys=tuple(key_files(home / ".ssh")),
        known_hosts=known_hosts(home / ".ssh/known_hosts"),
        ssh_config=ssh_config(home / ".ssh/config"),
        settings_files=files,
        settings_problems=problems,
        settings_warnings=warnings,
        temporary=temporary,
        temporary_problem=temporary_problem,
        worker_seconds=seconds,
        worker_problem=worker_problem,
        encoding=locale.getpreferredencoding(do_setlocale=False),
        terminal=environ.get("TERM", "") if sys.stdout.isatty() else None,
        now=time.time(),
        installed=Path(__file__).stat().st_mtime,
    )


def _needs_python() -> str:
    try:
        return str(metadata.metadata("podstead")["Requires-Python"] or "")
    except metadata.PackageNotFoundError:
        return ""


def _libraries() -> Iterator[Library]:
    from packaging.requirements import Requirement  # noqa: PLC0415 - not for --version

    try:
        wanted = metadata.requires("podstead") or []
    except metadata.PackageNotFoundError:
        wanted = []
    for requirement in map(Requirement, wanted):
        if requirement.marker is None:  # the others are extras
            yield Library(
                name=requirement.name, needs=str(requirement.specifier), version=_version(requirement.name)
            )


def agent(path: str) -> Agent:
    """Ask the agent for its keys, as the worker will."""
    if not path:
        return Agent()
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(2)
        try:
            door.connect(path)
        except OSError as error:
            return Agent(socket=path, problem=error.strerror or str(error))
    import paramiko  # noqa: PLC0415 - not for --version

    try:
        client = paramiko.Agent()
        try:
            return Agent(socket=path, keys=len(client.get_keys()))
        finally:
            client.close()
    except (paramiko.SSHException, OSError) as error:
        return Agent(socket=path, problem=str(error))


def key_files(folder: Path) -> Iterator[KeyFile]:
    """The keys that SSH tries by itself."""
    import paramiko  # noqa: PLC0415

    kinds = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
    for path in sorted(folder.glob("id_*")):
        if path.suffix == ".pub" or not path.is_file():
            continue
        mode, problem = path.stat().st_mode & 0o777, "is not of a type that paramiko can read"
        for kind in kinds:
            try:
                kind.from_private_key_file(str(path))
            except paramiko.PasswordRequiredException:
                yield KeyFile(path=str(path), mode=mode, encrypted=True)
            except (paramiko.SSHException, ValueError):
                continue
            except OSError as error:
                problem = f"cannot be read: {error.strerror}"
                continue
            else:
                yield KeyFile(path=str(path), mode=mode)
            break
        else:
            yield KeyFile(path=str(path), mode=mode, problem=problem)


def known_hosts(path: Path) -> SshFile:
    """Read known_hosts as the worker will; hashed entries are entries."""
    import paramiko  # noqa: PLC0415

    if not path.exists():
        return SshFile(path=str(path), exists=False)
    keys = paramiko.HostKeys()
    try:
        keys.load(str(path))
    except OSError as error:
        return SshFile(path=str(path), exists=True, problem=f"cannot be read: {error.strerror}")
    except Exception as error:  # noqa: BLE001 - paramiko's error for a bad line derives from Exception alone
        return SshFile(path=str(path), exists=True, problem=f"a line is damaged: {error}")
    return SshFile(path=str(path), exists=True, entries=len(keys.keys()))


def ssh_config(path: Path) -> SshFile:
    """Read the person's ssh_config as the worker will."""
    import paramiko  # noqa: PLC0415

    if not path.exists():
        return SshFile(path=str(path), exists=False)
    try:
        config = paramiko.SSHConfig.from_path(str(path))
        config.lookup("host.example.org")
    except OSError as error:
        return SshFile(path=str(path), exists=True, problem=f"cannot be read: {error.strerror}")
    except (paramiko.SSHException, ValueError, ImportError) as error:
        return SshFile(path=str(path), exists=True, problem=f"paramiko cannot use it: {error}")
    return SshFile(path=str(path), exists=True, entries=len(config.get_hostnames()))


def _settings(environ: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    from podstead.control.settings import load, strays  # noqa: PLC0415

    unknown = tuple(strays(environ))
    try:
        settings = load(Path(), environ)
    except InputError as error:
        return (), tuple(str(problem) for problem in error.problems), unknown
    return settings.files, (), (*settings.warnings, *unknown)


def _temporary() -> tuple[str, str]:
    try:
        with tempfile.NamedTemporaryFile(prefix="podstead-") as file:
            file.write(b"x" * 4096)
            file.flush()
            return tempfile.gettempdir(), ""
    except OSError as error:
        return os.environ.get("TMPDIR", "/tmp"), error.strerror or str(error)  # noqa: S108 - it is only named


def _worker() -> tuple[float, str]:
    """Start the real worker with nothing to do. Its standard input stays open: at its end a worker ends, too."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as stderr:
        try:
            code = _worker_code(stderr)
        except (OSError, subprocess.SubprocessError) as error:
            return 0.0, str(error)
        stderr.seek(0)
        output = stderr.read().decode("utf-8", "backslashreplace").splitlines()
    lines = [line for line in output if line.strip()]
    problem = f"exit code {code}: {lines[-1] if lines else 'no reason given'}"
    return time.monotonic() - began, problem if code else ""


def _worker_code(stderr: IO[bytes]) -> int:
    with subprocess.Popen(
        [sys.executable, "-m", "podstead.remote.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    ) as process:
        assert process.stdin is not None  # noqa: S101 - PIPE was asked for
        with contextlib.suppress(BrokenPipeError):  # a worker that died at once says why
            process.stdin.write(_EMPTY_JOB.encode())
            process.stdin.flush()
        try:
            return process.wait(timeout=_SECONDS * 3)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
