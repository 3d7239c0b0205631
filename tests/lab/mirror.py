"""
Where packages come from: the mirror, options and keys this machine's own apt already uses.

No address is written down here. A machine that can install Debian packages can build images of any Debian
release from the same mirror; one that uses another distribution leaves the choice to mmdebstrap.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.lab.process import run

_ETC = Path("/etc/apt")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SUITES = {
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
}
_FORMAT = "$(CREATED_BY) $(COMPONENT) $(RELEASE) $(REPO_URI)"
_FORCED = """\
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
"""


@dataclass(frozen=True)
class Mirror:
    """Addresses of the Debian archive and of its security archive; empty when the machine knows none."""

    archive: str
    security: str

    def sources(self, suite: str) -> list[str]:
        """Give the sources.list lines for a release: itself, its updates and its security fixes."""
        if not self.archive:
            return []
        option = f"[signed-by={','.join(_keyrings())}]"
        lines = [f"deb {option} {self.archive} {name} main" for name in (suite, f"{suite}-updates")]
        if self.security:
            lines.append(f"deb {option} {self.security} {suite}-security main")
        return lines


def machine_mirror() -> Mirror:
    """Find the Debian mirror among the machine's apt sources, unless PODSTEAD_LAB_MIRROR names one."""
    archive, security = os.environ.get("PODSTEAD_LAB_MIRROR", ""), os.environ.get("PODSTEAD_LAB_SECURITY", "")
    if archive:
        return Mirror(archive, security)
    for line in run(["apt-get", "indextargets", "--format", _FORMAT]).stdout.splitlines():
        made_by, component, release, address = line.split(" ", 3)
        if (made_by, component) != ("Packages", "main"):
            continue
        if release in _SUITES:
            archive = archive or address
        elif release.removesuffix("-security") in _SUITES:
            security = security or address
    return Mirror(archive, security if archive else "")


def apt_options() -> str:
    """Give the machine's own way to reach its mirror (proxy, certificates, dates) as an apt.conf text."""
    dump = run(["apt-config", "dump"]).stdout.splitlines()
    kept = [line for line in dump if line.startswith("Acquire::") and not line.endswith(' "";')]
    return "\n".join(kept) + "\n" + _FORCED


def credentials() -> list[Path]:
    """Give the files in which the machine's apt keeps what it needs to log in to a mirror."""
    found = (_ETC / "auth.conf", *sorted((_ETC / "auth.conf.d").glob("*.conf")))
    return [path for path in found if path.is_file()]


def _keyrings() -> list[str]:
    """Give Debian's own keyring, and the keyrings the machine's sources name (a mirror may sign anew)."""
    named: set[str] = set()
    lists = [
        path
        for pattern in ("sources.list", "sources.list.d/*.list", "sources.list.d/*.sources")
        for path in _ETC.glob(pattern)
    ]
    for source in lists:
        named |= set(re.findall(r"(?i)signed-by[:=]\s*(/[^\s,\]]+)", source.read_text(errors="replace")))
    return [str(_KEYRING), *sorted(name for name in named if Path(name).is_file() and name != str(_KEYRING))]
