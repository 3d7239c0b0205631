"""What is wrong with this machine for podstead: pure judgements over what :mod:`podstead.control.machine` found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from packaging.specifiers import SpecifierSet

from podstead.control.machine import Control, KeyFile, SshFile
from podstead.plural import counted

_DAY: Final = 86400
_SLOW: Final = 10.0
"""Seconds after which a worker that starts is worth a word."""


class Health(StrEnum):
    """``FAIL``: podstead cannot work from here. ``WARN``: some of it will not, or not everywhere."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One thing that was looked at: how it is, why that matters, and what to do."""

    health: Health
    what: str
    why: str
    do: str = ""


def diagnose(control: Control) -> tuple[Diagnosis, ...]:
    """Judge everything, in the order in which a run needs it."""
    return (
        *_python(control),
        *_worker(control),
        *_temporary(control),
        *_settings(control),
        *_ssh(control),
        *_agent(control),
        *_keys(control),
        *_file(
            "known_hosts",
            control.known_hosts,
            "hosts are refused until their keys are known: connect to each once with ssh",
        ),
        *_file("ssh config", control.ssh_config, ""),
        *_surroundings(control),
    )


def _ok(what: str, why: str) -> Diagnosis:
    return Diagnosis(health=Health.OK, what=what, why=why)


def _warn(what: str, why: str, do: str) -> Diagnosis:
    return Diagnosis(health=Health.WARN, what=what, why=why, do=do)


def _fail(what: str, why: str, do: str) -> Diagnosis:
    return Diagnosis(health=Health.FAIL, what=what, why=why, do=do)


def _python(control: Control) -> Iterator[Diagnosis]:
    if control.python in SpecifierSet(control.needs_python, prereleases=True):
        yield _ok("python", f"{control.python} ({control.needs_python or 'any'})")
    else:
        yield _fail(
            "python",
            f"{control.python} is not {control.needs_python}",
            "install podstead with a Python of these versions",
        )
    bad = False
    for library in control.libraries:
        if library.version is None:
            bad = True
            yield _fail(
                library.name,
                f"is not installed ({library.needs})",
                f"pip install '{library.name}{library.needs}'",
            )
        elif library.version not in SpecifierSet(library.needs, prereleases=True):
            bad = True
            yield _fail(
                library.name,
                f"{library.version} is not {library.needs}",
                f"pip install '{library.name}{library.needs}'",
            )
    if not bad:
        known = ", ".join(f"{library.name} {library.version}" for library in control.libraries)
        yield _ok("libraries", known or "podstead runs from a source tree, which declares no versions")


def _worker(control: Control) -> Iterator[Diagnosis]:
    if control.worker_problem:
        yield _fail(
            "worker",
            f"the worker process does not start: {control.worker_problem}",
            "run 'python -m podstead.remote.worker </dev/null' and read what it prints",
        )
    elif control.worker_seconds > _SLOW:
        yield _warn(
            "worker",
            f"takes {control.worker_seconds:.1f} s to start",
            "is the disk slow, or the machine busy?",
        )
    else:
        yield _ok("worker", f"starts in {control.worker_seconds:.1f} s")


def _temporary(control: Control) -> Iterator[Diagnosis]:
    if control.temporary_problem:
        yield _fail(
            "temporary folder",
            f"{control.temporary} cannot be written: {control.temporary_problem}",
            "free some space, or name another folder in TMPDIR",
        )
    else:
        yield _ok("temporary folder", f"{control.temporary} can be written")


def _settings(control: Control) -> Iterator[Diagnosis]:
    for problem in control.settings_problems:
        yield _fail("settings", problem, "correct it; podstead config shows every setting")
    for warning in control.settings_warnings:
        yield _warn("settings", warning, "see docs/command-line.md")
    if not control.settings_problems:
        yield _ok(
            "settings", ", ".join(control.settings_files) or "no file here; defaults and variables apply"
        )


def _ssh(control: Control) -> Iterator[Diagnosis]:
    if control.ssh:
        yield _ok("ssh client", f"OpenSSH {control.ssh}")
    else:
        yield _warn(
            "ssh client",
            "not installed; podstead connects without it, but ProxyCommand and learning host keys need it",
            "install openssh-client",
        )


def _agent(control: Control) -> Iterator[Diagnosis]:
    agent, locked = control.agent, [key for key in control.keys if key.encrypted]
    if agent.problem:
        yield _warn(
            "ssh agent",
            f"{agent.socket} does not answer: {agent.problem}",
            'start one: eval "$(ssh-agent)"; or unset SSH_AUTH_SOCK',
        )
    elif not agent.socket:
        yield _ok("ssh agent", "not running; keys are read from files")
    elif not agent.keys and locked:
        yield _warn("ssh agent", "is running but holds no key", f"ssh-add {locked[0].path}")
    else:
        yield _ok("ssh agent", f"is running and holds {counted(agent.keys, 'key')}")


def _keys(control: Control) -> Iterator[Diagnosis]:
    if not control.keys and not control.agent.keys:
        yield _warn(
            "keys",
            "there is no key in ~/.ssh or in an agent; logins need -k or --private-key",
            "create one: ssh-keygen -t ed25519",
        )
    yield from (_key(key, control) for key in control.keys)


def _key(key: KeyFile, control: Control) -> Diagnosis:
    if key.mode & 0o077:
        return _warn(
            f"key {key.path}",
            f"other users may read it (mode {key.mode:04o}); OpenSSH refuses it",
            f"chmod 600 {key.path}",
        )
    if key.problem:
        return _warn(f"key {key.path}", key.problem, "check it with 'ssh-keygen -l -f', or name another key")
    if key.encrypted and not control.agent.keys:
        return _warn(
            f"key {key.path}",
            "is encrypted, and no agent holds a key: podstead does not ask for a passphrase",
            f'eval "$(ssh-agent)"; ssh-add {key.path}',
        )
    return _ok(f"key {key.path}", "is encrypted; the agent has keys" if key.encrypted else "can be used")


def _file(what: str, file: SshFile, without: str) -> Iterator[Diagnosis]:
    if file.problem:
        yield _fail(
            what,
            f"{file.path}: {file.problem}",
            "correct or remove the line: every connection reads the file",
        )
    elif not file.exists:
        yield _ok(what, f"{file.path} does not exist" + (f"; {without}" if without else ""))
    else:
        yield _ok(what, f"{file.path} has {counted(file.entries, 'entry', 'entries')}")


def _surroundings(control: Control) -> Iterator[Diagnosis]:
    encoding = control.encoding.lower().replace("-", "").replace("_", "")
    if encoding == "utf8":
        yield _ok("locale", control.encoding)
    else:
        yield _warn(
            "locale",
            f"{control.encoding} is not UTF-8; names may be displayed incorrectly",
            "export LC_ALL=C.UTF-8",
        )
    if control.terminal is None:
        yield _ok("terminal", "standard output is not a terminal: plain lines, no colour")
    elif control.terminal in ("", "dumb"):
        yield _warn(
            "terminal",
            f"TERM={control.terminal or '(not set)'}: no live progress, no colour",
            "export TERM=xterm-256color where the terminal can do it",
        )
    else:
        yield _ok("terminal", control.terminal)
    today, installed = _date(control.now), _date(control.installed)
    if control.now < control.installed - _DAY:
        yield _warn(
            "clock",
            f"{today} is earlier than the day on which podstead was installed ({installed}); reports will have wrong times",
            "set the clock: timedatectl set-ntp true",
        )
    else:
        yield _ok(
            "clock", f"{today} is not earlier than the day on which podstead was installed ({installed})"
        )


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
