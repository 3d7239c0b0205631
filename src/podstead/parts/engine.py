"""Engine settings: keys of containers.conf(5) in a drop-in that podstead owns."""

from __future__ import annotations

from dataclasses import dataclass

from podstead.change import ABSENT, Change, Outcome, Phase, Refusal, WriteFile, checksum, unified_diff
from podstead.frames import Records
from podstead.parts.packages import PackagesState
from podstead.render import toml
from podstead.spec import HostSpec
from podstead.versions import upstream

DROP_IN = "/etc/containers/containers.conf.d/50-podstead.conf"


@dataclass(frozen=True, slots=True)
class EngineState:
    """The text of our drop-in, or None."""

    drop_in: str | None


def parse(records: Records) -> EngineState:
    return EngineState(next((one.text for one in records.all("file") if one.argument == DROP_IN), None))


def plan(spec: HostSpec, state: EngineState, packages: PackagesState) -> Outcome:
    """Write the drop-in when the spec has engine settings and they differ."""
    if not spec.engine:
        return Outcome()
    podman = upstream(packages.podman())
    if podman and (podman.major, podman.minor) < (3, 3):
        return Outcome(refusals=(_no_drop_ins(str(podman)),))
    text = toml(spec.engine)
    if text == state.drop_in:
        return Outcome()
    expected = ABSENT if state.drop_in is None else checksum(state.drop_in.encode())
    return Outcome(
        changes=(
            Change(
                id="engine:drop-in:content",
                phase=Phase.ENGINE,
                title=f"write {DROP_IN}",
                steps=(WriteFile(path=DROP_IN, content=text, expected=expected),),
                diff=unified_diff(DROP_IN, state.drop_in, text),
            ),
        )
    )


def _no_drop_ins(podman: str) -> Refusal:
    """containers/common#615 (June 2021) brought the folder; Debian 11's Podman 3.0.1 does not know its name."""
    return Refusal(
        id="engine:drop-in:content",
        title="engine settings cannot be made here",
        reason=f"Podman {podman} does not read {DROP_IN.rpartition('/')[0]} (new in 3.3)",
        remedy="set them by hand in /etc/containers/containers.conf, or use a release with a newer Podman",
    )
