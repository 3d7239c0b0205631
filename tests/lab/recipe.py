"""What a host of each release is made of, and the hash that tells one recipe from the next."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tests.lab.errors import LabError

# The accounts of every host: name, UID, supplementary groups. carol's password is on purpose a public one.
ACCOUNTS = (("admin", 1000, "sudo"), ("alice", 1001, ""), ("bob", 1002, ""), ("carol", 1003, "sudo"))
CAROL_PASSWORD = "carol-secret"

_HOST = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "sudo",
    "iproute2",
    "libpam-systemd",
    "passwd",
    "procps",
    "apt",
    "kmod",
)
_REPOSITORY = (
    "podman",
    "uidmap",
    "dbus-user-session",
    "slirp4netns",
    "fuse-overlayfs",
    "crun",
    "nftables",
    "iptables",
    "golang-github-containers-common",
    "busybox-static",
    "dash",
    "acl",
    "libcap2-bin",
    "netcat-openbsd",
    "python3-minimal",
    "python3-apt",
    "iputils-ping",
    "procps",
    "containernetworking-plugins",
    "ca-certificates",
    "sshfs",
    "apt-utils",
)
# Installed already, and here for tests that purge one and want it back.
REINSTALLABLE = ("libpam-systemd", "sudo", "dbus", "openssh-server", "iproute2", "passwd")

# Runs in the image root at the end of the build ($1). "From nothing" is the point: no account may have
# subordinate IDs, and nothing may tell where the packages came from.
FINISH = """\
set -eu
root=$1
shift
for account; do
    IFS=: read -r name uid groups <<EOT
$account
EOT
    chroot "$root" useradd --create-home --uid "$uid" --shell /bin/bash ${groups:+--groups "$groups"} "$name"
    chmod 0700 "$root/home/$name"
done
printf 'admin ALL=(ALL:ALL) NOPASSWD: ALL\\n' >"$root/etc/sudoers.d/admin"
chmod 0440 "$root/etc/sudoers.d/admin"
rm -f "$root"/etc/subuid "$root"/etc/subgid "$root"/etc/subuid- "$root"/etc/subgid-
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/machine-id "$root"/etc/resolv.conf
rm -rf "$root"/etc/apt/auth.conf "$root"/etc/apt/auth.conf.d/* "$root"/etc/apt/sources.list.d/*
rm -f "$root"/etc/apt/apt.conf.d/99mmdebstrap "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
# As on a host made by cloud-init; else Podman's units would wait 90 s for a target nothing starts.
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s /lib/systemd/system/network-online.target "$root/etc/systemd/system/multi-user.target.wants/"
mkdir -p "$root/srv/packages"
printf 'deb [trusted=yes] file:/srv/packages ./\\n' >"$root/etc/apt/sources.list"
: >"$root/etc/machine-id"
"""

# systemd#40135, open: since 258 logind is given a /proc of its own, without the boot ID that nspawn laid over the
# kernel's. It then refuses every session, and no user manager starts. No real host needs this.
_ONE_BOOT_ID = """\
mkdir -p "$root/etc/systemd/system/systemd-logind.service.d"
printf '[Service]\\nBindPaths=/proc\\n' >"$root/etc/systemd/system/systemd-logind.service.d/nspawn.conf"
"""


@dataclass(frozen=True)
class Recipe:
    """
    One release: its suite, what a fresh host holds, what its package repository offers.

    `own` runs after FINISH; `installed` is what a host has beyond the packages of every host.
    """

    release: str
    suite: str
    more: tuple[str, ...] = ()
    own: str = ""
    installed: tuple[str, ...] = ()

    @property
    def host_packages(self) -> tuple[str, ...]:
        """Packages a fresh host has."""
        return (*_HOST, *self.installed)

    @property
    def repository_packages(self) -> tuple[str, ...]:
        """Packages a host can install, with all they depend on and recommend."""
        return (*_REPOSITORY, *self.more)

    @property
    def finish(self) -> str:
        """What runs in the image root at the end of the build."""
        return FINISH + self.own

    @property
    def key(self) -> str:
        """Hash of all that shapes the image: a changed recipe has another key, so it is built anew."""
        parts = repr(
            (self.suite, self.host_packages, self.repository_packages, REINSTALLABLE, ACCOUNTS, self.finish)
        )
        return hashlib.sha256((parts + CAROL_PASSWORD).encode()).hexdigest()[:12]


_NEWER = (
    "passt",
    "catatonit",
    "netavark",
    "aardvark-dns",
    "opendoas",
    "util-linux-extra",
    "containers-storage",
)
RECIPES = {
    recipe.release: recipe
    for recipe in (
        Recipe("debian-11", "bullseye", ("doas", "catatonit", "containers-storage")),
        # sssd-common has the libsubid module of a directory, which tests put on hosts by itself
        Recipe("debian-12", "bookworm", (*_NEWER, "sssd-common")),
        Recipe("debian-13", "trixie", (*_NEWER, "systemd-container", "sssd-common")),
        # Debian testing: the newest Podman, shadow and systemd. It moves, and an image stays as it was built.
        Recipe("debian-forky", "forky", (*_NEWER, "systemd-container"), _ONE_BOOT_ID),
    )
}


def recipe_for(release: str) -> Recipe:
    """Find a release's recipe, or say which releases there are."""
    try:
        return RECIPES[release]
    except KeyError:
        message = f"no recipe for a host of release {release!r}; there are {', '.join(RECIPES)}"
        raise LabError(message) from None
