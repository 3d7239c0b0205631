"""Damage to storage, configuration files and runtimes (H, I)."""

from __future__ import annotations

from tests.real_hosts.damage.case import (
    D11,
    D12,
    D13,
    FORKY,
    UNUSED,
    Damage,
    Outcome,
    as_alice,
    install,
    remove,
    user_manager,
)

CONFIG = "/home/alice/.config/containers"
_SHARE = "/home/alice/.local/share/containers"
_FEW, _ENOUGH = user_manager(
    "LimitNPROC=900"
)  # the kernel counts the processes of UID 1001 on all hosts of the lab


def config(text: str) -> tuple[str, str]:
    """Settings in alice's own containers.conf: make and mend. Debian 11 keeps its limit on pids there."""
    mine, sound = f"{CONFIG}/containers.conf", "/root/containers.sound"
    keep = f"mkdir -p {CONFIG}; [ ! -e {mine} ] || cp -p {mine} {sound}; "
    write = f'printf "[containers]\\npids_limit = 0\\n{text}\\n" >{mine}; chown -R alice: /home/alice/.config'
    return keep + write, f"if [ -e {sound} ]; then mv {sound} {mine}; else rm {mine}; rmdir {CONFIG}; fi"


_ULIMITS, _NO_ULIMITS = config('default_ulimits = [\\"nofile=99999999:99999999\\"]')
_FOLDER = as_alice(f"mkdir -p {_SHARE}") + "; "

STORAGE = (
    Damage(
        name="storage on a network file system",
        ref="H01",
        make=install("sshfs")
        + _FOLDER
        + "mkdir -p /srv/remote; printf '#!/bin/sh\\nexec /usr/lib/openssh/sftp-server\\n' >/srv/sftp; chmod +x /srv/sftp; "
        f"sshfs -o allow_other,uid=1001,gid=1001,ssh_command=/srv/sftp remote:/srv/remote {_SHARE}",
        mend=f"umount {_SHARE}; " + UNUSED + remove("sshfs"),
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="storage on noexec",
        ref="H03",
        make=_FOLDER + f"mount -t tmpfs -o noexec,uid=1001,gid=1001,mode=0700 tmpfs {_SHARE}",
        mend=f"umount {_SHARE}; " + UNUSED,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="no overlay for users",
        ref="H05",
        make=remove("fuse-overlayfs"),
        mend=install("fuse-overlayfs"),
        outcome=Outcome.REPAIRED,
        releases=(D11,),
        elsewhere="Podman has native overlay since 3.1",
    ),
    Damage(
        name="no file names the driver",
        ref="H06",
        make="cp -p /etc/containers/storage.conf /root/storage.sound; rm /etc/containers/storage.conf",
        mend="mv /root/storage.sound /etc/containers/storage.conf",
        outcome=Outcome.REPAIRED,
        releases=(D12,),
        elsewhere="Podman 3 finds fuse-overlayfs, and Podman since 4.6 takes overlay by itself",
    ),
    Damage(
        name="no fuse",
        ref="H08",
        make=install("fuse-overlayfs")
        + f'mkdir -p {CONFIG}; printf \'[storage]\\ndriver = "overlay"\\n[storage.options.overlay]\\n'
        f'mount_program = "/usr/bin/fuse-overlayfs"\\n\' >{CONFIG}/storage.conf; chown -R alice: /home/alice/.config; '
        "touch /run/nothing; mount --bind /run/nothing /dev/fuse",
        mend=f"[ -c /dev/fuse ] || umount /dev/fuse; rm {CONFIG}/storage.conf",
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="a home on overlay",
        ref="H09",
        # the root of a host of the lab is an overlay
        make="cp -a /home/alice /var/lib/alice; mount --bind /var/lib/alice /home/alice",
        mend="umount /home/alice; rm -r /var/lib/alice",
        outcome=Outcome.LEFT,
        releases=(D12, D13, FORKY),
        elsewhere="fuse-overlayfs stands in there",
    ),
    Damage(
        name="a mount program that users do not get",
        ref="H16",
        make="f=/etc/containers/storage.conf; [ ! -e $f ] || cp -p $f /root/storage.sound; "
        "[ -e $f ] || printf '[storage]\\ndriver = \"overlay\"\\n' >$f; "
        "printf '[storage.options.overlay]\\nmount_program = \"/usr/bin/fuse-overlayfs\"\\n' >>$f",
        mend="f=/etc/containers/storage.conf; rm $f; [ ! -e /root/storage.sound ] || mv /root/storage.sound $f",
        outcome=Outcome.LEFT,
        warns=True,
    ),
    Damage(
        name="no policy",
        ref="H18",
        make="mv /etc/containers/policy.json /root/policy.sound",
        mend="mv /root/policy.sound /etc/containers/policy.json",
        outcome=Outcome.REFUSED,
    ),
)

RUNTIME = (
    Damage(
        name="no runtime",
        ref="I01",
        make=remove("crun"),
        mend=install("crun"),
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="no conmon",
        ref="I01",
        make="mv /usr/bin/conmon /root/conmon.sound",
        mend="mv /root/conmon.sound /usr/bin/conmon",
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="the crun of an older release",
        ref="I02",
        make="mount --bind /srv/crun-1.8 /usr/bin/crun",
        mend="umount /usr/bin/crun",
        outcome=Outcome.LEFT,
        releases=(D13,),
        elsewhere="their Podman asks for no newer one; the newest has no library that this crun needs",
    ),
    Damage(
        name="no catatonit",
        ref="I04",
        make=remove("catatonit"),
        mend=install("catatonit"),
        outcome=Outcome.REPAIRED,
        releases=(D12, D13, FORKY),
        elsewhere="before Podman 4 the pause container is an image",
    ),
    Damage(
        name="limits above the session's",
        ref="I06",
        make=_ULIMITS,
        mend=_NO_ULIMITS,
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="few processes",
        ref="I09",
        make=_FEW,
        mend=_ENOUGH,
        outcome=Outcome.LEFT,
        warns=True,
    ),
)
