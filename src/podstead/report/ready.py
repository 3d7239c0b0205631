"""The end of a good proof: who is ready, how to try it, and which IDs of a container are which on the host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from podstead.ids.ranges import IdMap, IdRange
from podstead.plural import agree, counted
from podstead.printable import one_line
from podstead.proof.catalogue import COSTS, Need
from podstead.suggest import the_first
from podstead.visit.record import Grant, HostReport, Report, failed_findings

TRY: Final = "podman run --rm docker.io/library/alpine id"
_PICTURES: Final = 3
"""So many pictures; users who have the same IDs share one."""
_EXAMPLE: Final = 5


def ready(report: Report, *, here: str = "", me: str = "") -> str:
    """Return what the users who are ready can do now, as lines for a terminal; empty where nobody is.

    ``me`` is the person who asks, on the host that is called ``here``.
    """
    hosts_by_user: dict[tuple[str, Grant], list[str]] = {}
    login_first: set[str] = set()
    for host in report.hosts:
        for user in _ready(host):
            hosts_by_user.setdefault((user, host.grants[user]), []).append(host.name)
            if _needs_login(host, user):
                login_first.add(user)
    lines: list[str] = []
    for (user, grant), names in list(hosts_by_user.items())[:_PICTURES]:
        is_caller = (user, names) == (me, [here])
        lines += ["", *_user(user, grant, names, is_caller=is_caller, login=user in login_first)]
    more = len(hosts_by_user) - _PICTURES
    if more > 0:
        lines += ["", f"{counted(more, 'more user')} {agree(more, 'is', 'are')} ready."]
    return "\n".join(lines)


def _ready(host: HostReport) -> list[str]:
    """The users of a host for whom nothing failed and everything could be checked."""
    return [
        user
        for user in host.grants
        if (findings := tuple(finding for finding in host.findings if finding.user == user))
        and not failed_findings(findings)
    ]


def _needs_login(host: HostReport, user: str) -> bool:
    return any(COSTS[Need.RELOGIN] in finding.costs for finding in host.findings if finding.user == user)


def _user(user: str, grant: Grant, hosts: Sequence[str], *, is_caller: bool, login: bool) -> Iterator[str]:
    who = one_line(user)
    again = "log out and in again, and try it:" if login else "try it:"
    if is_caller:
        yield f"You ({who}) are ready for rootless Podman; {again}"
    else:
        yield f"{who} on {the_first(map(one_line, hosts))} is ready for rootless Podman. Log in as {who}, not with su or sudo, and try it:"
    yield f"  {TRY}"
    yield ""
    yield from picture(who, grant)


def picture(user: str, grant: Grant) -> Iterator[str]:
    """Yield the ID map of a user's containers as a table: what is inside, and what that is on the host."""
    if grant.uid is None:
        return
    id_map = IdMap.expected(grant.uid, map(_range, grant.uids)).merged()
    rows = [("in a container", "on the host")]
    for extent in id_map.extents:
        if extent.inside == 0:
            rows.append(("0, root", f"{extent.outside}, {user} alone"))
        else:
            rows.append((_span(extent.inside, extent.count), _span(extent.outside, extent.count)))
    width = max(len(inside) for inside, _ in rows)
    for inside, outside in rows:
        yield f"  {inside:<{width}}   {outside}"
    example = id_map.to_host(_EXAMPLE)
    if example is not None:
        yield f"  so a file of container ID {_EXAMPLE} belongs to {example} on the host"


def _span(first: int, count: int) -> str:
    return f"{first} to {first + count - 1}" if count > 1 else str(first)


def _range(text: str) -> IdRange:
    start, _, count = text.partition(":")
    return IdRange(int(start), int(count))
