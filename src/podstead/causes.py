"""From what helpers, runtimes and Podman say to the cause that a person can mend."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """A known reason for a failure, and what to do about it."""

    cause: str
    remedy: str


_KNOWN: tuple[tuple[str, Cause], ...] = (
    (
        r"cgroups in hybrid mode not supported",
        Cause(
            "the host has a hybrid cgroup hierarchy (v1 controllers beside v2), on which crun refuses every container",
            "boot with systemd.unified_cgroup_hierarchy=1 on the kernel command line, then reboot",
        ),
    ),
    (
        r"[Cc]groups v1 not supported",
        Cause(
            "this Podman needs cgroup v2 and the host has v1",
            "boot with systemd.unified_cgroup_hierarchy=1, then reboot",
        ),
    ),
    (
        r"requested cgroup controller [`']?(\w+)[`']? is not available|subtree_control: (?:invalid argument|No such)",
        Cause(
            "a cgroup controller that containers ask for by default is not delegated to the user",
            "delegate it (session.delegate) and log in anew; where the host has none: engine: {containers: {pids_limit: 0}}",
        ),
    ),
    (
        r"unknown version specified",
        Cause(
            "crun is older than 1.14.3 and refuses Podman 5's OCI spec",
            "upgrade crun, or name a newer one in engine.engine.runtimes",
        ),
    ),
    (
        r"(?i)no subuid ranges found|No subgid ranges found|cannot find UID/GID for user",
        Cause(
            "Podman finds no range for the name in $USER",
            "grant ranges (podstead apply), and check that $USER is the user",
        ),
    ),
    (
        r"should have setuid or have filecaps",
        Cause(
            "newuidmap or newgidmap has lost its setuid bit and file capabilities",
            "reinstall its package (uidmap, shadow-utils)",
        ),
    ),
    (
        r"owned by a different user",
        Cause(
            "the primary group of the session is not the one in passwd", "log in anew, without newgrp or sg"
        ),
    ),
    (
        r"range \[.*\) -> \[.*\) not allowed",
        Cause(
            "the helper does not find the range that was asked for",
            "check /etc/subuid and /etc/subgid for white space, CRLF and wrong owner names",
        ),
    ),
    (
        r"open of [ug]id_map failed",
        Cause(
            "the helper lacks CAP_SETUID, as in a container with dropped capabilities",
            "give the outer container its default capabilities and unmask /proc",
        ),
    ),
    (
        r"max_user_namespaces",
        Cause(
            "user.max_user_namespaces is 0 or used up", "sysctls: user.max_user_namespaces: {at_least: 28633}"
        ),
    ),
    (
        r"executable file not found|could not find",
        Cause(
            "a program that Podman needs is missing",
            "podstead apply installs it; or install the package that the message names",
        ),
    ),
    (
        r"No space left on device",
        Cause(
            "the disk is full, or a namespace limit (user.max_*_namespaces) is used up",
            "free space, or raise the limit",
        ),
    ),
    (
        r"noexec|open executable: Permission denied",
        Cause("the user's storage lies on a file system mounted noexec", "move it to one that is not"),
    ),
    (
        r"sd-bus call|dbus|Interactive authentication required",
        Cause(
            "the OCI runtime reached no user bus",
            "enable linger (session.linger) and install dbus-user-session",
        ),
    ),
    (
        r"keyring.*[Qq]uota exceeded|session key",
        Cause("the user's kernel keys are used up", "sysctls: kernel.keys.maxkeys: {at_least: 20000}"),
    ),
    (
        r"Permission denied|[Oo]peration not permitted",
        Cause(
            "the kernel or a security module refused", "look for denials in the kernel log (journalctl -k)"
        ),
    ),
)


def cause_of(said: str) -> Cause | None:
    """The first known cause that explains the text; None when nobody has seen it before."""
    return next((cause for pattern, cause in _KNOWN if re.search(pattern, said)), None)
