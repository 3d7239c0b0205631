"""The checks of the verifier as data: what must be proved, why, what to do, and where the facts come from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from podstead.proof.finding import Check, Finding, Severity, Verdict

_ALL = (
    Check(
        id="V01",
        title="the user's session is sane",
        severity=Severity.BLOCK,
        why="newuidmap refuses a caller whose primary group is not the one in passwd, a process with no_new_privs cannot "
        "gain what the setuid helpers need, and in a nested user namespace host IDs are not what they seem.",
        remedy="Log in through SSH and verify again; id and grep NoNewPrivs /proc/self/status show how a session differs.",
        sources=("newuidmap(1)", "systemd.exec(5) NoNewPrivileges=", "podman#21738", "shadow#304"),
    ),
    Check(
        id="V02",
        title="subordinate UIDs and GIDs are granted and readable",
        severity=Severity.MAJOR,
        why="Podman drops both maps when one side is missing, and reads the files as the user. Images expect 65536 IDs.",
        remedy="podstead apply grants ranges to users of the document; podstead check shows which ones, and changes nothing.",
        sources=("subuid(5)", "subgid(5)", "podman troubleshooting.md 10 and 19"),
    ),
    Check(
        id="V03",
        title="the ranges touch nobody else's IDs",
        severity=Severity.SECURITY,
        why="With overlapping ranges one user's containers can own, signal and trace another's. No tool reports it.",
        remedy="getent passwd, getent group and both files show whose IDs these are; podstead explain C10 says how a range is "
        "moved without loss.",
        sources=("podman rootless_tutorial.md", "systemd docs/UIDS-GIDS.md", "shadow#525"),
    ),
    Check(
        id="V04",
        title="the kernel lets the user create a user namespace",
        severity=Severity.BLOCK,
        why="user.max_user_namespaces=0, Debian's unprivileged_userns_clone=0, AppArmor and seccomp can each forbid it.",
        remedy="The kernel's words are under 'found'. sysctl user.max_user_namespaces and journalctl -k (apparmor, seccomp) show what "
        "stands in the way.",
        sources=("user_namespaces(7)", "namespaces(7)", "podman#7704", "podman#24642"),
    ),
    Check(
        id="V05",
        title="newuidmap and newgidmap write the whole grant",
        severity=Severity.BLOCK,
        why="The helpers lose their setuid bit or file capabilities in image builds and copies; nosuid mounts disable both.",
        remedy="The words of newuidmap are under 'found'. ls -l and getcap on newuidmap show its privileges, findmnt -T the options of "
        "its file system.",
        sources=("newuidmap(1)", "podman#2788", "podman#10717"),
    ),
    Check(
        id="V06",
        title="newuidmap refuses one ID more than granted",
        severity=Severity.SECURITY,
        why="A proof that everything is allowed looks like success: only a refusal shows that the grant is the limit.",
        remedy="Find out who replaced newuidmap, or why the probe runs with privileges.",
        sources=("newuidmap(1)",),
    ),
    Check(
        id="V07",
        title="newuidmap refuses foreign IDs and the host's root",
        severity=Severity.SECURITY,
        why="A grant that contains 0 or somebody else's IDs hands over the host or that user.",
        remedy="getsubids, with the name of the user, shows every range that is granted; none may hold 0 or an ID of somebody else.",
        sources=("subuid(5)",),
    ),
    Check(
        id="V08",
        title="the kernel refuses a raw map of several IDs",
        severity=Severity.SECURITY,
        why="Success would mean that the caller has CAP_SETUID: then nothing here was proved for an ordinary user.",
        remedy="Run the verification as an ordinary user.",
        sources=("user_namespaces(7)",),
    ),
    Check(
        id="V09",
        title="the user can map their own ID without a helper",
        severity=Severity.BLOCK,
        why="When even this fails, a security module or seccomp filter stands in the way, not the ranges.",
        remedy="Look for AppArmor denials (journalctl -k) or the seccomp profile of an outer container.",
        sources=("user_namespaces(7)",),
    ),
    Check(
        id="V10",
        title="Podman's ID map is exactly the grant",
        severity=Severity.BLOCK,
        why="Podman computes the map from $USER, NSS, sort order and both files; each can make it differ from the grant.",
        remedy="Podman's words or its map are under 'found', the grant under 'expected'. As the user, podman --log-level=debug unshare "
        "cat /proc/self/uid_map says how Podman computes the map.",
        sources=("podman-unshare(1)", "containers/storage pkg/idtools"),
        undone_by_reboot=True,
    ),
    Check(
        id="V11",
        title="the map that Podman keeps is the same",
        severity=Severity.MAJOR,
        why="A pause process keeps the namespace of the first command; a later change of ranges does not reach it.",
        remedy="As the user: podman system migrate (stops the user's containers).",
        sources=("podman-system-migrate(1)", "podman#3356"),
        undone_by_reboot=True,
    ),
    Check(
        id="V12",
        title="setgroups is allowed inside",
        severity=Severity.MAJOR,
        why="'deny' is what the fallback to a single ID looks like.",
        remedy="Where V02 or V10 fails too, that is the place to begin.",
        sources=("user_namespaces(7)",),
    ),
    Check(
        id="V13",
        title="chown works up to the last ID and not beyond",
        severity=Severity.MAJOR,
        why="Network file systems and ID-mapped homes refuse IDs that the namespace has.",
        remedy="findmnt -T, with the folder of the user's storage, shows the file system; the words of chown are under 'found'.",
        sources=("podman rootless.md", "systemd-homed(8)"),
    ),
    Check(
        id="V14",
        title="the host sees the shifted owner",
        severity=Severity.MAJOR,
        why="Container ID 5 must be the fourth ID after the start of the range; anything else means another map.",
        remedy="Where V10 fails too, that is the place to begin; on ID-mapped homes ranges must be inside systemd's container range.",
        sources=("user_namespaces(7)", "systemd#21952"),
    ),
    Check(
        id="V15",
        title="process credentials shift as files do",
        severity=Severity.MAJOR,
        why="A process of container ID 5 must run as the same host ID that owns the files of container ID 5.",
        remedy="Where V10 or V14 fails too, that is the place to begin.",
        sources=("user_namespaces(7)", "credentials(7)"),
    ),
    Check(
        id="V16",
        title="a namespace can be nested, and no map crosses extents",
        severity=Severity.MINOR,
        why="Podman in Podman, Buildah and sandboxes in containers need it; the kernel must still refuse a map across extents.",
        remedy="Look for limits (user.max_*_namespaces) and seccomp filters.",
        sources=("user_namespaces(7)", "namespaces(7)"),
    ),
    Check(
        id="V17",
        title="a container runs, with that map",
        severity=Severity.BLOCK,
        why="Runtime, cgroups, seccomp, storage and mounts all have a say here and nowhere before.",
        remedy="See the cause; the runtime's own words are under 'found'.",
        sources=("podman-run(1) --rootfs", "crun(1)"),
    ),
    Check(
        id="V18",
        title="podman top names the host's IDs, and they are true",
        severity=Severity.MINOR,
        why="Podman before 5.1.2 could print a wrong UID for containers in user namespaces.",
        remedy="Read IDs from /proc, or take a newer Podman.",
        sources=("podman-top(1)", "podman#22293"),
    ),
    Check(
        id="V19",
        title="keep-id: the user is the same inside and outside",
        severity=Severity.MINOR,
        why="With --userns=keep-id the container's root is a subordinate ID, which must be able to reach the storage.",
        remedy="See Podman's words under 'found'. Where they say that a folder is closed: namei -l on the storage shows "
        "which, and podstead explain H17 how to open it.",
        sources=("podman-run(1) --userns", "podman#24159"),
    ),
    Check(
        id="V20",
        title="a pod starts without any image",
        severity=Severity.MINOR,
        why="A pod needs catatonit as its pause process.",
        remedy="See Podman's words under 'found'. Where they name catatonit, install the package catatonit.",
        sources=("podman-pod-create(1)",),
    ),
    Check(
        id="V21",
        title="low ports: bound from the boundary on, refused below",
        severity=Severity.MINOR,
        why="A published port below net.ipv4.ip_unprivileged_port_start fails at container start (IPv6 follows IPv4's value).",
        remedy="The value and the words of the kernel are under 'found'; sysctl net.ipv4.ip_unprivileged_port_start shows the boundary.",
        sources=("ip-sysctl (kernel documentation)", "podman troubleshooting.md 48"),
        undone_by_reboot=True,
    ),
    Check(
        id="V22",
        title="ICMP echo sockets: allowed for the user, refused outside the range",
        severity=Severity.MINOR,
        why="ping from containers needs the user's group in net.ipv4.ping_group_range on the host.",
        remedy="sysctl net.ipv4.ping_group_range shows the range, and id -G the groups of the user.",
        sources=("icmp(7)", "podman troubleshooting.md 5"),
        undone_by_reboot=True,
    ),
    Check(
        id="V23",
        title="the container's network comes up",
        severity=Severity.MAJOR,
        why="pasta (Podman 5) or slirp4netns (before) must be there, reach /dev/net/tun and be allowed to open namespaces.",
        remedy="Podman's words are under 'found'. As the user, podman info shows which network program is used; ls -l /dev/net/tun must "
        "show crw-rw-rw-.",
        sources=("podman rootless.md", "pasta(1)"),
    ),
    Check(
        id="V24",
        title="a published port answers on the host",
        severity=Severity.MAJOR,
        why="A port that is published is forwarded by pasta, slirp4netns or rootlessport, each of which can be refused.",
        remedy="Where V21 or V23 fails too, that is the place to begin.",
        sources=("podman-run(1) --publish",),
    ),
    Check(
        id="V25",
        title="limits on containers hold",
        severity=Severity.MINOR,
        why="Memory and processor limits need the cgroup controllers delegated to the user; without them they fail or are ignored.",
        remedy="As the user, cat /sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service/cgroup.controllers shows what is "
        "delegated.",
        sources=("systemd.resource-control(5) Delegate=", "cgroups(7)"),
    ),
    Check(
        id="V26",
        title="the session lives on without a login",
        severity=Severity.DRIFT,
        why="Without linger, containers die at logout, and user units do not start at boot.",
        remedy="loginctl show-user --property=Linger, with the name of the user, shows it.",
        sources=("loginctl(1)", "podman troubleshooting.md 17 and 21"),
        undone_by_reboot=True,
    ),
    Check(
        id="V27",
        title="storage has the driver that was asked for, on a file system that can hold it",
        severity=Severity.DRIFT,
        why="The driver of the first use stays in the user's database; vfs copies whole layers, network file systems refuse foreign IDs.",
        remedy="As the user, podman info says what is in use. Where the user has storage, delete none of it.",
        sources=("containers-storage.conf(5)", "podman rootless.md"),
        undone_by_reboot=True,
    ),
    Check(
        id="V28",
        title="another user's containers are out of reach",
        severity=Severity.SECURITY,
        why="With overlapping ranges one user's containers read the other's files and signal the other's processes.",
        remedy="Where V03 fails too, that is the place to begin.",
        sources=("user_namespaces(7)", "podman rootless_tutorial.md"),
    ),
    Check(
        id="V29",
        title="a further apply would change nothing",
        severity=Severity.DRIFT,
        why="What another tool or a person has undone comes back only with the next apply.",
        remedy="podstead apply; podstead check --diff shows the difference.",
        sources=("docs/guide.md",),
        of_host=True,
    ),
    Check(
        id="V30",
        title="what was proved holds after a reboot",
        severity=Severity.DRIFT,
        why="Settings that were made live and not for the next boot, a runroot on a disk, and a session without linger are lost.",
        remedy="podstead apply; compare with podstead verify --since and an earlier report after a reboot.",
        sources=("sysctl.d(5)", "podman#25144"),
        of_host=True,
    ),
    Check(
        id="V31",
        title="the user's own Podman starts, with its own files and storage",
        severity=Severity.BLOCK,
        why="Every podman command reads storage.conf, containers.conf, registries.conf and policy.json of the user and of the "
        "host, and opens the user's storage, database and locks. The other checks run Podman with a storage of their own.",
        remedy="Podman's own words are under 'found': mend what they name. As the user, podman --log-level=debug ps says more. "
        "No image and no container has to be deleted for it.",
        sources=("containers-storage.conf(5)", "containers.conf(5)", "podman-info(1)", "docs/decisions/0012"),
    ),
)

CHECKS: Mapping[str, Check] = MappingProxyType({check.id: check for check in _ALL})


def of_no_cause(check: str) -> str:
    """What to do while no cause is proved: to look, which changes nothing."""
    return f"Cause unknown. {CHECKS[check].remedy} podstead explain {check} says what the check rests on."


def finding_of(
    check: str,
    verdict: Verdict,
    *,
    user: str = "",
    expected: str = "",
    found: str = "",
    cause: str = "",
    remedy: str | None = None,
) -> Finding:
    """A finding of a check. Where something is wrong and no remedy is given, it says that the cause is not known."""
    known = CHECKS[check]
    own = of_no_cause(check) if verdict in (Verdict.FAIL, Verdict.WARN) else ""
    return Finding(
        check=check,
        title=known.title,
        severity=known.severity,
        verdict=verdict,
        user=user,
        expected=expected,
        found=found,
        cause=cause,
        remedy=own if remedy is None else remedy,
    )
