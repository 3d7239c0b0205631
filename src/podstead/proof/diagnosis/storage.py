"""H: storage, home directories, labels, and configuration files."""

from __future__ import annotations

import re

from podstead.host.families import family_with
from podstead.host.storage import configured_driver_of, mount_program_of
from podstead.ids.ranges import IdRange
from podstead.proof.diagnosis.sign import CONTAINERS, PODMAN, Register, Sign, failure_line, line_of
from podstead.proof.diagnosis.start import start_output
from podstead.proof.finding import Verdict
from podstead.proof.subject import Subject

register = Register()

#: Types that statfs(2) and /proc/mounts give to file systems whose server knows nothing of subordinate IDs
#: (containers/storage, drivers/overlay).
NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smb2",
        "smbfs",
        "gpfs",
        "lustre",
        "afs",
        "ceph",
        "fuse.sshfs",
        "beegfs",
        "9p",
        "panfs",
        "fuse.glusterfs",
    }
)
#: File systems that cannot hold the upper layer of an overlay (containers/storage, drivers/overlay).
_NO_UPPER = frozenset({"overlay", "ecryptfs", "aufs"})
_NO_NATIVE = r"native overlay not supported and fuse-overlayfs not found"
"""What Podman 5.8 says where neither is there: the kernel's overlay on this file system, nor fuse-overlayfs."""
_CONTAINER_WINDOW = IdRange.between(524288, 1879048191)


def _graph(subject: Subject) -> tuple[str, frozenset[str]] | None:
    return subject.graph_mount


@register("H01", "V27", "V31", "V13", "V14", *CONTAINERS, alone=Verdict.FAIL)
def network_home(subject: Subject) -> Sign | None:
    mount = _graph(subject)
    if mount is None or mount[0] not in NETWORK:
        return None
    return Sign(found=f"container storage is on {mount[0]}", expected="a local file system")


@register("H02", "V27", "V31", *CONTAINERS)
def no_user_xattrs(subject: Subject) -> Sign | None:
    return failure_line(subject, r"lsetxattr /: operation not supported|force_mask=\"?700")


@register("H03", "V27", "V31", *CONTAINERS, alone=Verdict.FAIL)
def noexec(subject: Subject) -> Sign | None:
    mount, ran = _graph(subject), subject.evidence.attempts.get("executable")
    if mount is not None and "noexec" in mount[1]:
        return Sign(found="container storage is on a file system mounted noexec", expected="exec")
    # the probe's folder lies beside the storage, or where the user's home cannot be written in
    if (
        ran is not None
        and not ran.ok
        and "ermission denied" in ran.output
        and "home" in subject.evidence.access
    ):
        return Sign(found=f"a program beside the storage cannot run: {ran.last}")
    return None


@register("H04", "V27", alone=Verdict.WARN)
def nosuid_with_runc(subject: Subject) -> Sign | None:
    mount, info = _graph(subject), subject.evidence.fresh_info
    if (
        mount is None
        or info is None
        or "nosuid" not in mount[1]
        or info.get("host.ociRuntime.name") != "runc"
    ):
        return None
    return Sign(
        found="the OCI runtime is runc, and storage is on a file system mounted nosuid",
        expected="crun, or a mount with suid",
    )


@register("H07", "V27", "V31", alone=Verdict.FAIL)
def no_d_type(subject: Subject) -> Sign | None:
    info = subject.evidence.fresh_info
    if info is not None and info.get("store.graphStatus.Supports d_type") == "false":
        return Sign(
            found="the file system does not support d_type",
            expected="XFS with ftype=1, or another file system",
        )
    return _line_of_info(subject, r"d_type support")


@register("H09", "V27", "V31", *CONTAINERS, alone=Verdict.FAIL)
def backing_overlay(subject: Subject) -> Sign | None:
    mount, info, podman = _graph(subject), subject.evidence.fresh_info, subject.podman
    # podman info mounts nothing; the kernel refuses the first layer
    if (
        mount is not None
        and mount[0] in _NO_UPPER
        and info is not None
        and info.get("store.graphDriverName") == "overlay"
        and not any(name.startswith("store.graphOptions.overlay.mount_program") for name in info.values)
        and podman is not None
        and (podman.major, podman.minor) >= (3, 1)  # before, fuse-overlayfs was the only way
    ):
        return Sign(
            found=f"container storage is on {mount[0]}, where the kernel cannot mount overlay",
            expected="another file system, or a mount program",
        )
    if mount is not None and mount[0] in _NO_UPPER and (sign := line_of(start_output(subject), _NO_NATIVE)):
        return sign
    return _line_of_info(subject, r"not supported over (?:overlay|overlayfs|ecryptfs|aufs)\b")


@register("H05", "V27", "V31")
def no_native_overlay(subject: Subject) -> Sign | None:
    """Unprivileged overlay came with Linux 5.11 and is taken from 5.13 on (containers/storage)."""
    kernel, podman = subject.state.platform.kernel_version, subject.podman
    old = podman is not None and podman.release < (3, 1)  # native overlay for users: Podman 3.1 (rootless.md)
    if ((0, 0) < kernel < (5, 13) or old) and "fuse-overlayfs" not in subject.state.platform.tools:
        return Sign(
            found=f"Linux {subject.state.platform.kernel}, Podman {podman}, and no fuse-overlayfs",
            expected="Linux 5.13 and Podman 3.1, or fuse-overlayfs",
        )
    mount = _graph(subject)
    if (mount is None or mount[0] not in _NO_UPPER) and (sign := line_of(start_output(subject), _NO_NATIVE)):
        return sign
    return _line_of_info(subject, r"'overlay' is not supported over|kernel does not support overlay")


@register("H08", "V27", "V31", *CONTAINERS, alone=Verdict.FAIL)
def no_fuse(subject: Subject) -> Sign | None:
    """The probe's storage needs no mount program, so nothing of it fails."""
    own = subject.state.storage.files.get(f"{subject.account.home}/.config/containers/storage.conf")
    # before Podman 6, users do not get the mount program of the system's file (H16)
    counting = (
        subject.storage_texts if subject.podman is not None and subject.podman.major >= 6 else (own or "",)
    )
    if not any(map(mount_program_of, counting)):
        return None
    if subject.host.get("dev.fuse") == "missing":
        return Sign(found="/dev/fuse is missing, and a mount program is set", expected="/dev/fuse")
    return _line_of_info(subject, r"fuse: device not found.*") or failure_line(
        subject, r"fuse: device not found.*"
    )


def _line_of_info(subject: Subject, pattern: str) -> Sign | None:
    for info in (subject.evidence.user_info, subject.evidence.fresh_info):
        if info is not None and (sign := line_of(info.ran.output, pattern)):
            return sign
    return None


@register("H06", "V27")
def vfs_by_default(subject: Subject) -> Sign | None:
    """No file names a driver, so this Podman takes vfs."""
    info = subject.evidence.fresh_info
    if (
        info is None
        or info.get("store.graphDriverName") != "vfs"
        or subject.spec.storage.driver in (None, "vfs")
        or configured_driver_of(subject.storage_texts) is not None
    ):
        return None
    return Sign(
        found=f"Podman {subject.podman} uses the driver vfs", expected=str(subject.spec.storage.driver)
    )


@register("H10", *CONTAINERS)
def labels(subject: Subject) -> Sign | None:
    return (
        failure_line(subject, r"cannot apply additional memory protection after relocation.*")
        if subject.host.get("selinux") == "1"
        else None
    )


@register("H11", *CONTAINERS, alone=Verdict.FAIL)
def no_container_policy(subject: Subject) -> Sign | None:
    packages = subject.state.packages
    policy = family_with(packages.manager).selinux_policy
    if subject.host.get("selinux") != "1" or not policy or policy in packages.installed:
        return None
    return Sign(found=f"SELinux is enforcing and {policy} is not installed")


@register("H13", "V13", "V14", "V03", *PODMAN)
def homed(subject: Subject) -> Sign | None:
    """systemd-homed maps only some IDs into a home (docs/UIDS-GIDS.md)."""
    if not subject.facts.get("homed"):
        return None
    outside = [
        range_
        for range_ in {*subject.subuids, *subject.subgids}
        if not (range_.start in _CONTAINER_WINDOW and range_.last in _CONTAINER_WINDOW)
    ]
    return (
        Sign(
            found=f"a systemd-homed home, and the range {outside[0]}", expected="inside 524288 to 1879048191"
        )
        if outside
        else None
    )


@register("H14", "V27", *PODMAN)
def rootful_keys(subject: Subject) -> Sign | None:
    keys = [line for line in subject.host.all("storage.key") if re.search(r":\s*(graphroot|runroot)", line)]
    if not keys or subject.podman is None or subject.podman.major < 6:
        return None
    return Sign(
        found=keys[0], expected="these keys in storage.rootful.conf.d: Podman 6 applies them to users, too"
    )


@register("H15", "V27", alone=Verdict.WARN)
def hidden_system_file(subject: Subject) -> Sign | None:
    if (
        subject.podman is None
        or subject.podman.major < 6
        or "containers.conf" not in subject.facts.all("config")
    ):
        return None
    return Sign(
        found=f"{subject.account.home}/.config/containers/containers.conf hides the whole system file"
    )


@register("H16", "V27", alone=Verdict.WARN)
def mount_program_ignored(subject: Subject) -> Sign | None:
    keys = [line for line in subject.host.all("storage.key") if re.search(r":\s*mount_program", line)]
    if (
        not keys
        or subject.podman is None
        or subject.podman.major >= 6
        or "storage.conf" in subject.facts.all("config")
    ):
        return None
    return Sign(found=f"{keys[0]} has no effect for users", expected="the key in the user's own storage.conf")


@register("H17", "V19")
def closed_parent(subject: Subject) -> Sign | None:
    attempt = subject.evidence.attempts.get("keep-id")
    # a map that is refused is another matter; crun ends both messages with "OCI permission denied"
    if (
        attempt is None
        or attempt.ok
        or not re.search(
            r"[/`'\"]: ?[Pp]ermission denied|open [^\n]{0,500}: [Pp]ermission denied", attempt.output
        )
    ):
        return None
    if not any(
        subject.evidence.attempts[name].ok for name in ("whole", "plain") if name in subject.evidence.attempts
    ):
        return None  # then it is not keep-id alone that fails
    return Sign(found=attempt.last)


@register("H18", "V27", "V20", "V31", alone=Verdict.FAIL)
def no_policy(subject: Subject) -> Sign | None:
    if "podman" not in subject.state.platform.tools or subject.host.all("policy") or not subject.host.values:
        return None
    return Sign(found="neither /etc/containers/policy.json nor /usr/share/containers/policy.json exists")
