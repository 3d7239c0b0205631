"""Passwords on the command line: those that are asked for, and the options for Ansible Vault."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence

import click
from pydantic import SecretStr

from podstead.cli.records import Decorator
from podstead.cli.setting_options import setting, source_of
from podstead.errors import InputError
from podstead.inventory.vault import Vault, passwords

vault_options: tuple[Decorator, ...] = (
    setting(
        "vault_password_file",
        "--vault-password-file",
        "--vault-pass-file",
        metavar="FILE",
        help="A file that holds an Ansible Vault password, or a program that prints it. Repeatable.",
    ),
    click.option(
        "--vault-id",
        multiple=True,
        metavar="ID@FILE|ID@prompt",
        help="A vault password with its ID. Repeatable.",
    ),
    click.option("-J", "--ask-vault-pass", is_flag=True, help="Ask for the vault password."),
)


def vault_of(files: Sequence[str], ids: Sequence[str], *, ask_vault_pass: bool) -> Vault:
    """Collect the vault passwords. Raises InputError where one cannot be had."""
    option = source_of("vault_password_file") if files else ""
    return Vault(passwords(files, ids, ask=ask_vault_pass, prompt=ask, option=option))


def ask(prompt: str) -> SecretStr:
    """Ask on the terminal; a pipe may carry the password instead."""
    if sys.stdin is None:
        raise InputError.single(f"{prompt.strip(' :')}: cannot ask, because standard input is closed")
    if not sys.stdin.isatty():
        # getpass would warn and echo
        return SecretStr(sys.stdin.readline().rstrip("\n"))
    return SecretStr(getpass.getpass(prompt, stream=sys.stderr))
