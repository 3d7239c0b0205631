"""The command line of the lab."""

# ruff: noqa: T201 - what a command line prints is its result

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tests.lab import requirements, state
from tests.lab.errors import LabError
from tests.lab.images import image, outdated
from tests.lab.lab import Lab
from tests.lab.recipe import RECIPES

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; an error is one message and status 1."""
    words = list(sys.argv[1:] if argv is None else argv)
    split = words.index("--") if "--" in words else len(words)
    arguments = _parser().parse_args(words[:split], argparse.Namespace(command=words[split + 1 :]))
    try:
        status: int = arguments.do(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab", description="Boot real hosts on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="boot hosts, and keep them until Ctrl-C")
    up.add_argument("release", nargs="+", choices=tuple(RECIPES))
    up.add_argument("--name", help="name of the lab; made up when not given")
    up.add_argument("--keep", action="store_true", help="return at once; the hosts stay until `down`")
    up.set_defaults(do=_up)
    ssh = commands.add_parser("ssh", help="log in to a host, or run the command after --")
    ssh.add_argument("name", metavar="NAME[/HOST]", help="the lab, and which host when it has several")
    ssh.add_argument("--user", default="root")
    ssh.set_defaults(do=_ssh)
    run = commands.add_parser("run", help="run the command after -- where a lab's hosts can be reached")
    run.add_argument("name")
    run.set_defaults(do=_run)
    for name, do, text in (("down", _down, "remove labs"), ("image", _image, "build images only")):
        command = commands.add_parser(name, help=text)
        command.add_argument("names", nargs="+")
        command.set_defaults(do=do)
    for name, do, text in (
        ("list", _list, "list the labs"),
        ("gc", _gc, "remove labs whose process has died, and outdated images"),
        ("install", _install, "install the tools the lab needs (root, Debian or Ubuntu)"),
    ):
        commands.add_parser(name, help=text).set_defaults(do=do)
    guard = commands.add_parser("guard")  # what a process with a lab leaves behind in case it dies
    guard.add_argument("name")
    guard.add_argument("token")
    guard.set_defaults(do=_guard)
    return parser


def _up(arguments: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lab = Lab.up(arguments.name, keep=arguments.keep)
    try:
        releases: list[str] = arguments.release
        # debian-13 becomes d13, and debian-forky forky
        short = [release.removeprefix("debian-") for release in releases]
        short = [f"d{name}" if name.isdigit() else name for name in short]
        numbered = [name if short.count(name) == 1 else f"{name}-{n}" for n, name in enumerate(short, 1)]
        hosts = lab.boot_many(dict(zip(numbered, releases, strict=True)))
        _explain(lab)
    except BaseException:
        lab.down()
        raise
    if not arguments.keep:
        print("The hosts are there until Ctrl-C.", flush=True)
        with lab:
            for host in hosts.values():
                if host.record.process is not None:
                    host.record.process.wait()
    return 0


def _explain(lab: Lab) -> None:
    for host in lab.hosts.values():
        print(f"{host.name}  {host.release}  {host.address}")
    print(f"\nlog in:   python -m tests.lab ssh {lab.name}/{next(iter(lab.hosts))} --user alice")
    for host in lab.hosts.values():
        argv = lab.controller_argv(["ssh", "-F", lab.ssh_config, f"root@{host.name}"])
        print(f"          {shlex.join(argv)}")
    print(f"run:      python -m tests.lab run {lab.name} -- COMMAND  (ssh settings: {lab.ssh_config})")
    print(f"remove:   python -m tests.lab down {lab.name}", flush=True)


def _ssh(arguments: argparse.Namespace) -> NoReturn:
    name, _, host = arguments.name.partition("/")
    lab = Lab.load(name)
    if not host and len(lab.hosts) != 1:
        message = f"lab {name} has the hosts {', '.join(lab.hosts)}: name one, as {name}/HOST"
        raise LabError(message)
    chosen = host or next(iter(lab.hosts))
    argv = ["ssh", "-F", str(lab.ssh_config), "-l", arguments.user, chosen, *arguments.command]
    _become(lab.controller_argv(argv))


def _run(arguments: argparse.Namespace) -> NoReturn:
    if not arguments.command:
        message = "no command given: python -m tests.lab run NAME -- COMMAND"
        raise LabError(message)
    _become(Lab.load(arguments.name).controller_argv(arguments.command))


def _become(argv: list[str]) -> NoReturn:
    os.execvp(argv[0], argv)  # noqa: S606 - the command is the user's own


def _down(arguments: argparse.Namespace) -> int:
    for name in arguments.names:
        Lab.load(name).down()
    return 0


def _image(arguments: argparse.Namespace) -> int:
    for release in arguments.names:
        print(image(release).root.parent)
    return 0


def _list(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - all commands look alike
    for name in state.names():
        for host in state.load(name).hosts.values():
            running = "running" if host.process and host.process.alive() else "stopped"
            print(f"{name}/{host.name}  {host.release}  {host.address}  {running}")
        if not state.load(name).hosts:
            print(f"{name}  (no hosts)")
    return 0


def _gc(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - all commands look alike
    for name in state.names():
        owner = state.load(name).owner
        if owner is not None and not owner.alive():
            Lab.load(name).down()
            print(f"removed {name}")
    used = {Path(host.image) for name in state.names() for host in state.load(name).hosts.values()}
    for place in outdated():
        if place not in used:
            shutil.rmtree(place)
            print(f"removed {place}")
    return 0


def _install(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - all commands look alike
    requirements.install()
    requirements.require()
    print("this machine can run hosts")
    return 0


def _guard(arguments: argparse.Namespace) -> int:
    sys.stdin.buffer.read()  # ends when the process that owns the lab does
    if arguments.name in state.names() and state.load(arguments.name).token == arguments.token:
        Lab.load(arguments.name).down()
    return 0
