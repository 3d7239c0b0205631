"""Every known way in which a host breaks rootless Podman, as data: one TOML file for each field.

The files are plain TOML, so that other projects can read them without Python.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from podstead.host.family import Family
from podstead.proof.finding import Severity


class Need(StrEnum):
    """What a remedy takes. Said beside the remedy, before anybody pastes it."""

    ROOT = "root"
    RELOGIN = "relogin"
    REBOOT = "reboot"
    STOPS_CONTAINERS = "stops-containers"
    MAY_LOSE_DATA = "may-lose-data"


COSTS: Mapping[Need, str] = MappingProxyType(
    {
        Need.ROOT: "needs root",
        Need.RELOGIN: "takes effect at the user's next login",
        Need.REBOOT: "needs a reboot",
        Need.STOPS_CONTAINERS: "STOPS the user's containers",
        Need.MAY_LOSE_DATA: "MAY LOSE DATA: save images and volumes before",
    }
)


class FailureMode(BaseModel):
    """One way in which a host breaks rootless Podman."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: str = Field(pattern=r"^[A-J]\d\d$", description="Letter of the field and number: B03.")
    id: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$", description="Stable and readable: helper-privileges-lost."
    )
    title: str = Field(max_length=100)
    severity: Severity
    breaks: str = Field(description="What no longer works, and for which users.")
    symptoms: tuple[str, ...] = Field(default=(), description="What programs print, word for word.")
    cause: str
    remedy: Mapping[str, str] = Field(description='Family ("debian", "redhat", ... or "any") -> what to do.')
    needs: frozenset[Need] = Field(default=frozenset(), description="What the remedy takes.")
    applied: bool = Field(default=False, description="podstead apply repairs it.")
    obstacle: bool = Field(
        default=False,
        description="One look proves it, without a probe, and no part of the plan deals with it: podstead apply refuses it.",
    )
    of_files: bool = Field(
        default=False, description="Only a look at all owners of /etc/subuid and /etc/subgid shows it (V03)."
    )
    undetected: str = Field(
        default="", description="Why no code detects it, and from where it could be seen."
    )
    sources: tuple[str, ...] = Field(min_length=1)

    def remedy_for(self, family: Family) -> str:
        return self.remedy.get(family.name) or self.remedy.get("any") or next(iter(self.remedy.values()))

    @property
    def costs(self) -> tuple[str, ...]:
        """What the remedy takes, in words, the gravest last."""
        return tuple(text for need, text in COSTS.items() if need in self.needs)


@cache
def load() -> Mapping[str, FailureMode]:
    """All failure modes by their reference, in order."""
    found = {}
    folder = files("podstead.proof.catalogue")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            for entry in tomllib.loads(file.read_text(encoding="utf-8"))["mode"]:
                mode = FailureMode.model_validate(entry)
                found[mode.ref] = mode
    return MappingProxyType(dict(sorted(found.items())))


def find(name: str) -> FailureMode | None:
    """The failure mode with this id or reference (B03 or helper-privileges-lost), or None."""
    modes = load()
    return modes.get(name.upper()) or next((mode for mode in modes.values() if mode.id == name.lower()), None)
