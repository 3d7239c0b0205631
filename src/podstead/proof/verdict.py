"""Every finding about one user: the judges, then the diagnosis."""

from __future__ import annotations

from podstead.proof.case import Case
from podstead.proof.diagnosis import explain
from podstead.proof.finding import Finding
from podstead.proof.judges.namespaces import context, delegation, namespaces
from podstead.proof.judges.podman import containers, maps
from podstead.proof.judges.start import follow, start
from podstead.proof.judges.surroundings import driver, isolation, limits, network, sockets, survival


def findings(case: Case) -> tuple[Finding, ...]:
    """Every check for one user, in the order of their ids."""
    judged = [
        *context(case),
        *delegation(case),
        *namespaces(case),
        *maps(case),
        *containers(case),
        *sockets(case),
        *network(case),
        limits(case),
        survival(case),
        driver(case),
        isolation(case),
        start(case),
    ]
    following = (follow(case, finding) for finding in judged)
    return tuple(explain(sorted(following, key=lambda finding: finding.check), case))
