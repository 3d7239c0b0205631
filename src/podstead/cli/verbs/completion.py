"""podstead completion"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")
_HELP = """Print the script that completes podstead in a shell.

\b
bash  podstead completion bash >~/.local/share/bash-completion/completions/podstead
zsh   podstead completion zsh >"${fpath[1]}/_podstead"
fish  podstead completion fish >~/.config/fish/completions/podstead.fish

Hosts and groups are completed from the inventory that -i names or that is configured.
"""


@click.command("completion", help=_HELP)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> int:
    """Print what click makes of the commands; it calls podstead back for each completion."""
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the choices are click's own
    complete = kind(ctx.find_root().command, {}, "podstead", "_PODSTEAD_COMPLETE")
    # click's own source() runs bash to ask for its version; the script alone is what is wanted here
    click.echo(complete.source_template % complete.source_vars())
    return 0
