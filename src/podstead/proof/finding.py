"""Findings: what was found of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """``COULD_NOT_LOOK`` is never a pass: it says that something could not be looked at."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    WARN = "warn"
    COULD_NOT_LOOK = "could-not-look"
    NOT_APPLICABLE = "not-applicable"


class Severity(StrEnum):
    """How bad a failure is: ``block`` no Podman command works ... ``drift`` it breaks at reboot or logout."""

    BLOCK = "block"
    MAJOR = "major"
    MINOR = "minor"
    SECURITY = "security"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of a check on one host for one user (``user`` is empty for the host itself).

    ``mode`` is the id of the failure mode that was proved to be behind it and ``ref`` its place in the catalogue; empty
    where no known cause could be proved. ``others`` are the references of causes that could not be ruled out.
    """

    check: str
    title: str
    verdict: Verdict
    severity: Severity
    user: str = ""
    expected: str = ""
    found: str = ""
    mode: str = ""
    ref: str = ""
    cause: str = ""
    remedy: str = ""
    costs: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
