"""What plans are made of: a change, the steps it is made of, and what is refused instead."""

from __future__ import annotations

import difflib
import hashlib
import shlex
from dataclasses import dataclass
from enum import IntEnum

from podstead.host.own_file import OwnFile
from podstead.ids.ranges import IdRange


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


MISSING_FILE = "absent"


def checksum(data: bytes) -> str:
    """SHA-256 in hex: what a change of a file is planned from and guarded by."""
    return hashlib.sha256(data).hexdigest()


def expected_of(text: str | None) -> str:
    """What a change is guarded by of a file that held ``text``, which may have bytes that are no UTF-8; None: it is absent."""
    return MISSING_FILE if text is None else checksum(text.encode("utf-8", errors="surrogateescape"))


@dataclass(frozen=True, slots=True)
class RunCommand:
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
class ClearLock:
    """Remove shadow's lock on a file if the process that made it is gone, as shadow itself would before it locks."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantSubids:
    """Write both subordinate ID files while shadow's locks on both are held, if nothing has changed since the look.

    usermod(8) is not used: it looks at nothing while it holds the locks, so a range that was free at the look could be
    somebody else's by then (docs/decisions/0013). Besides the checksums of both files, no account may have got an ID in
    ``subuids``, no group one in ``subgids``; where ranges are taken away, the user must have no process.
    """

    user: str
    edits: tuple[EditShared, EditShared]
    subuids: tuple[IdRange, ...] = ()
    subgids: tuple[IdRange, ...] = ()
    idle: bool = False


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
    RunCommand
    | RunAsUser
    | WriteFile
    | CreateShared
    | EditShared
    | ClearLock
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
    user: str = ""
    """Whose change it is; empty where it concerns the whole host."""

    @property
    def part(self) -> str:
        return self.id.split(":", 1)[0]


def needs(later: Change, earlier: Change) -> bool:
    """Whether ``later`` cannot be made where ``earlier`` could not.

    Changes of different users do not need each other, nor do different parts, but for three things: sessions and
    Podman's own commands need packages; sessions must not start before storage and engine are settled
    (docs/decisions/0006); and ranges are granted only in files that are as they were planned to be.
    """
    if earlier.user:
        return earlier.user == later.user
    match earlier.phase:
        case Phase.PACKAGES:
            return later.phase in (Phase.PACKAGES, Phase.SESSION, Phase.MIGRATE)
        case Phase.STORAGE | Phase.ENGINE:
            return later.phase in (Phase.SESSION, Phase.MIGRATE)
        case Phase.SUBIDS:
            return later.phase in (Phase.SUBIDS, Phase.MIGRATE)
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A difference that podstead will not change: why, and what a person can do.

    ``allow`` is True where the person may ask for it by name (``--allow ID``).
    """

    id: str
    title: str
    reason: str
    remedy: str
    allow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """Something that the document asks for and this kind of host does not have, with the reason."""

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


def allowing(change_id: str) -> str:
    """The command that asks for a refused change by name, as a shell takes it: a name may have a backslash in it."""
    return f"podstead apply --allow {shlex.quote(change_id)}"


def rewritten(
    file: OwnFile, text: str, *, name: str, phase: Phase, title: str, then: tuple[Step, ...] = ()
) -> Outcome:
    """The change ``name`` that makes the file hold ``text``, with the steps ``then``; nothing where it does already."""
    if file.data == text.encode("utf-8", "surrogateescape"):
        return Outcome()
    expected = MISSING_FILE if file.data is None else checksum(file.data)
    return Outcome(
        changes=(
            Change(
                id=name,
                phase=phase,
                title=title,
                steps=(WriteFile(path=file.path, content=text, expected=expected), *then),
                diff=unified_diff(file.path, file.text, text),
            ),
        )
    )
