"""Becoming root on a host. The command line is shown by ``ps`` to everybody, so no password is ever in it."""

from __future__ import annotations

import re

from podstead.visit.job import Target
from podstead.visit.quoting import word

_BEGIN = "@@podstead begin"

#: Reads lines until the one that says the script begins: passwords that sudo did not ask for are passed over.
_SKIP = f'while IFS= read -r l; do [ "$l" = {word(_BEGIN)} ] && exec sh -s; done; exit 97'


def wrap(target: Target, script: str, seconds: int) -> tuple[str, str]:
    """The command that runs ``script`` on the host as root, and what it reads on standard input.

    ``timeout`` ends the script and everything it started. The command itself always exits 0 and prints the script's
    exit code: pyinfra would otherwise ask a person for a password where nobody is.
    """
    has_timeout = "command -v timeout >/dev/null 2>&1"
    limited = f"if {has_timeout}; then exec timeout -k 5 {seconds:d} sh -s; else exec sh -s; fi"
    stdin = script
    if not target.connection.become:
        inner = f"sh -c {word(limited)}"
    elif target.connection.become_method == "su":
        inner = f"su root -c {word(limited)}"
    elif target.connection.become_method == "doas":
        inner = f"doas -n sh -c {word(limited)}"
    elif target.connection.become_password is None:
        inner = f"sudo -n -H sh -c {word(limited)}"
    else:
        limited = (
            f"if {has_timeout}; then exec timeout -k 5 {seconds:d} sh -c {word(_SKIP)}; else {_SKIP}; fi"
        )
        sudo = "sudo -S -k -H -p '' sh -c"
        # tried by itself first: sudo would take the marker and the script for further passwords, and three wrong
        # ones lock an account (pam_faillock(8)). printf is part of the shell, so nothing shows in a process list.
        line = "printf '%s\\n' \"$p\""
        inner = f"IFS= read -r p; {line} | {sudo} : && {{ {line}; cat; }} | {sudo} {word(limited)}"
        stdin = f"{target.connection.become_password.get_secret_value()}\n{_BEGIN}\n{script}"
    # what the script did not read must be taken in, or the connection would fail with a broken pipe
    return f'{inner}; rc=$?; cat >/dev/null; echo; echo "@@podstead rc $rc"', stdin


def problem(target: Target) -> tuple[str, str] | None:
    """Why this way of becoming root cannot work, as message and advice, before anything is sent."""
    if (
        target.connection.become
        and target.connection.become_method != "sudo"
        and target.connection.become_password is not None
    ):
        return (
            f"{target.connection.become_method} reads a password only from a terminal, and podstead has no terminal on the host",
            f"use sudo, or a rule that lets {target.connection.user or 'the login user'} use {target.connection.become_method} without a password",
        )
    return None


def exit_code(lines: list[str]) -> int | None:
    """The exit code that :func:`wrap`'s command printed, or None when the connection ended before."""
    matches = (re.fullmatch(r"@@podstead rc ([0-9]{1,3})", line) for line in reversed(lines))
    return next((int(match[1]) for match in matches if match), None)


def explain_failure(target: Target, stderr: list[str], code: int | None) -> tuple[str, str] | None:
    """What went wrong with becoming root, as message and advice; None when nothing did."""
    text = "\n".join(stderr)
    method, user = target.connection.become_method, target.connection.user or "the login user"
    if "incorrect password" in text or "Sorry, try again" in text or "Authentication failure" in text:
        return (
            f"{method} refused the password of {user}",
            "check the become password (-K, ansible_become_password)",
        )
    if any(
        phrase in text
        for phrase in ("a password is required", "no password was provided", "Authentication required")
    ):
        hint = f"give it with -K/--ask-become-pass, or let {user} use {method} without one (if {user} is allowed to use it)"
        return f"{method} asks {user} for a password", hint
    if (
        "not in the sudoers file" in text
        or "is not allowed to run sudo" in text
        or "not allowed to execute" in text
        or ("Operation not permitted" in text and method == "doas")
    ):
        return (
            f"{user} is not allowed to use {method} on this host",
            f"allow {user} in {method}'s configuration, or connect as root (-u root)",
        )
    if code == 127 and f"{method}:" in text:
        return (
            f"{method} is not installed on this host",
            "connect as root (-u root), or choose --become-method",
        )
    return None
