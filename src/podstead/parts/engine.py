"""Engine settings: keys of containers.conf(5) in a drop-in that podstead owns."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from podstead.change import Outcome, OwnFile, Phase, Refusal, allowing
from podstead.frames import Records
from podstead.parts.engine_lasting import Segment, objections, parse_segments
from podstead.parts.packages import PackagesState
from podstead.render import toml
from podstead.spec import HostSpec
from podstead.versions import upstream

DROP_IN = "/etc/containers/containers.conf.d/50-podstead.conf"
_ID = "engine:drop-in:content"


@dataclass(frozen=True, slots=True)
class EngineState:
    """Our drop-in; and what Podman's of all users have made under the settings before."""

    drop_in: OwnFile
    segments: tuple[Segment, ...] = ()


def parse(records: Records) -> EngineState:
    return EngineState(
        OwnFile.seen(records, DROP_IN),
        parse_segments(records.lines("lock-segments")),
    )


def plan(
    spec: HostSpec,
    state: EngineState,
    packages: PackagesState,
    *,
    with_storage: frozenset[str],
    tools: Container[str],
    allowed: Container[str] = (),
) -> Outcome:
    """Write the drop-in when the spec has engine settings and they differ, unless that breaks what was made before.

    ``with_storage``: users who have used Podman; ``tools``: programs that the host has.
    """
    if not spec.engine:
        return Outcome()
    podman = upstream(packages.podman())
    if podman and (podman.major, podman.minor) < (3, 3):
        return Outcome(refusals=(_no_drop_ins(str(podman)),))
    written = state.drop_in.rewritten(
        toml(spec.engine), name=_ID, phase=Phase.ENGINE, title=f"write {DROP_IN}"
    )
    if not written.changes:
        return written
    broken = objections(
        spec.engine,
        state.drop_in.text,
        segments=state.segments,
        with_storage=with_storage,
        runtimes=frozenset(name for name in ("crun", "runc") if name in tools or name in spec.packages),
        podman=podman,
    )
    if broken and _ID not in allowed:
        return Outcome(refusals=(_would_break(broken),))
    return written


def _would_break(broken: tuple[str, ...]) -> Refusal:
    return Refusal(
        id=_ID,
        title="engine settings would break what was made under the old ones",
        reason="; ".join(broken),
        remedy="leave the setting as it is; or make the change where nothing depends on it yet: locks are new after a "
        "reboot, or where no container of the user is left, and the user has removed the lock segment of that UID: "
        "rm /dev/shm/libpod_rootless_lock_$(id -u); "
        f"to write it all the same, before a reboot for example: {allowing(_ID)}",
        allow=True,
    )


def _no_drop_ins(podman: str) -> Refusal:
    """containers/common#615 (June 2021) brought the folder; Debian 11's Podman 3.0.1 does not know its name."""
    return Refusal(
        id=_ID,
        title="engine settings cannot be made here",
        reason=f"Podman {podman} does not read {DROP_IN.rpartition('/')[0]} (new in 3.3)",
        remedy="set them by hand in /etc/containers/containers.conf, or use a release with a newer Podman",
    )
