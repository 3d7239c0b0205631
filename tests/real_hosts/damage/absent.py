"""Failure modes that are not made on the lab's hosts, and why. What is made elsewhere says where."""

from __future__ import annotations

from collections.abc import Mapping

_VM = "done in the VM tier (make test-vm)"
_SIX = "needs Podman 6, which no release of the lab has"
_SELINUX = "needs SELinux in the kernel"
_APPARMOR = "needs AppArmor in the kernel"

ABSENT: Mapping[str, str] = {
    "A01": f"user.* sysctls are the machine's; {_VM}",
    "A02": "kernel.unprivileged_userns_clone is a patch that the machine's kernel does not have",
    "A03": _APPARMOR,
    "A04": _APPARMOR,
    "A05": _APPARMOR,
    "A06": _APPARMOR,
    "A07": "needs a kernel without user namespaces",
    "A09": f"user.* sysctls are the machine's; {_VM}",
    "A10": "needs a kernel before 5.2",
    "B08": "needs a UID without an account, and podstead looks at users by name",
    "B10": "always has a cause below it, which is named (C05, C15)",
    "C31": "never more than a suspect beside C01: podstead writes the files itself where usermod is missing",
    "E06": "seen: with DBUS_SESSION_BUS_ADDRESS leading nowhere containers start on all four releases",
    "E07": "a mistake of the caller: podstead's probe and changes enter the home, or /, by themselves",
    "F01": "the hosts of the lab have cgroup v2 alone",
    "F02": "done by tests/real_hosts/test_half_host.py, on a machine whose own hierarchy is hybrid",
    "F03": f"the machine gives the hosts of the lab no controllers; {_VM}",
    "F04": "needs systemd before 244",
    "F06": "needs a host without systemd",
    "G05": _APPARMOR,
    "G06": _SELINUX,
    "G07": "seen: no host of the lab has a default route, and pasta works on all of them",
    "G13": _SIX,
    "H02": "needs a network file system without extended attributes under fuse-overlayfs",
    "H04": "needs runc, which no release of the lab installs",
    "H07": "needs XFS with ftype=0 in the machine's kernel",
    "H10": _SELINUX,
    "H11": _SELINUX,
    "H13": "needs systemd-homed, which needs loop devices",
    "H14": _SIX,
    "H15": _SIX,
    "H17": "seen: every home of the lab has mode 0700, and keep-id works in all of them",
    "I05": _APPARMOR,
    "I07": f"kernel.* sysctls are the machine's; {_VM}",
    "I08": "fs.* sysctls are the machine's",
    "J01": "needs hosts in a user namespace; the lab's are root of the machine",
    "J05": "needs an image-based host",
    "J06": "done by tests/real_hosts/test_half_host.py: a machine whose PID 1 is no systemd",
}
