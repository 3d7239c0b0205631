"""Assembling remote scripts from the files in ``scripts/`` and values. Text in, text out; every value quoted."""

from __future__ import annotations

import base64
import itertools
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


def _text(name: str) -> str:
    return (files("podstead.visit") / "scripts" / name).read_text(encoding="ascii")


def header(name: str, key: str) -> list[str]:
    """The words of the lines ``# KEY: WORD...`` at the beginning of a file of a script.

    ``needs`` names the files whose functions it calls, ``holds`` the files whose text it has in a variable (NAME=FILE).
    """
    lines = itertools.takewhile(lambda line: line.startswith("#"), _text(name).splitlines())
    return [word for line in lines if line.startswith(f"# {key}: ") for word in line.split()[2:]]


def own(name: str) -> str:
    """The text of one file of a script without comment lines: fewer bytes for every host. Indentation stays."""
    lines = _text(name).splitlines()
    return "".join(f"{line}\n" for line in lines if line.strip() and not line.lstrip().startswith("#"))


def embedded(name: str) -> str:
    """Assignments of the texts that a file holds."""
    words = (word.partition("=") for word in header(name, "holds"))
    return "".join(f"{assign(variable, assembled(file))}\n" for variable, _, file in words)


@cache
def source(name: str) -> str:
    """One file of a script, behind the texts that it holds."""
    return embedded(name) + own(name)


@cache
def assembled(name: str) -> str:
    """A file of a script behind all that it needs, each once. Raises RecursionError where two need each other."""
    return "".join(map(source, order(name)))


def order(name: str) -> list[str]:
    """The files that make a script, each behind those that it needs."""
    before = itertools.chain.from_iterable(map(order, header(name, "needs")))
    return [*dict.fromkeys(before), name]


def of_managers(*verbs: str) -> str:
    """The functions ``ps_VERB_MANAGER`` of every package manager: what only looks is sent nothing that installs."""
    text = "".join(own(f"packages/{manager}.sh") for manager in MANAGERS)
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
            "",
        )
    )


def observe(spec: HostSpec, nonce: str) -> str:
    """The script of one look at a host. It always exits 0; what it could not see is missing from its output."""
    look = of_managers("has", "query") + assembled("observe.sh")
    return observe_header(spec, nonce) + look + "ps_framed observe ps_observe\n"


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
        + of_managers("has", "query", "install")
        + assembled("apply.sh")
        + bodies
        + f"ps_changes() {{\n{calls or ':'}\n}}\n"
        + "ps_serial || exit 75\numask 022\nps_framed apply ps_apply_and_look 5>&2\n"
    )


def _needed(index: int, changes: Sequence[Change]) -> list[int]:
    """The numbers of the changes before this one without which it is not made."""
    return [earlier for earlier in range(index) if needs(changes[index], changes[earlier])]


def prove(spec: HostSpec, users: Iterable[str], nonce: str, *, seconds: int, as_user: bool = False) -> str:
    """The script that looks at a host and proves ``users``, side by side: one frame for the look, one for the proof.

    Every user's output has a nonce of its own, so that nobody can speak for another. ``seconds`` is the time that each
    may take; with ``as_user``, whoever has logged in is proved and nobody else.
    """
    values = {
        "PS_SECONDS": str(seconds),
        "PS_SUBJECTS": "" if as_user else names(users),
        "PS_SELF": "yes" if as_user else "",
    }
    return (
        observe_header(spec, nonce)
        + "".join(f"{assign(name, value)}\n" for name, value in values.items())
        + of_managers("has", "query")
        + assembled("probe.sh")
        + "ps_look_and_prove\n"
    )


def standalone() -> str:
    """One POSIX sh file with the same look and the same probe, for a host that podstead cannot reach.

    ``sh FILE [USER...] >ANSWER`` on the host; ``podstead judge ANSWER`` anywhere reads what it printed.
    """
    values = {
        "PS_SCRIPT": protocol.written_by(),
        "PS_SECONDS": "180",
        "PS_SYSCTLS": names(path_of(key) for key in sorted(_ALWAYS)),
        "PS_MANAGERS": names(MANAGERS),
        "PS_PACKAGES": names(PACKAGE_NAMES),
        # its answer is carried about: nothing that is not asked about, such as the proxy's password in containers.conf
        "PS_FILES": names(owned_files()),
    }
    return (
        "#!/bin/sh\n"
        f"# podstead {VERSION}: proves what rootless Podman can do on this host. Changes nothing and leaves nothing behind.\n"
        "# sh FILE [USER...] >ANSWER   as root for any users, without root for yourself; then: podstead judge ANSWER\n"
        + "".join(f"{assign(name, value)}\n" for name, value in values.items())
        + of_managers("has", "query")
        + assembled("standalone.sh")
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
