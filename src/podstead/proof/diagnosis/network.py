"""G: network, and the kernel settings around it."""

from __future__ import annotations

from podstead.host.package_versions import upstream
from podstead.host.sysctl_values import meets
from podstead.proof.diagnosis.hosts import read_only_sysctls
from podstead.proof.diagnosis.sign import CONTAINERS, Register, Sign, failure_line
from podstead.proof.evidence import id_map, sections
from podstead.proof.finding import Verdict
from podstead.proof.subject import PING_RANGE, PORT_START, Subject

register = Register()
_NETWORK = ("V23", "V24")


@register("G01", *_NETWORK)
def no_pasta(subject: Subject) -> Sign | None:
    return _no_tool(subject, "pasta", newer=True)


@register("G02", *_NETWORK)
def no_slirp4netns(subject: Subject) -> Sign | None:
    return _no_tool(subject, "slirp4netns", newer=False)


def _no_tool(subject: Subject, tool: str, *, newer: bool) -> Sign | None:
    if (
        subject.podman is None
        or (subject.podman.major >= 5) is not newer
        or tool in subject.state.platform.tools
    ):
        return None
    chosen = subject.evidence.fresh_info.get("host.rootlessNetworkCmd") if subject.evidence.fresh_info else ""
    if chosen and chosen != tool:
        return None
    return Sign(
        found=f"{tool} is not installed", expected=f"{tool}, which Podman {subject.podman} uses by default"
    )


@register("G04", *_NETWORK)
def no_tun(subject: Subject) -> Sign | None:
    tun = subject.host.get("dev.tun")
    if tun == "missing":
        return Sign(found="/dev/net/tun is missing", expected="a character device that every user may use")
    if tun is not None and not tun.endswith(("6", "7")):
        return Sign(found=f"/dev/net/tun has mode {tun}", expected="0666")
    return failure_line(
        subject, r"open\(\"/dev/net/tun\"\): .*|Failed to open tun socket in namespace|/dev/net/tun: .*"
    )


@register("G05", *_NETWORK)
def netns_denied(subject: Subject) -> Sign | None:
    return failure_line(subject, r"Couldn't open network namespace .{0,500}: Permission denied")


@register("G06", *_NETWORK)
def netns_label(subject: Subject) -> Sign | None:
    return failure_line(subject, r"netns dir open: Permission denied")


@register("G07", *_NETWORK)
def no_route(subject: Subject) -> Sign | None:
    return failure_line(subject, r"External interface not usable|No routable interface for IPv[46]") or (
        Sign(found="the host has no default route", proved=False)
        if subject.host.get("route") == "none"
        else None
    )


_PING_GROUP_RANGE = (
    r"/proc/sys/net/ipv4/ping_group_range[^\n]{0,100}: [^\n]{1,200}"
    r"|net\.ipv4\.ping_group_range.{0,500}(Invalid argument|Read-only)"
)


@register("G10", *CONTAINERS)
def default_sysctl(subject: Subject) -> Sign | None:
    """With a map of one ID the kernel refuses the range, too: it names groups that are not in the map (icmp(7))."""
    inside = subject.evidence.attempts.get("inside")
    uid = id_map(sections(inside.output).get("uid")) if inside is not None else None
    if uid is None or uid.last_inside == 0 or read_only_sysctls(subject) is not None:
        return None
    return failure_line(subject, _PING_GROUP_RANGE)


@register("J04", *CONTAINERS)
def default_sysctl_of_a_container(subject: Subject) -> Sign | None:
    """Where nothing can be written to /proc/sys, a container's own setting fails for the same reason."""
    return failure_line(subject, _PING_GROUP_RANGE) if read_only_sysctls(subject) is not None else None


@register("G11", "V23", alone=Verdict.WARN)
def no_firewall_tool(subject: Subject) -> Sign | None:
    """Networks of one's own are bridges, which netavark makes with nft or iptables."""
    tools, podman = subject.state.platform.tools, subject.podman
    if podman is None or podman.major < 4 or "nft" in tools or ("iptables" in tools and podman.major < 6):
        return None
    return Sign(found="neither nft nor iptables is installed", expected="nft, for custom networks")


@register("G03", "V23", alone=Verdict.WARN)
def removed_in_six(subject: Subject) -> Sign | None:
    lines = subject.host.all("network.removed")
    if not lines or subject.podman is None or subject.podman.major < 5:
        return None
    return Sign(found=lines[0], expected="pasta and netavark: Podman 6 supports nothing else")


@register("G13", *_NETWORK, alone=Verdict.WARN)
def mixed_versions(subject: Subject) -> Sign | None:
    info, podman = subject.evidence.fresh_info, subject.podman
    if info is None or podman is None or podman.major < 6:
        return None
    text = info.get("host.networkBackendInfo.version")
    version = upstream(text.rpartition(" ")[2])
    if version is None or version.major >= 2:
        return None
    return Sign(found=f"{text} with Podman {podman}", expected="netavark 2.0 or newer")


@register("G08", "V21")
def port_start(subject: Subject) -> Sign | None:
    return _unmet(subject, PORT_START)


@register("G09", "V22")
def ping_range(subject: Subject) -> Sign | None:
    return _unmet(subject, PING_RANGE)


def _unmet(subject: Subject, key: str) -> Sign | None:
    need, live = subject.spec.sysctls.get(key), subject.sysctl(key)
    if need is None or live is None or meets(need, live):
        return None
    port = need.at_most if need.at_most is not None else need.exact if key == PORT_START else None
    return Sign(found=f"{key} is {live}", values={"PORT": "" if port is None else str(port)})
