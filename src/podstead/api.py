"""The verbs as functions. They read the same inventories and return the same typed report as the command line."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias, Unpack

from podstead.document.values import Origin
from podstead.errors import InputWarning, Problem
from podstead.fleet.run import OnProgress, job_for, run
from podstead.inventory.load import load
from podstead.inventory.people import for_users as with_users
from podstead.inventory.resolve import ResolvedHost
from podstead.inventory.vault import Vault, passwords
from podstead.visit.job import JobOptions
from podstead.visit.record import Report


def hosts(
    inventory: str | Path | Sequence[str | Path] = (),
    pattern: str = "all",
    *,
    limit: str | None = None,
    extra_vars: Sequence[str] = (),
    roles_path: Sequence[Path] = (),
    vault_password_files: Sequence[str | Path] = (),
    for_users: Sequence[str] = (),
) -> tuple[ResolvedHost, ...]:
    """Read inventories (paths, ``"host1,host2,"`` or none for ``@local``) and return the hosts of a pattern.

    ``roles_path`` are folders with roles that override those beside the inventory and the built-in roles;
    ``vault_password_files`` decrypt what Ansible Vault has encrypted; ``for_users`` are the users that the hosts are prepared for,
    instead of those that the documents name (``--for``). Raises :class:`~podstead.errors.InputError` with every
    mistake in the input; what is no mistake and should be known is an :class:`~podstead.errors.InputWarning`.
    """
    sources = [inventory] if isinstance(inventory, str | Path) else list(inventory)
    found: list[Problem] = []
    resolved = load(
        sources,
        extra_vars=list(extra_vars),
        pattern=pattern,
        limit=limit,
        roles_dirs=roles_path,
        vault=Vault(passwords([str(file) for file in vault_password_files], option="vault_password_files")),
        warnings=found,
    )
    for warning in found:
        warnings.warn(str(warning), InputWarning, stacklevel=2)
    if not for_users:
        return resolved
    return tuple(with_users(host, for_users, Origin("for_users")) for host in resolved)


Chosen: TypeAlias = str | Path | Sequence[ResolvedHost]
"""Hosts that :func:`hosts` has returned, or the path of an inventory, of which all hosts are meant."""


def _hosts(chosen: Chosen) -> Sequence[ResolvedHost]:
    return hosts(chosen) if isinstance(chosen, str | Path) else chosen


def apply(chosen: Chosen, *, on_progress: OnProgress | None = None, **options: Unpack[JobOptions]) -> Report:
    """Bring hosts to their declared state, then look again.

    ``options`` are fields of :class:`podstead.visit.job.Job`: ``forks``, ``connect_timeout`` and ``command_timeout`` (seconds),
    ``tags``, ``skip_tags``, ``start_at``, ``allow``. A host that fails is part of the report, not an exception; raises
    :class:`~podstead.errors.RunError` only when the run as a whole was impossible.
    """
    return run(job_for("apply", _hosts(chosen), **options), on_progress=on_progress)


def check(chosen: Chosen, *, on_progress: OnProgress | None = None, **options: Unpack[JobOptions]) -> Report:
    """Report what :func:`apply` would do, and change nothing."""
    return run(job_for("check", _hosts(chosen), **options), on_progress=on_progress)


def verify(chosen: Chosen, *, on_progress: OnProgress | None = None, **options: Unpack[JobOptions]) -> Report:
    """Prove, on each host and as each user, that rootless Podman works.

    ``options``: also ``verify_users`` (names) and ``as_user`` (without root, as the connecting user).
    """
    return run(job_for("verify", _hosts(chosen), **options), on_progress=on_progress)
