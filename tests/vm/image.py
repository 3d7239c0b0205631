"""
The disk every VM starts from: Debian 13 with a kernel, and with all that podstead would install.

The packages are put in while the root is a directory, at the speed of this machine: under emulation the same
installation takes minutes, and how podstead installs them is what tests/real_hosts is for.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.lab.images import build_root, cache, finish, locked, say
from tests.lab.process import run
from tests.lab.recipe import Recipe

_SIZE = "6G"  # sparse; an image of a container or two has room

# Runs after the lab's own finish ($root is the image). The address is QEMU's for its only guest; a name server that
# is not there refuses at once. Timers that start work of their own would only slow the tests down.
_OWN = """\
: >"$root/etc/apt/sources.list"
printf '/dev/vda / ext4 defaults 0 1\\n' >"$root/etc/fstab"
printf 'podstead-vm\\n' >"$root/etc/hostname"
printf '127.0.0.1 localhost\\n127.0.1.1 podstead-vm\\n::1 localhost ip6-localhost\\n' >"$root/etc/hosts"
printf 'nameserver 127.0.0.1\\n' >"$root/etc/resolv.conf"
printf '[Match]\\nName=eth0\\n[Network]\\nAddress=10.0.2.15/24\\nIPv6AcceptRA=no\\n' \\
    >"$root/etc/systemd/network/eth0.network"
chroot "$root" systemctl --quiet enable systemd-networkd.service
chroot "$root" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \\
    e2scrub_all.timer fstrim.timer
install -d -m 0700 "$root/root/.ssh"
for account; do
    IFS=: read -r name uid groups <<EOT
$account
EOT
    install -d -m 0700 -o "$uid" -g "$uid" "$root/home/$name/.ssh"
done
"""

RECIPE = Recipe(
    "vm-debian-13",
    "trixie",
    own=_OWN,
    installed=(
        "linux-image-cloud-amd64", "udev", "e2fsprogs",
        "podman", "uidmap", "dbus-user-session", "passt", "crun", "catatonit", "nftables", "netavark",
        "aardvark-dns", "python3-minimal",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Image:
    """A file system that no VM has booted yet, and the kernel and initrd that lie in its /boot."""

    disk: Path
    kernel: Path
    initrd: Path


def image() -> Image:
    """Give the image, and build it first when the cache has none of this recipe."""
    key = hashlib.sha256(f"{RECIPE.key} {_SIZE}".encode()).hexdigest()[:12]
    place = cache() / "vm" / f"{RECIPE.release}-{key}"
    with locked(place.parent / f"{RECIPE.release}.lock"):
        if not place.is_dir():
            _build(place)
    return Image(place / "disk.ext4", place / "vmlinuz", place / "initrd.img")


def _build(place: Path) -> None:
    """Build under a temporary name and rename, so that an image is there whole or not at all."""
    for old in place.parent.glob(f"{RECIPE.release}-*"):  # of a build that died, or of an older recipe
        shutil.rmtree(old)
    began = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix=f"{RECIPE.release}-", suffix=".tmp", dir=place.parent))
    try:
        say(f"{RECIPE.release}: building the disk (once; kept in {place})")
        build_root(RECIPE, work)
        finish(RECIPE, work)
        root = work / "root"
        for name in ("vmlinuz", "initrd.img"):
            found = next((root / "boot").glob(f"{name}-*"))
            shutil.copyfile(found, work / name)
        run(["mkfs.ext4", "-q", "-F", "-L", "podstead-vm", "-d", root, work / "disk.ext4", _SIZE])
        os.sync()
        shutil.rmtree(root)
        (work / "apt.conf").unlink()
        (work / "sources.list").unlink()
        work.rename(place)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    say(f"{RECIPE.release}: built in {time.monotonic() - began:.0f} s")
