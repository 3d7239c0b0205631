"""Damage to the network and to the kernel settings around it (G)."""

from __future__ import annotations

from tests.real_hosts.damage.case import D12, D13, FORKY, NEW, OLD, Damage, Outcome, install, remove
from tests.real_hosts.damage.storage import config

_RANGE, _NO_RANGE = config('default_sysctls = [\\"net.ipv4.ping_group_range=0 999999999\\"]')
_DROP_IN = "/etc/sysctl.d/99-podstead.conf"

NETWORK = (
    Damage(
        name="pasta is not installed",
        ref="G01",
        make=remove("passt"),
        mend=install("passt"),
        outcome=Outcome.REPAIRED,
        releases=NEW,
        elsewhere="slirp4netns is the tool of Podman before 5.0 (G02)",
    ),
    Damage(
        name="slirp4netns is not installed",
        ref="G02",
        make=remove("slirp4netns"),
        mend=install("slirp4netns"),
        outcome=Outcome.REPAIRED,
        releases=OLD,
        elsewhere="pasta is the tool of Podman since 5.0 (G01)",
    ),
    Damage(
        name="slirp4netns is asked for",
        ref="G03",
        make="printf '[network]\\ndefault_rootless_network_cmd = \"slirp4netns\"\\n' >/etc/containers/containers.conf",
        mend="rm /etc/containers/containers.conf",
        outcome=Outcome.LEFT,
        releases=NEW,
        elsewhere="it is what these versions use",
    ),
    Damage(
        name="tun is root's alone",
        ref="G04",
        make="chmod 0600 /dev/net/tun",
        mend="chmod 0666 /dev/net/tun",
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="tun is missing",
        ref="G04",
        make="touch /run/nothing; mount --bind /run/nothing /dev/net/tun",
        mend="[ -c /dev/net/tun ] || umount /dev/net/tun; rm /run/nothing",
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="low ports are refused",
        ref="G08",
        make=f"cp -p {_DROP_IN} /root/sysctl.sound; rm {_DROP_IN}; sysctl -q -w net.ipv4.ip_unprivileged_port_start=1024",
        mend=f"mv /root/sysctl.sound {_DROP_IN}; sysctl -q -p {_DROP_IN}",
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="nobody may ping",
        ref="G09",
        make=f"cp -p {_DROP_IN} /root/sysctl.sound; rm {_DROP_IN}; sysctl -q -w net.ipv4.ping_group_range='1 0'",
        mend=f"mv /root/sysctl.sound {_DROP_IN}; sysctl -q -p {_DROP_IN}",
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="a range for ping that no container has",
        ref="G10",
        make=_RANGE,
        mend=_NO_RANGE,
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="no firewall tool",
        ref="G11",
        make=remove("nftables", "iptables"),
        mend=install("nftables", "iptables"),
        outcome=Outcome.REPAIRED,
        warns=True,
        releases=(D12, FORKY),
    ),
    Damage(
        name="no firewall tool, though the package of one is installed",
        ref="G11",
        make=install("iptables") + remove("nftables") + "mv /usr/sbin/iptables /root/iptables.sound",
        mend=install("nftables") + "mv /root/iptables.sound /usr/sbin/iptables",
        outcome=Outcome.REPAIRED,
        warns=True,
        releases=(D13,),
        elsewhere="Podman 3 has CNI, and no rootless bridge by netavark",
    ),
)
