"""The words that parts and plan speak: a change, the steps it is made of, and what is refused instead."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from enum import IntEnum

from podstead.ranges import IdRange


class Phase(IntEnum):
    """The only ordering there is. Each phase needs what the ones before it leave behind."""

    PACKAGES = 10
    ACCOUNTS = 20
    SUBIDS = 30
    SYSCTLS = 40
    STORAGE = 50
    ENGINE = 60
    SESSION = 70
    MIGRATE = 80


ABSENT = "absent"


def checksum(data: bytes) -> str:
    """SHA-256 in hex: what a change of a file is planned from and guarded by."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Run:
    """Run a command as root, standard input closed."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunAsUser:
    """Run a command in the session of a user (systemd's, or the next best where there is none)."""

    user: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFile:
    """Write a file that podstead owns: to a temporary name, then renamed. Refused when it is not ``expected``."""

    path: str
    content: str
    expected: str
    mode: str = "0644"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateShared:
    """Create an empty root-owned 0644 file that others own (``/etc/subuid``), unless it has appeared meanwhile."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditShared:
    """Rewrite a subordinate ID file under shadow's own lock, for what usermod(8) cannot do."""

    path: str
    content: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantSubids:
    """``usermod --add-subuids/--add-subgids``, retried while another tool holds the lock."""

    user: str
    subuids: tuple[IdRange, ...] = ()
    subgids: tuple[IdRange, ...] = ()
    revoke_subuids: tuple[IdRange, ...] = ()
    revoke_subgids: tuple[IdRange, ...] = ()
    expected_subuid: str
    expected_subgid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPackages:
    """Install packages with the platform's own package manager."""

    manager: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSysctl:
    """Write a live kernel value through ``/proc/sys`` (procps may be absent on a small host)."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitSocket:
    """Wait until a socket exists, at most ``seconds``."""

    path: str
    seconds: int = 30


Step = (
    Run
    | RunAsUser
    | WriteFile
    | CreateShared
    | EditShared
    | GrantSubids
    | InstallPackages
    | SetSysctl
    | WaitSocket
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of a plan. ``id`` is ``part:name:field`` and the same in plan, report and command line."""

    id: str
    phase: Phase
    title: str
    steps: tuple[Step, ...]
    diff: str = ""

    @property
    def part(self) -> str:
        return self.id.split(":", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A difference that podstead will not mend: why, and what a person can do.

    ``allow`` is True where the person may ask for it by name (``--allow ID``).
    """

    id: str
    title: str
    reason: str
    remedy: str
    allow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """Something the spec asks for that this kind of host does not have, with the reason."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one part has to say about one host."""

    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            changes=self.changes + other.changes,
            refusals=self.refusals + other.refusals,
            not_applicable=self.not_applicable + other.not_applicable,
        )


def unified_diff(path: str, before: str | None, after: str) -> str:
    """A unified diff of a file as ``diff -u`` prints it; a missing file is ``/dev/null``.

    Bytes that are no UTF-8 become escapes: a diff is for people and for JSON documents.
    """
    lines = difflib.unified_diff(
        (before or "").splitlines(keepends=True),
        after.splitlines(keepends=True),
        fromfile="/dev/null" if before is None else path,
        tofile=path,
    )
    text = "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
