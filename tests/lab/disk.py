"""
The disk of one host: the image below, what this host writes above it, and homes of its own.

The root is an overlay, so that a host costs no copy of an image. /home and /srv are ordinary directories, as
on a real host with partitions for them: Podman's own overlay driver does not work on top of an overlay.
"""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.lab.process import run
from tests.lab.recipe import ACCOUNTS

_HOSTS = """\
127.0.0.1 localhost
127.0.1.1 {name}
::1 localhost ip6-localhost ip6-loopback
"""


@dataclass(frozen=True)
class Disk:
    """Where a host's files are on the machine, and the image they lie above."""

    place: Path
    image: Path

    @property
    def upper(self) -> Path:
        """What the host has written over the image."""
        return self.place / "upper"

    def make(self, name: str, public_key: str, nameserver: str, homes: Path | None = None) -> None:
        """
        Make the disk of a host before its first boot: its name, its identity, and the lab's key.

        `homes` has what /home and /srv begin with, if they are not the image's.
        """
        for folder in ("root", "upper", "devices"):
            (self.place / folder).mkdir(parents=True)
        for folder in ("home", "srv"):
            run(["cp", "--archive", (homes or self.image) / folder, self.place / folder])
        etc = self._folder("etc")
        (etc / "hostname").write_text(f"{name}\n")
        (etc / "hosts").write_text(_HOSTS.format(name=name))
        (etc / "machine-id").write_text(f"{uuid.uuid4().hex}\n")
        # A host has a resolver; nobody answers at this one, and a question is refused at once.
        (etc / "resolv.conf").write_text(f"nameserver {nameserver}\n")
        keys = self._folder("etc/ssh")
        # a key of RSA as well would cost half a second, and nobody asks for it
        for kind in ("ecdsa", "ed25519"):
            key = keys / f"ssh_host_{kind}_key"
            run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"root@{name}", "-f", key])
        _authorize(self._folder("root"), 0, public_key)
        for account, uid, _groups in ACCOUNTS:
            _authorize(self.place / "home" / account, uid, public_key)

    def host_keys(self) -> list[str]:
        """Give the host's public keys as known_hosts has them: type and key."""
        files = sorted((self.upper / "etc/ssh").glob("ssh_host_*_key.pub"))
        return [" ".join(file.read_text().split()[:2]) for file in files]

    def _folder(self, name: str) -> Path:
        """Make a directory of the image above it, with the owner and mode the image has."""
        made = self.upper
        for part in Path(name).parts:
            made /= part
            below = self.image / made.relative_to(self.upper)
            made.mkdir(exist_ok=True)
            shutil.copystat(below, made)
            os.chown(made, below.stat().st_uid, below.stat().st_gid)
        return made


def remove_disks(place: Path) -> None:
    """Remove the disks of a lab, whatever its hosts' accounts and containers have left there."""
    if place.exists():
        shutil.rmtree(place)


def _authorize(home: Path, uid: int, public_key: str) -> None:
    folder = home / ".ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    keys = folder / "authorized_keys"
    keys.write_text(public_key)
    keys.chmod(0o600)
    for made in (folder, keys):
        os.chown(made, uid, uid)
