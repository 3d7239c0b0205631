"""Every finding about one user: the judges, then the diagnosis."""

from __future__ import annotations

from podstead.proof.diagnosis import explain
from podstead.proof.finding import Finding
from podstead.proof.judges.namespaces import context, delegation, namespaces
from podstead.proof.judges.podman import containers, maps
from podstead.proof.judges.start import follow, start
from podstead.proof.judges.surroundings import driver, isolation, limits, network, sockets, survival
from podstead.proof.subject import Subject


def findings(subject: Subject) -> tuple[Finding, ...]:
    """Every check for one user, in the order of their ids."""
    judged = [
        *context(subject),
        *delegation(subject),
        *namespaces(subject),
        *maps(subject),
        *containers(subject),
        *sockets(subject),
        *network(subject),
        limits(subject),
        survival(subject),
        driver(subject),
        isolation(subject),
        start(subject),
    ]
    following = (follow(subject, finding) for finding in judged)
    return tuple(explain(sorted(following, key=lambda finding: finding.check), subject))
