"""Packages: what is installed, and the helpers that write ID maps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from podstead.host.frames import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagesState:
    """What is installed, completely. A package that was interrupted half-way does not count."""

    manager: str
    installed: Mapping[str, str]
    broken: frozenset[str]
    helpers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """newuidmap and newgidmap by path: mode (octal) and owner, links followed."""
    candidate: str = ""
    """Podman's version in the package lists, where Podman is missing and the manager was asked."""

    def podman(self) -> str:
        """The version that is or will be there; empty when nothing is known."""
        return self.installed.get("podman") or self.candidate


def parse(records: Records) -> PackagesState:
    manager = next((record.argument for record in records.all("packages")), "none")
    installed, broken = {}, set()
    for line in records.lines("packages"):
        fields = line.split("\t")
        if len(fields) == 3 and fields[2] == "installed":
            installed[fields[0]] = fields[1]
        elif len(fields) == 3 and fields[2] not in ("not-installed", "config-files"):
            broken.add(fields[0])
    match = re.search(r"^\s*Candidate:\s*(\S+)", records.text("candidate") or "", re.MULTILINE)
    candidate = match[1] if match and match[1] != "(none)" else ""
    tools = records.pairs("tools")
    paths = {tools[name] for name in ("newuidmap", "newgidmap") if name in tools}
    helpers = {}
    for record in records.all("stat"):
        for line in record.text.splitlines():
            fields = line.split(":", 4)
            if len(fields) == 5 and fields[4] in paths and re.fullmatch("[0-7]{3,4}", fields[0]):
                helpers[fields[4]] = (fields[0], fields[1])
    return PackagesState(
        manager=manager, installed=installed, broken=frozenset(broken), helpers=helpers, candidate=candidate
    )
