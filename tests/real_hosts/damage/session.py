"""Damage to the session, the home and the environment (E), and to what surrounds the host (F, J)."""

from __future__ import annotations

from tests.real_hosts.damage.case import (
    AGAIN,
    D11,
    D12,
    D13,
    FORKY,
    LINES,
    NEW,
    OLD,
    RESTART,
    UNUSED,
    Damage,
    Outcome,
    as_alice,
    install,
    remove,
)

_ENGINE = "/etc/containers/containers.conf.d/50-podstead.conf"
_TWO_RANGES = "for f in /etc/subuid /etc/subgid; do echo alice:655360:65536 >>$f; done"
_STOP = "systemctl stop user@1001.service; systemctl stop user-runtime-dir@1001.service; "
_LINGER = "loginctl enable-linger alice; systemctl start user@1001; " + AGAIN
#: Alice's first Podman command, by way of su or a cron job before anybody gave her a session.
_FIRST_IN_TMP = (
    "loginctl disable-linger alice; " + _STOP + "rm -f /var/lib/systemd/linger/alice; "
    "runuser -u alice -- env -i -C /home/alice PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/home/alice USER=alice podman info "
    ">/dev/null 2>&1; " + _LINGER
)


def _variable(setting: str) -> str:
    """What alice's service manager gives to all that it starts."""
    return as_alice(f"systemctl --user {setting}")


SESSION = (
    Damage(
        name="the service manager is stopped",
        ref="E01",
        make=_STOP,
        mend=_LINGER,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="no runtime directory for an old crun",
        ref="E02",
        make=_variable("set-environment XDG_RUNTIME_DIR="),
        mend=AGAIN,
        outcome=Outcome.LEFT,
        releases=OLD,
    ),
    Damage(
        name="no runtime directory",
        ref="E02",
        make=_variable("set-environment XDG_RUNTIME_DIR="),
        mend=AGAIN,
        outcome=Outcome.LEFT,
        warns=True,  # crun since 1.11 finds the bus, and Podman the directory
        releases=NEW,
    ),
    Damage(
        name="the runtime directory of root",
        ref="E03",
        make=_variable("set-environment XDG_RUNTIME_DIR=/run/user/0"),
        mend=AGAIN,
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="no linger",
        ref="E04",
        make="loginctl disable-linger alice",
        mend=_LINGER,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="no bus is installed",
        ref="E05",
        make=remove("dbus-user-session") + f"{RESTART}; rm -f /run/user/1001/bus; ",
        mend=install("dbus-user-session") + AGAIN,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="the home cannot be entered",
        ref="E08",
        make="chmod 0600 /home/alice",
        mend="chmod 0700 /home/alice",
        outcome=Outcome.LEFT,
        related=("F05",),  # on Debian 11 the limit on pids is taken off in a file below it
    ),
    Damage(
        name="the home is missing",
        ref="E08",
        make="mv /home/alice /home/elsewhere",
        mend="mv /home/elsewhere /home/alice",
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="a folder that root has made",
        ref="E09",
        make="mkdir -p /home/alice/.config/containers; chown root:root /home/alice/.config/containers",
        mend="chown -R alice: /home/alice/.config; rmdir /home/alice/.config/containers 2>/dev/null || :",
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="a system unit that runs Podman",
        ref="E10",
        make="printf '[Service]\\nUser=alice\\nExecStart=/usr/bin/podman run web\\n' >/etc/systemd/system/web.service",
        mend="rm /etc/systemd/system/web.service",
        outcome=Outcome.LEFT,
        warns=True,
    ),
    Damage(
        name="the first command had no session",
        ref="D04",
        make=_FIRST_IN_TMP,
        mend=UNUSED,
        outcome=Outcome.LEFT,
        related=("E11",),  # Debian 11 and 12 spare no /tmp/storage-run-*
    ),
    Damage(
        name="what is in tmp is aged out",
        ref="E11",
        make=_FIRST_IN_TMP + "f=/usr/lib/tmpfiles.d/podman.conf; [ ! -e $f ] || mv $f /root/tmpfiles.sound",
        mend=UNUSED
        + "[ ! -e /root/tmpfiles.sound ] || mv /root/tmpfiles.sound /usr/lib/tmpfiles.d/podman.conf",
        outcome=Outcome.LEFT,
        related=("D04",),
    ),
    Damage(
        name="a login opens no session",
        ref="E12",
        make=remove("libpam-systemd") + f"{RESTART} || :; rm -f /run/user/1001/bus; ",
        mend=install("libpam-systemd") + AGAIN,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="the root mount is private",
        ref="E14",
        make="mount --make-private /",
        mend="mount --make-shared /",
        outcome=Outcome.LEFT,
        warns=True,
    ),
    Damage(
        name="a limit on pids, and no controller for it",
        ref="F05",
        # the machine's kernel gives the lab's hosts no pids controller; the drop-in is what makes containers start
        make=f"cp -p {_ENGINE} /root/engine.sound; rm {_ENGINE}",
        mend=f"mv /root/engine.sound {_ENGINE}",
        outcome=Outcome.REPAIRED,
        releases=(D12, D13, FORKY),
        elsewhere="Podman 3.0 reads no drop-in, so the setting is the user's",
    ),
    Damage(
        name="hidden processes",
        ref="J03",
        make="mount -o remount,hidepid=2 /proc",
        mend="mount -o remount,hidepid=0 /proc",
        outcome=Outcome.HARMLESS,
    ),
    Damage(
        name="two ranges and keep-id",
        ref="J02",
        make=_TWO_RANGES,
        mend=LINES,
        outcome=Outcome.LEFT,
        releases=(D11,),
        elsewhere="newer Podman splits the map of keep-id where ranges end",
    ),
    Damage(
        name="kernel settings cannot be written",
        ref="J04",
        make="sysctl -q -w net.ipv4.ip_unprivileged_port_start=1024; "
        "mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys",
        mend="umount /proc/sys; sysctl -q -w net.ipv4.ip_unprivileged_port_start=80",
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="a Quadlet, and nothing wants the network online",
        ref="E15",
        make="d=/home/alice/.config/containers/systemd; mkdir -p $d; printf '[Container]\\nImage=x\\n' >$d/web.container; "
        "chown -R alice: /home/alice/.config; systemctl stop network-online.target",
        mend="rm -r /home/alice/.config/containers/systemd; rmdir --ignore-fail-on-non-empty /home/alice/.config/containers",
        outcome=Outcome.LEFT,
        warns=True,
        releases=NEW,
        elsewhere="its Podman has no unit that waits for the network",
    ),
)

#: What is unusual and right: nothing may be said about it.
UNUSUAL = (
    Damage(
        name="ranges by number",
        ref="C01",
        make="for f in /etc/subuid /etc/subgid; do echo 1001:524288:65536 >$f; done",
        mend=LINES,
        outcome=Outcome.HARMLESS,
    ),
    Damage(
        name="two ranges",
        ref="C08",
        make=_TWO_RANGES,
        mend=LINES,
        outcome=Outcome.HARMLESS,
        releases=(D12, D13, FORKY),
        elsewhere="its Podman does not stand them (J02)",
    ),
    Damage(
        name="other numbers for groups",
        ref="C02",
        make="echo alice:655360:65536 >/etc/subgid",
        mend=LINES,
        outcome=Outcome.HARMLESS,
    ),
    Damage(
        name="an account without a login shell",
        ref="E12",
        make="usermod -s /usr/sbin/nologin alice",
        mend="usermod -s /bin/bash alice",
        outcome=Outcome.HARMLESS,
    ),
    Damage(
        name="storage that is in use",
        ref="D02",
        make=as_alice(
            'podman unshare sh -c "mkdir -p .local/share/containers/storage/volumes/v; chown 5:5 .local/share/containers/storage/volumes/v"; podman info >/dev/null 2>&1'
        ),
        mend=UNUSED,
        outcome=Outcome.HARMLESS,
    ),
)
