"""A: the kernel or a security module refuses the user namespace."""

from __future__ import annotations

from podstead.plural import agree
from podstead.proof.diagnosis.sign import NAMESPACES, PODMAN, Register, Sign, failure_line
from podstead.proof.finding import Verdict
from podstead.proof.subject import Subject

register = Register()
_USERNS = "user.max_user_namespaces"
_CLONE = "kernel.unprivileged_userns_clone"
_APPARMOR = "kernel.apparmor_restrict_unprivileged_userns"


def _zero(subject: Subject, key: str) -> Sign | None:
    if subject.sysctl(key) != "0":
        return None
    sources = subject.state.sysctls.boot.get(key, ())
    where = (
        f"; {sources[-1].path}:{sources[-1].line} sets it to {sources[-1].value} at boot" if sources else ""
    )
    return Sign(found=f"{key} is 0{where}", expected="more than 0")


@register("A07", *NAMESPACES)
def no_user_namespaces(subject: Subject) -> Sign | None:
    if subject.host.get("ns.user") != "no":
        return None
    return Sign(found=f"/proc/self/ns/user is missing on Linux {subject.state.platform.kernel}")


@register("A01", *NAMESPACES)
def max_user_namespaces(subject: Subject) -> Sign | None:
    return _zero(subject, _USERNS)


@register("A02", *NAMESPACES)
def unprivileged_userns_clone(subject: Subject) -> Sign | None:
    return _zero(subject, _CLONE)


@register("A03", *NAMESPACES)
def apparmor_other_path(subject: Subject) -> Sign | None:
    path = subject.host.get("podman.path")
    if subject.sysctl(_APPARMOR) != "1" or _works(subject) or path in (None, "/usr/bin/podman"):
        return None
    return Sign(
        found=f"{_APPARMOR} is 1, and Podman is {path}", expected="a profile that attaches to this path"
    )


@register("A04", *NAMESPACES)
def apparmor_no_profile(subject: Subject) -> Sign | None:
    if (
        subject.sysctl(_APPARMOR) != "1"
        or _works(subject)
        or subject.host.get("podman.path") != "/usr/bin/podman"
    ):
        return None
    loaded, files = subject.host.get("apparmor.loaded"), subject.host.all("apparmor.file")
    if loaded is None:
        return Sign(found=f"{_APPARMOR} is 1; only root can see the loaded profiles", proved=False)
    if "podman" in loaded.split():
        return None
    what = "exists but is not loaded" if "podman" in files else "is missing"
    return Sign(found=f"{_APPARMOR} is 1, and the profile /etc/apparmor.d/podman {what}")


def _works(subject: Subject) -> bool:
    """Whether Podman got a namespace after all: profiles attach by path, and only trying tells."""
    inside = subject.evidence.attempts.get("inside")
    return inside is not None and "--uid" in inside.output


@register("A05", "V04", alone=Verdict.PASS)
def apparmor_confines_unshare(subject: Subject) -> Sign | None:
    if "unprivileged_userns" not in subject.evidence.apparmor_label:
        return None
    return Sign(found="a bare unshare runs under AppArmor's profile unprivileged_userns")


@register("A06", "V04")
def apparmor_unconfined(subject: Subject) -> Sign | None:
    key = "kernel.apparmor_restrict_unprivileged_unconfined"
    return Sign(found=f"{key} is 1", proved=False) if subject.sysctl(key) == "1" else None


@register("A08", *NAMESPACES)
def seccomp(subject: Subject) -> Sign | None:
    unshare = subject.evidence.attempts.get("unshare")
    if subject.evidence.status.get("Seccomp") != "2" or unshare is None or unshare.ok:
        return None
    if "not permitted" not in unshare.output:
        return None
    where = "inside a container" if subject.state.platform.container else "of the user's session"
    return Sign(
        found=f"unshare: {unshare.last}; a seccomp filter is active {where} (Seccomp: 2)",
        # the filter is there on many hosts that allow namespaces: without a container it is a suspect, no proof
        proved=subject.state.platform.container or _nothing_else(subject),
    )


def _nothing_else(subject: Subject) -> bool:
    switches = (subject.sysctl(_USERNS), subject.sysctl(_CLONE))
    return "0" not in switches and subject.sysctl(_APPARMOR) != "1"


@register("A09", "V04", *PODMAN)
def other_namespaces(subject: Subject) -> Sign | None:
    zero = [
        key
        for kind in ("mnt", "net", "pid", "ipc", "uts", "cgroup")
        if subject.sysctl(key := f"user.max_{kind}_namespaces") == "0"
    ]
    if zero:
        return Sign(found=f"{', '.join(zero)} {agree(len(zero), 'is', 'are')} 0", expected="more than 0")
    spent = failure_line(subject, r"No space left on device")
    return Sign(found=spent.found, proved=False) if spent else None


@register("A10", *NAMESPACES)
def kernel_too_old(subject: Subject) -> Sign | None:
    podman, kernel = subject.podman, subject.state.platform.kernel_version
    if podman is None or (podman.major, podman.minor) < (5, 2) or not (0, 0) < kernel < (5, 2):
        return None
    return Sign(
        found=f"Podman {podman} on Linux {subject.state.platform.kernel}", expected="Linux 5.2 or newer"
    )
