"""Advice for changes that failed, from what they printed. Pure functions."""

from __future__ import annotations

import re
import shlex

from podstead.host.accounts import Account
from podstead.proof.remedy import fill

_ADVICE = (
    (
        r"podstead: changed-since",
        "another program keeps changing the file (useradd in a loop? a configuration tool?): end it, then run podstead again",
    ),
    (
        r"podstead: locked|cannot lock|Could not get lock",
        "wait for the other program to end, then run podstead again",
    ),
    (
        r"is currently used by process",
        "no range of a user who has processes is moved: loginctl terminate-user USER ends them; then run podstead again",
    ),
    (
        r"could not find database|failed retrieving file|error: target not found",
        "the package databases are older than the mirror: run 'pacman -Syu' on the host, then podstead again",
    ),
    (r"No space left on device", "free some space on the host, then run podstead again"),
    (
        r"Read-only file system",
        "the file system is mounted read-only: remount it, or change the image that this host was made from",
    ),
    (
        r"Unable to locate package|has no installation candidate|No match for argument|unable to select packages",
        "the package sources of this host do not have it: check its repositories",
    ),
    (
        r"Could not enable linger: Connection timed out",
        "systemd-logind does not answer: find out why with systemctl status systemd-logind and findmnt -t fuse, then run podstead again",
    ),
    (
        r"Temporary failure resolving|Could not resolve|Failed to fetch|Connection timed out",
        "the host cannot reach its package sources: check its network or proxy",
    ),
    (
        r"does not exist, you cannot use the flags",
        "a file is missing that another program should have kept; run podstead again",
    ),
    (
        r"no socket /run/user",
        "on the host, this says why: systemctl status user@UID.service; is dbus-user-session (or dbus-broker) installed?",
    ),
)
"""What a log holds, and what to do then, in words of :data:`podstead.proof.remedy.KINDS`."""


def advice(log: str, account: Account | None = None) -> str:
    """One line of advice for what a failed change printed, where the cause is known.

    ``account`` is the user whose change it was; without one, the sentence that needs it says how to find it out.
    """
    hint = next((hint for pattern, hint in _ADVICE if re.search(pattern, log)), "")
    return fill(hint, {} if account is None else {"USER": shlex.quote(account.name), "UID": str(account.uid)})
