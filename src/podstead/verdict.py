"""Every finding about one user: the judges, then the diagnosis."""

from __future__ import annotations

from podstead.case import Case
from podstead.diagnosis import explain
from podstead.finding import Finding
from podstead.judge import context, delegation, namespaces
from podstead.judge_host import driver, isolation, limits, network, sockets, survival
from podstead.judge_podman import containers, maps
from podstead.judge_start import follow, start


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
