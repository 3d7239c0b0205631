"""What a host should compute for the probe of a user (visit/scripts/probe_values.sh), from the state that podstead has read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from podstead.host import subids
from podstead.host.accounts import owners
from podstead.host.state import HostState
from podstead.ids.ranges import IdRange
from podstead.proof.subject import PING_RANGE, PORT_START


def probe_values(name: str, state: HostState) -> dict[str, str]:
    """The assignments of the user's probe."""
    account = state.accounts.by_name[name]
    subuids, subgids = subids.granted(name, state.subids, state.accounts)
    values = {
        "PS_UIDMAP": "",
        "PS_GIDMAP": "",
        "PS_UIDOVER": "",
        "PS_GIDOVER": "",
        "PS_OTHER": "",
        "PS_RAW": "",
    }
    if subuids and subgids:
        for side, own, ranges in (
            ("UID", account.uid, sorted(subuids)),
            ("GID", account.gid, sorted(subgids)),
        ):
            values[f"PS_{side}MAP"] = _arguments(own, ranges)
            over = [*ranges[:-1], IdRange(ranges[-1].start, ranges[-1].count + 1)]
            values[f"PS_{side}OVER"] = _arguments(own, over)
        values["PS_OTHER"] = str(_foreign(name, state, subuids))
        values["PS_RAW"] = f"0 {account.uid} 1\\n1 {min(subuids).start} {min(subuids).count}\\n"
    live = state.sysctls.live.get(PORT_START, "")
    boundary = int(live) if re.fullmatch("[0-9]{1,5}", live) else 1024
    return values | {
        "PS_LAST": str(sum(one.count for one in subuids)),
        "PS_GLAST": str(sum(one.count for one in subgids)),
        "PS_PORTS": " ".join(str(port) for port in (boundary or 1, boundary - 1) if 0 < port < 65536),
        "PS_DO": "helpers sockets engine containers",
    }


def _arguments(own: int, ranges: Sequence[IdRange]) -> str:
    """The arguments of newuidmap(1) for a map: container ID, host ID, count, for each extent."""
    inside, words = 1, [f"0 {own} 1"]
    for one in ranges:
        words.append(f"{inside} {one.start} {one.count}")
        inside += one.count
    return " ".join(words)


def _foreign(name: str, state: HostState, own: tuple[IdRange, ...]) -> int:
    """A host UID that the user was not granted: another owner's if there is one, else the ID far above."""
    names = owners(name, state.accounts)
    for entry in state.subids.subuid.entries:
        if entry.owner not in names and not any(entry.range.start in one for one in own):
            return entry.range.start
    return max(one.stop for one in own) + 1_000_000


def denied_gid(state: HostState) -> str:
    """A group outside ``ping_group_range`` for the counter-proof, or nothing where the range leaves none."""
    fields = state.sysctls.live.get(PING_RANGE, "").split()
    if len(fields) != 2 or not all(re.fullmatch("[0-9]{1,10}", field) for field in fields):
        return ""
    above = int(fields[1]) + 1
    return str(above) if above < 2**31 - 1 else ""
