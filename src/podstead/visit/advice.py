"""Advice for changes that failed, from what they printed. Pure functions."""

from __future__ import annotations

import re
import shlex
from itertools import chain
from typing import Final

from podstead.host.accounts import Account
from podstead.host.families import FAMILIES
from podstead.proof.remedy import fill


def _any(*patterns: str) -> str:
    return "|".join(patterns)


_ADVICE: Final[tuple[tuple[str, str], ...]] = (
    (
        r"podstead: changed-since",
        "another program keeps changing the file (useradd in a loop? a configuration tool?): end it, then run podstead again",
    ),
    (
        _any("podstead: locked", "cannot lock", *chain.from_iterable(family.locked for family in FAMILIES)),
        "wait for the other program to end, then run podstead again",
    ),
    (
        r"is currently used by process",
        "the range of a user with running processes is not moved: loginctl terminate-user USER ends them; then run podstead again",
    ),
    *chain.from_iterable(family.advice for family in FAMILIES),
    (r"No space left on device", "free some space on the host, then run podstead again"),
    (
        r"Read-only file system",
        "the file system is mounted read-only: remount it, or change the image that this host was made from",
    ),
    (
        _any(*chain.from_iterable(family.not_offered for family in FAMILIES)),
        "the package sources of this host do not provide the package: check its repositories",
    ),
    (
        r"Could not enable linger: Connection timed out",
        "systemd-logind does not answer: find out why with systemctl status systemd-logind and findmnt -t fuse, then run podstead again",
    ),
    (
        _any(
            "Could not resolve",
            "Connection timed out",
            *chain.from_iterable(family.unreachable for family in FAMILIES),
        ),
        "the host cannot reach its package sources: check its network or proxy",
    ),
    (
        r"does not exist, you cannot use the flags",
        "a file that another program should have kept is missing; run podstead again",
    ),
    (
        r"no socket /run/user",
        "to find out why, run on the host: systemctl status user@UID.service; is dbus-user-session (or dbus-broker) installed?",
    ),
)
"""What a log holds, and what to do then, in words of :data:`podstead.proof.remedy.KINDS`."""


def advice(log: str, account: Account | None = None) -> str:
    """One line of advice for what a failed change printed, where the cause is known.

    ``account`` is the user whose change it was; without one, the sentence that needs it says how to find it out.
    """
    hint = next((hint for pattern, hint in _ADVICE if re.search(pattern, log)), "")
    return fill(hint, {} if account is None else {"USER": shlex.quote(account.name), "UID": str(account.uid)})
