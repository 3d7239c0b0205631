"""The verbs as functions. They read the same inventories and return the same typed report as the command line."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias, TypeVar, Unpack

from pydantic import ValidationError

from podstead.document.values import Origin
from podstead.errors import InputError, InputWarning, Problem
from podstead.fleet.run import OnProgress, job_for, run
from podstead.inventory.load import load
from podstead.inventory.people import for_users as with_users
from podstead.inventory.resolve import ResolvedHost
from podstead.inventory.vault import Vault, passwords
from podstead.proof.checks import CHECKS
from podstead.provision.vocabulary import vocabulary
from podstead.suggest import did_you_mean, listed
from podstead.visit.job import Job, JobOptions
from podstead.visit.record import Report, Verb

_T = TypeVar("_T")
_HOSTS: Final = "hosts that podstead.hosts() returned, or one inventory as a string or Path, such as 'hosts.yml' or 'web1,'"


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
    sources = [inventory] if isinstance(inventory, str | Path) else _list("inventory", inventory)
    users = _list("for_users", for_users)
    files = _list("vault_password_files", vault_password_files)
    found: list[Problem] = []
    resolved = load(
        sources,
        extra_vars=_list("extra_vars", extra_vars),
        pattern=pattern,
        limit=limit,
        roles_dirs=[Path(folder) for folder in _list("roles_path", roles_path)],
        vault=Vault(passwords([str(file) for file in files], option="vault_password_files")),
        warnings=found,
    )
    for warning in found:
        warnings.warn(str(warning), InputWarning, stacklevel=2)
    if not users:
        return resolved
    return tuple(with_users(host, users, Origin("for_users")) for host in resolved)


Chosen: TypeAlias = str | Path | Sequence[ResolvedHost]
"""Hosts that :func:`hosts` has returned, or the path of an inventory, of which all hosts are meant."""


def apply(chosen: Chosen, *, on_progress: OnProgress | None = None, **options: Unpack[JobOptions]) -> Report:
    """Bring hosts to their declared state, then look again.

    ``options`` are fields of :class:`podstead.visit.job.Job`: ``forks``, ``connect_timeout`` and ``command_timeout`` (seconds),
    ``tags``, ``skip_tags``, ``start_at``, ``allow``. A host that fails is part of the report, not an exception. Raises
    :class:`~podstead.errors.InputError` for hosts and options that cannot be used, and
    :class:`~podstead.errors.RunError` only when the run as a whole was impossible.
    """
    return run(_job("apply", chosen, options), on_progress=on_progress)


def check(chosen: Chosen, *, on_progress: OnProgress | None = None, **options: Unpack[JobOptions]) -> Report:
    """Report what :func:`apply` would do, and change nothing."""
    return run(_job("check", chosen, options), on_progress=on_progress)


def verify(chosen: Chosen, *, on_progress: OnProgress | None = None, **options: Unpack[JobOptions]) -> Report:
    """Prove, on each host and as each user, that rootless Podman works.

    ``options``: also ``verify_users`` (names) and ``as_user`` (without root, as the connecting user).
    """
    return run(_job("verify", chosen, options), on_progress=on_progress)


def _list(name: str, value: Iterable[_T]) -> list[_T]:
    """The elements of an argument. A string is one as well, of its letters, and never meant so."""
    if isinstance(value, str | bytes | Path) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of strings; found {value!r}")
    return list(value)


def _hosts(verb: Verb, chosen: object) -> Sequence[ResolvedHost]:
    """The hosts of a run, which a caller without a type checker may have given as anything."""
    if isinstance(chosen, str | Path):
        return hosts(chosen)
    found: list[ResolvedHost] = []
    for element in chosen if isinstance(chosen, Iterable) else [chosen]:
        if not isinstance(element, ResolvedHost):
            raise TypeError(f"podstead.{verb}() takes {_HOSTS}; found {element!r}")
        found.append(element)
    if not found:
        raise InputError.single(
            "the list of hosts is empty", where=f"podstead.{verb}()", hint=f"give {_HOSTS}"
        )
    return found


def _job(verb: Verb, chosen: Chosen, options: JobOptions) -> Job:
    """The job, with everything in it judged: what is misspelt would else be left out without a sign."""
    for name in options:
        if name not in JobOptions.__annotations__:
            of_hosts = name in inspect.signature(hosts).parameters
            hint = (
                " (an argument of podstead.hosts())"
                if of_hosts
                else did_you_mean(name, JobOptions.__annotations__)
            )
            known = listed(("on_progress", *JobOptions.__annotations__))
            raise TypeError(f"podstead.{verb}() has no argument {name!r}{hint}; it takes {known}")
    found = _hosts(verb, chosen)
    try:
        job = job_for(verb, found, **options)
    except ValidationError as error:
        raise InputError(_of_another_type(error, options)) from None
    return job.model_copy(update=_in_words_of(job, found))


def _of_another_type(error: ValidationError, options: JobOptions) -> Iterator[Problem]:
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0])
        message = problem["msg"][:1].lower() + problem["msg"][1:]
        yield Problem(where=name, message=f"{message}; found {dict(options).get(name)!r}")


def _in_words_of(job: Job, found: Sequence[ResolvedHost]) -> Mapping[str, object]:
    """What the job names, with the tags of roles taken apart. Raises InputError for what nothing is called."""
    problems = [
        Problem(where="verify_checks", message=f"there is no check {name!r}{did_you_mean(name, CHECKS)}")
        for name in job.verify_checks
        if name not in CHECKS
    ]
    fields: dict[str, object] = {}
    if job.tags or job.skip_tags or job.start_at:
        words = vocabulary((host.spec, host.tags) for host in found)
        fields = {
            "tags": words.expand("tags", job.tags, problems),
            "skip_tags": words.expand("skip_tags", job.skip_tags, problems),
        }
        if job.start_at:
            words.known("start_at", job.start_at, problems)
    if problems:
        raise InputError(problems)
    return fields
