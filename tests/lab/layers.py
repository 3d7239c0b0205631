"""A layer above an image: what a host has on which Podman has been installed. Built once, beside the image."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

from tests.lab.images import image, locked, say
from tests.lab.process import run

#: What ``podstead apply`` installs for the built-in role, by release; what is missing here it still installs.
_COMMON = ("podman", "uidmap", "crun", "dbus-user-session", "catatonit")
_PODMAN = {
    "debian-11": (*_COMMON, "slirp4netns", "fuse-overlayfs"),
    "debian-12": (*_COMMON, "slirp4netns", "netavark", "aardvark-dns", "iptables"),
    "debian-13": (*_COMMON, "passt", "netavark", "aardvark-dns", "nftables"),
    "debian-forky": (*_COMMON, "passt", "netavark", "aardvark-dns", "nftables"),
}

# In a mount namespace of its own, which takes every mount with it: $1 image, $2 its packages, $3 the layer, then names.
# The package lists stay, as they do on a host where podstead has installed something.
_BUILD = """\
set -eu
image=$1 packages=$2 layer=$3
shift 3
mkdir -p "$layer/upper" "$layer/work" "$layer/root"
mount -t overlay -o "lowerdir=$image,upperdir=$layer/upper,workdir=$layer/work,volatile" podstead-lab "$layer/root"
mount --bind "$packages" "$layer/root/srv/packages"
mount -t proc proc "$layer/root/proc"
export DEBIAN_FRONTEND=noninteractive
chroot "$layer/root" apt-get -q update
chroot "$layer/root" apt-get -q -y -o Dpkg::Options::=--force-unsafe-io install --no-install-recommends -- "$@"
rm -f "$layer/root"/var/cache/apt/*.bin
"""


def with_podman(release: str) -> Path:
    """Give the layer in which Podman is installed, and build it first when there is none."""
    base = image(release)
    names = _PODMAN[release]
    key = hashlib.sha256(repr((names, _BUILD)).encode()).hexdigest()[:12]
    place = base.root.parent / f"podman-{key}"
    if not place.is_dir():
        with locked(base.root.parent.parent / f"{release}.lock"):
            if not place.is_dir():
                began = time.monotonic()
                work = place.with_suffix(".tmp")
                shutil.rmtree(work, ignore_errors=True)
                argv = ["unshare", "--mount", "--propagation=private", "sh", "-c", _BUILD, "sh"]
                run([*argv, base.root, base.packages, work, *names])
                (work / "root").rmdir()
                shutil.rmtree(work / "work")
                work.rename(place)
                say(f"{release}: Podman installed in a layer in {time.monotonic() - began:.0f} s")
    return place / "upper"
