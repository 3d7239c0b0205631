"""Every check of the verifier. Each is declared beside its judge, in a module of :mod:`podstead.proof.judges`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from podstead.proof.check import Check
from podstead.proof.finding import Finding, Verdict
from podstead.proof.judges import (
    containers,
    grants,
    isolation,
    limits,
    maps,
    namespaces,
    network,
    of_host,
    session,
    sockets,
    start,
    storage,
)

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        check.id: check
        for check in (
            session.V01,
            grants.V02,
            grants.V03,
            namespaces.V04,
            namespaces.V05,
            namespaces.V06,
            namespaces.V07,
            namespaces.V08,
            namespaces.V09,
            maps.V10,
            maps.V11,
            maps.V12,
            maps.V13,
            maps.V14,
            maps.V15,
            maps.V16,
            containers.V17,
            containers.V18,
            containers.V19,
            containers.V20,
            sockets.V21,
            sockets.V22,
            network.V23,
            network.V24,
            limits.V25,
            session.V26,
            storage.V27,
            isolation.V28,
            of_host.V29,
            of_host.V30,
            start.V31,
        )
    }
)


def remedy_without_cause(check: str) -> str:
    """What to do while no cause is proved: to look, which changes nothing."""
    return f"Cause unknown. {CHECKS[check].remedy} podstead explain {check} says what the check is based on."


def finding_of(
    check: str,
    verdict: Verdict,
    *,
    user: str = "",
    expected: str = "",
    found: str = "",
    cause: str = "",
    remedy: str | None = None,
) -> Finding:
    """A finding of a check. Where something is wrong and no remedy is given, it says that the cause is not known."""
    known = CHECKS[check]
    own = remedy_without_cause(check) if verdict in (Verdict.FAIL, Verdict.WARN) else ""
    return Finding(
        check=check,
        title=known.title,
        severity=known.severity,
        verdict=verdict,
        user=user,
        expected=expected,
        found=found,
        cause=cause,
        remedy=own if remedy is None else remedy,
    )
