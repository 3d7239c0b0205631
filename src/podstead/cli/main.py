"""The entry point: verbs by name, errors as sentences, exit codes."""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import sys
from typing import NoReturn

import click

from podstead.cli.setting_options import Configured
from podstead.errors import Exit, InputError, PodsteadError
from podstead.suggest import did_you_mean

#: Verb -> what ``--help`` says about it. The modules are imported only when their verb is called (start-up time).
VERBS = {
    "up": "Show what would change, ask, apply and prove it: the common case in one word.",
    "apply": "Bring hosts to their declared state, then look again.",
    "check": "Look in the same way but change nothing; exit code 3 when something would change.",
    "verify": "Prove, on the host and as each user, that rootless Podman works.",
    "judge": "Judge the answer of the script that verify --print-script wrote.",
    "show": "Print a host's merged document, with --origins where each value comes from.",
    "inventory": "List the hosts that a pattern matches.",
    "roles": "List the available roles, with their keys.",
    "explain": "Explain what a check, a failure or a change means, and how to fix it by hand.",
    "init": "Write a starter project: inventory, a role of your own, CI, a schema for editors.",
    "schema": "Print the JSON Schema of a layer, for editors.",
    "config": "Print every setting, its value and where it comes from.",
    "doctor": "Check whether podstead can manage hosts from this machine.",
    "completion": "Print the script that completes podstead in bash, zsh or fish.",
}
#: What other tools call a verb, and what this one does.
_SYNONYMS = {
    "deploy": "apply", "diff": "check", "fix": "up", "info": "show", "install": "up", "ls": "inventory", "list": "inventory",
    "plan": "check", "prove": "verify", "provision": "up", "run": "apply", "setup": "up", "status": "check", "test": "verify",
    "why": "explain",
}  # fmt: skip
#: What a write may meet: a full disk or quota, a limit, a broken device, a closed descriptor.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


class Verbs(click.Group):
    """A group that knows its commands' names without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"podstead.cli.verbs.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """``podstead help VERB`` is ``podstead VERB --help``; a word that is no verb gets the verb that was meant."""
        name, *rest = args
        if name == "help" and not ctx.resilient_parsing:
            return self.resolve_command(ctx, [rest[0], "--help"]) if rest else self._help(ctx)
        if name not in VERBS and not name.startswith("-") and not ctx.resilient_parsing:
            synonym = _SYNONYMS.get(name)
            hint = f" (did you mean {synonym!r}?)" if synonym else did_you_mean(name, VERBS)
            raise InputError.single(f"there is no verb {name!r}{hint}", hint="podstead help lists the verbs")
        return super().resolve_command(ctx, args)

    def _help(self, ctx: click.Context) -> NoReturn:
        click.echo(ctx.get_help())
        ctx.exit()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from podstead.control.machine import versions  # noqa: PLC0415 - costs time that no other command must pay

        click.echo("\n".join(f"{name} {version}" for name, version in versions().items()))
        ctx.exit()


_HELP = """Make Linux hosts ready for rootless Podman, prove that they are, and keep them so.

\b
podstead up --for alice                  make this machine ready for alice: shows, asks, applies, proves
podstead check @local                    what would change on this machine
podstead apply -i inventories/fleet web  bring the hosts of group web to their state
podstead verify -i inventories/fleet     prove it, as each user
"""


@click.group(
    help=_HELP, cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show versions and exit.",
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Show help when no verb is given."""
    ctx.obj = Configured()


def main() -> NoReturn:
    """Run the command line and exit. A mistake of a person or a fault of a host never shows a traceback."""
    gc.set_threshold(100_000)  # what a verb imports is no garbage: looking for some takes time
    closed = sys.stdout is None
    for name in (
        "stdout",
        "stderr",
    ):  # else the next file that is opened becomes the standard output of every child
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - until the end
    try:
        code = _call(closed=closed)
    except BrokenPipeError:
        # the reader of a pipe went away (podstead ... | head); nothing is left to say, and Python must not try
        _abandon(1)
        code = Exit.FAILED
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITABLE:
            raise  # no write to standard output: a bug, which keeps its traceback
        _say(f"cannot write to standard output: {error.strerror}")
        _abandon(1)
        code = Exit.FAILED
    try:
        sys.stderr.flush()
    except OSError:  # Python would try again at its end, and make 120 of the exit code
        _abandon(2)
    sys.exit(int(code))


def _call(*, closed: bool) -> int:
    """Run the verb and say what is wrong; what is wrong with standard output itself is left to the caller."""
    try:
        result = cli.main(standalone_mode=False, prog_name="podstead")
        _flush(closed=closed)
        return int(result) if isinstance(result, int) else Exit.GOOD
    except InputError as error:
        for problem in error.problems:
            _say(str(problem))
        _hint(error)
        _print_document(error)
        return error.exit_code
    except PodsteadError as error:
        _say(error.message)
        _hint(error)
        return error.exit_code
    except click.exceptions.Abort:
        _say("interrupted")
        return Exit.INTERRUPTED
    except click.ClickException as error:
        usage_error = _without_hidden(error)
        with contextlib.suppress(OSError):
            usage_error.show()
        _print_document(usage_error)
        return Exit.USAGE
    except KeyboardInterrupt:
        _say("interrupted")
        return Exit.INTERRUPTED


def _without_hidden(error: click.ClickException) -> click.ClickException:
    """The error without suggestions of options that help does not list: such an option exists to be refused."""
    if not isinstance(error, click.NoSuchOption) or error.ctx is None:
        return error
    hidden = {
        name for param in error.ctx.command.params if getattr(param, "hidden", False) for name in param.opts
    }
    others = [name for name in error.possibilities or () if name not in hidden]
    return click.NoSuchOption(error.option_name, possibilities=others, ctx=error.ctx)


def _print_document(error: InputError | click.ClickException) -> None:
    """Print what is wrong as JSON where a program reads standard output."""
    from podstead.cli import error_document  # noqa: PLC0415 - no mistake, no document

    if error_document.wants_json(sys.argv[1:]):
        click.echo(error_document.of(error))


def _flush(*, closed: bool) -> None:
    if closed:  # everything that was printed is lost
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    sys.stdout.flush()


def _abandon(descriptor: int) -> None:
    """Let what is still to be written to a stream that is gone go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _say(message: str) -> None:
    from podstead.printable import printable  # noqa: PLC0415

    with contextlib.suppress(OSError):  # the exit code says it, too
        click.echo(f"podstead: {printable(message)}", err=True)


def _hint(error: PodsteadError) -> None:
    if error.hint:
        _say(f"  {error.hint}")


if __name__ == "__main__":
    main()
