"""I: runtimes, versions, and the kernel's quotas for one user."""

from __future__ import annotations

import re
from dataclasses import replace

from podstead.host.package_versions import upstream
from podstead.proof import catalogue
from podstead.proof.case import Case
from podstead.proof.diagnosis.sign import CONTAINERS, PODMAN, Register, Sign, line_of, said
from podstead.proof.diagnosis.start import start_said
from podstead.proof.finding import Verdict

register = Register()


@register("I02", *CONTAINERS)
def old_crun(case: Case) -> Sign | None:
    info, podman = case.evidence.info, case.podman
    match = re.search(r"crun version (\S+)", info.get("host.ociRuntime.version")) if info else None
    version = upstream(match[1]) if match else None
    if podman is not None and podman.major >= 5 and version is not None and version.release < (1, 14, 3):
        return Sign(found=f"crun {version} with Podman {podman}", expected="crun 1.14.3 or newer")
    return said(case, r"unknown version specified")


@register("I01", "V31", *PODMAN)
def no_runtime(case: Case) -> Sign | None:
    tools = case.state.platform.tools
    if tools and "podman" in tools and not {"crun", "runc"} & tools.keys():
        return Sign(found="neither crun nor runc is installed", expected="an OCI runtime")
    info = case.evidence.info
    text = "\n".join((case.said, info.ran.said if info and not info.ran.ok else ""))
    if sign := line_of("\n".join((text, start_said(case))), "could not find a working conmon"):
        # apply installs what is missing of a package's names, not of its files
        remedy = catalogue.load()["I01"].remedy_for(case.state.platform.family)
        return replace(sign, remedy=remedy.removeprefix("podstead apply; by hand: "))
    # of a runtime that the user's own Podman does not find a file may speak (I11)
    return line_of(text, r"OCI runtime \"?\S{1,200}\"? not found|no such file or directory: OCI runtime")


@register("I04", "V20")
def no_catatonit(case: Case) -> Sign | None:
    # Fedora keeps it in /usr/libexec, where no PATH leads
    if "catatonit" not in case.state.platform.tools and "catatonit" not in case.state.packages.installed:
        found = said(case, r"catatonit|pause")
        return Sign(found=found.found if found else "catatonit is not installed")
    return None


@register("I05", "V17", "V18", alone=Verdict.FAIL)
def cannot_signal(case: Case) -> Sign | None:
    kill = case.evidence.attempts.get("kill")
    if kill is None or kill.ok or "permission denied" not in kill.said.lower():
        return None
    return Sign(found=kill.last)


@register("I06", *CONTAINERS)
def limits_too_high(case: Case) -> Sign | None:
    return said(case, r"error setting rlimit|setrlimit")


@register("I07", *CONTAINERS, alone=Verdict.WARN)
def keys_used_up(case: Case) -> Sign | None:
    spoken = said(case, r"(?:create keyring|join session keyring|session key)[^\n]{0,500}[Qq]uota exceeded")
    if spoken:
        return spoken
    used, _, limit = (case.facts.get("keys") or "").partition(" ")[0].partition("/")
    if not all(re.fullmatch("[0-9]{1,10}", one) for one in (used, limit)) or int(used) * 10 < int(limit) * 9:
        return None
    return Sign(
        found=f"{used} of {limit} kernel keys are in use", expected="room for containers: each takes one"
    )


@register("I08", *CONTAINERS, alone=Verdict.WARN)
def few_inotify_instances(case: Case) -> Sign | None:
    live = case.sysctl("fs.inotify.max_user_instances") or ""
    if re.fullmatch("[0-9]{1,10}", live) and int(live) < 128:  # the kernel's own value
        return Sign(found=f"fs.inotify.max_user_instances is {live}", expected="128 or more")
    return said(case, r"inotify[^\n]{0,500}too many open files")


@register("I09", *PODMAN, alone=Verdict.WARN)
def few_tasks(case: Case) -> Sign | None:
    for what, text in (
        ("TasksMax of the user's slice", case.facts.get("tasks.max")),
        ("the process limit", case.evidence.limits.get("processes")),
    ):
        if text and re.fullmatch("[0-9]{1,10}", text) and int(text) < 1000:
            return Sign(found=f"{what} is {text}", expected="1000 or more")
    return said(case, r"(?:fork|clone|newosproc)[^\n]{0,500}Resource temporarily unavailable")
