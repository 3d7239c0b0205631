"""I: runtimes, versions, and the kernel's quotas for one user."""

from __future__ import annotations

import re
from dataclasses import replace

from podstead.host.package_versions import upstream
from podstead.proof import catalogue
from podstead.proof.diagnosis.sign import CONTAINERS, PODMAN, Register, Sign, failure_line, line_of
from podstead.proof.diagnosis.start import start_output
from podstead.proof.finding import Verdict
from podstead.proof.subject import Subject

register = Register()


@register("I02", *CONTAINERS)
def old_crun(subject: Subject) -> Sign | None:
    info, podman = subject.evidence.fresh_info, subject.podman
    match = re.search(r"crun version (\S+)", info.get("host.ociRuntime.version")) if info else None
    version = upstream(match[1]) if match else None
    if podman is not None and podman.major >= 5 and version is not None and version.release < (1, 14, 3):
        return Sign(found=f"crun {version} with Podman {podman}", expected="crun 1.14.3 or newer")
    return failure_line(subject, r"unknown version specified")


@register("I01", "V31", *PODMAN)
def no_runtime(subject: Subject) -> Sign | None:
    tools = subject.state.platform.tools
    if tools and "podman" in tools and not {"crun", "runc"} & tools.keys():
        return Sign(found="neither crun nor runc is installed", expected="an OCI runtime")
    info = subject.evidence.fresh_info
    text = "\n".join((subject.failure_output, info.ran.output if info and not info.ran.ok else ""))
    if sign := line_of("\n".join((text, start_output(subject))), "could not find a working conmon"):
        # apply installs what is missing of a package's names, not of its files
        remedy = catalogue.load()["I01"].remedy_for(subject.state.platform.family)
        return replace(sign, remedy=remedy.removeprefix("podstead apply; by hand: "))
    # of a runtime that the user's own Podman does not find a file may speak (I11)
    return line_of(text, r"OCI runtime \"?\S{1,200}\"? not found|no such file or directory: OCI runtime")


@register("I04", "V20")
def no_catatonit(subject: Subject) -> Sign | None:
    # Fedora keeps it in /usr/libexec, where no PATH leads
    if (
        "catatonit" not in subject.state.platform.tools
        and "catatonit" not in subject.state.packages.installed
    ):
        found = failure_line(subject, r"catatonit|pause")
        return Sign(found=found.found if found else "catatonit is not installed")
    return None


@register("I05", "V17", "V18", alone=Verdict.FAIL)
def cannot_signal(subject: Subject) -> Sign | None:
    kill = subject.evidence.attempts.get("kill")
    if kill is None or kill.ok or "permission denied" not in kill.output.lower():
        return None
    return Sign(found=kill.last)


@register("I06", *CONTAINERS)
def limits_too_high(subject: Subject) -> Sign | None:
    return failure_line(subject, r"error setting rlimit|setrlimit")


@register("I07", *CONTAINERS, alone=Verdict.WARN)
def keys_used_up(subject: Subject) -> Sign | None:
    sign = failure_line(
        subject, r"(?:create keyring|join session keyring|session key)[^\n]{0,500}[Qq]uota exceeded"
    )
    if sign:
        return sign
    used, _, limit = (subject.facts.get("keys") or "").partition(" ")[0].partition("/")
    if (
        not all(re.fullmatch("[0-9]{1,10}", count) for count in (used, limit))
        or int(used) * 10 < int(limit) * 9
    ):
        return None
    return Sign(
        found=f"{used} of {limit} kernel keys are in use", expected="free keys: each container takes one"
    )


@register("I08", *CONTAINERS, alone=Verdict.WARN)
def few_inotify_instances(subject: Subject) -> Sign | None:
    live = subject.sysctl("fs.inotify.max_user_instances") or ""
    if re.fullmatch("[0-9]{1,10}", live) and int(live) < 128:  # the kernel's own value
        return Sign(found=f"fs.inotify.max_user_instances is {live}", expected="128 or more")
    return failure_line(subject, r"inotify[^\n]{0,500}too many open files")


@register("I09", *PODMAN, alone=Verdict.WARN)
def few_tasks(subject: Subject) -> Sign | None:
    for what, text in (
        ("TasksMax of the user's slice", subject.facts.get("tasks.max")),
        ("the process limit", subject.evidence.limits.get("processes")),
    ):
        if text and re.fullmatch("[0-9]{1,10}", text) and int(text) < 1000:
            return Sign(found=f"{what} is {text}", expected="1000 or more")
    return failure_line(subject, r"(?:fork|clone|newosproc)[^\n]{0,500}Resource temporarily unavailable")
