"""Assembling remote scripts from the shell files in ``remote/`` and values. Text in, text out; every value quoted."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import assert_never

from podstead.document.spec import HostSpec
from podstead.host import engine
from podstead.host.families import MANAGERS, PACKAGE_NAMES
from podstead.host.sysctls import path_of
from podstead.ids.ranges import IdRange
from podstead.provision.change import (
    Change,
    ClearLock,
    CreateShared,
    EditShared,
    GrantSubids,
    InstallPackages,
    RunAsUser,
    RunCommand,
    SetSysctl,
    Step,
    WaitSocket,
    WriteFile,
    needs,
)
from podstead.provision.parts import owned_files
from podstead.version import VERSION
from podstead.visit import protocol
from podstead.visit.quoting import assign, command, names

#: Settings that explain failures, whether a spec mentions them or not.
_ALWAYS = (
    "user.max_user_namespaces",
    *(f"user.max_{kind}_namespaces" for kind in ("mnt", "net", "pid", "ipc", "uts", "cgroup")),
    "kernel.unprivileged_userns_clone",
    "kernel.apparmor_restrict_unprivileged_userns",
    "kernel.apparmor_restrict_unprivileged_unconfined",
    "kernel.keys.maxkeys",
    "fs.inotify.max_user_instances",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
)


@cache
def source(name: str) -> str:
    """A shell file of the package without its comment lines: fewer bytes for every host.

    Indentation stays: the probe carries a few lines of Python.
    """
    text = (files("podstead.visit") / "scripts" / name).read_text(encoding="ascii")
    return "".join(
        f"{line}\n" for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    )


def of_managers(*verbs: str) -> str:
    """The functions ``ps_VERB_MANAGER`` of every package manager: what only looks is sent nothing that installs."""
    text = "".join(source(f"packages/{manager}.sh") for manager in MANAGERS)
    functions = re.split("^(?=ps_)", text, flags=re.MULTILINE)
    return "".join(
        function for function in functions if function.startswith(tuple(f"ps_{verb}_" for verb in verbs))
    )


def observe_header(spec: HostSpec, nonce: str) -> str:
    """The variables that the observe script reads."""
    if not re.fullmatch("[0-9a-f]{16,64}", nonce):
        raise ValueError("a nonce is 16 to 64 hex digits")
    wanted = {*PACKAGE_NAMES, *spec.packages}
    return "\n".join(
        (
            assign("PS_NONCE", nonce),
            assign("PS_USERS", names(sorted(spec.users))),
            assign("PS_SYSCTLS", names(path_of(key) for key in sorted({*spec.sysctls, *_ALWAYS}))),
            assign("PS_MANAGERS", names(MANAGERS)),
            assign("PS_PACKAGES", names(sorted(wanted))),
            # podstead's own, and those whose settings hold where podstead makes none
            assign("PS_FILES", names((*owned_files(), *engine.MAIN))),
            assign("PS_LOOK", _look_at_user()),
            "",
        )
    )


_OBSERVE = ("frame.sh", "fact.sh", "facts.sh", "session.sh", "observe.sh")
"""What a look is made of, beside what asks the package managers."""


def _look_at_user() -> str:
    """The script that looks at one user as that user, after name, UID and home as its arguments."""
    return "".join(map(source, ("frame.sh", "fact.sh", "storage.sh", "observe_user.sh")))


def observe(spec: HostSpec, nonce: str) -> str:
    """The script of one look at a host. It always exits 0; what it could not see is missing from its output."""
    return observe_header(spec, nonce) + _looking() + "ps_framed observe ps_observe\n"


def _looking() -> str:
    return of_managers("has", "query") + "".join(map(source, _OBSERVE))


def apply(spec: HostSpec, changes: Sequence[Change], nonce: str) -> str:
    """The script that makes ``changes`` in order, leaves out what needs a failed one, and then looks again."""
    bodies = "".join(
        f"ps_c{index}() {{\n" + "".join(f"{_step(step)}\n" for step in change.steps) + "}\n"
        for index, change in enumerate(changes)
    )
    calls = "\n".join(
        command(
            "ps_change", change.id, f"ps_c{index}", *(f"ps_c{number}" for number in _needed(index, changes))
        )
        for index, change in enumerate(changes)
    )
    return (
        observe_header(spec, nonce)
        + _looking()
        + of_managers("install")
        + source("apply.sh")
        + bodies
        + f"ps_changes() {{\n{calls or ':'}\n}}\n"
        + "ps_serial || exit 75\numask 022\nps_framed apply ps_apply_and_look\n"
    )


def _needed(index: int, changes: Sequence[Change]) -> list[int]:
    """The numbers of the changes before this one without which it is not made."""
    return [earlier for earlier in range(index) if needs(changes[index], changes[earlier])]


#: The user's script: what it calls comes first.
_PROBE_USER = (
    "storage.sh",
    "probe_helpers.sh",
    "probe_sockets.sh",
    "probe_space.sh",
    "probe_start.sh",
    "probe_engine.sh",
    "probe_user.sh",
)


def prove(spec: HostSpec, users: Iterable[str], nonce: str, *, seconds: int, as_user: bool = False) -> str:
    """The script that looks at a host and proves ``users``, side by side: one frame for the look, one for the proof.

    Every user's output has a nonce of its own, so that nobody can speak for another. ``seconds`` is the time that each
    may take; with ``as_user``, whoever has logged in is proved and nobody else.
    """
    header = {
        "PS_SECONDS": str(seconds),
        "PS_SUBJECTS": "" if as_user else names(users),
        "PS_SELF": "yes" if as_user else "",
        "PS_PROBE": _probe_of_user(),
    }
    return (
        observe_header(spec, nonce)
        + "".join(f"{assign(name, value)}\n" for name, value in header.items())
        + _looking_and_proving()
        + "ps_look_and_prove\n"
    )


def _looking_and_proving() -> str:
    return _looking() + "".join(map(source, ("probe_values.sh", "peers.sh", "probe.sh")))


def _probe_of_user() -> str:
    """The script that runs as each user."""
    return "".join(map(source, _PROBE_USER))


def standalone() -> str:
    """One POSIX sh file with the same look and the same probe, for a host that podstead cannot reach.

    ``sh FILE [USER...] >ANSWER`` on the host; ``podstead judge ANSWER`` anywhere reads what it printed.
    """
    header = {
        "PS_SCRIPT": protocol.written_by(),
        "PS_SECONDS": "180",
        "PS_SYSCTLS": names(path_of(key) for key in sorted(_ALWAYS)),
        "PS_MANAGERS": names(MANAGERS),
        "PS_PACKAGES": names(PACKAGE_NAMES),
        # its answer is carried about: nothing that is not asked about, such as the proxy's password in containers.conf
        "PS_FILES": names(owned_files()),
        "PS_LOOK": _look_at_user(),
        "PS_PROBE": _probe_of_user(),
    }
    return (
        "#!/bin/sh\n"
        f"# podstead {VERSION}: proves what rootless Podman can do on this host. Changes nothing and leaves nothing behind.\n"
        "# sh FILE [USER...] >ANSWER   as root for any users, without root for yourself; then: podstead judge ANSWER\n"
        + "".join(f"{assign(name, value)}\n" for name, value in header.items())
        + source("standalone.sh")
        + _looking_and_proving()
        + 'ps_stand_alone "$@"\n'
    )


def _step(step: Step) -> str:  # noqa: C901 - one case for each kind of step
    match step:
        case RunCommand(argv):
            return command(*argv)
        case RunAsUser(user, argv):
            return command("ps_user_step", user, *argv)
        case WriteFile():
            return command("ps_write", step.path, step.mode, step.expected, _base64(step.content))
        case CreateShared():
            return command("ps_create_shared", step.path)
        case EditShared():
            return command("ps_edit_shared", step.path, step.expected, _base64(step.content))
        case ClearLock():
            return command("ps_clear_lock", step.path)
        case GrantSubids():
            files = [
                word for edit in step.edits for word in (edit.path, edit.expected, _base64(edit.content))
            ]
            ranges = (_first_last(step.subuids), _first_last(step.subgids))
            return command("ps_grant", step.user, "idle" if step.idle else "any", *ranges, *files)
        case InstallPackages():
            return command("ps_install", step.manager, *step.names)
        case SetSysctl():
            return command("ps_sysctl", path_of(step.key), step.value)
        case WaitSocket():
            return command("ps_wait_socket", step.path, str(step.seconds))
        case _:
            assert_never(step)


def _first_last(ranges: Iterable[IdRange]) -> str:
    return " ".join(f"{range_.start} {range_.last}" for range_ in ranges)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
