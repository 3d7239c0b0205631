"""What keeps the user's own Podman from starting: its files, its storage, its locks (D11, G14, H19 to H26, I10, I11)."""

from __future__ import annotations

import re
import shlex

from podstead.proof.diagnosis.leftovers import storage_owners
from podstead.proof.diagnosis.sign import Register, Sign
from podstead.proof.engine_files import above, named_file, naming
from podstead.proof.finding import Verdict
from podstead.proof.judges.start import error_before_namespace, no_podman, starts
from podstead.proof.subject import Subject

register = Register()


def start_output(subject: Subject) -> str:
    """Everything that the user's own Podman said of itself."""
    evidence = subject.evidence
    tried = (evidence.listed, evidence.user_info.ran if evidence.user_info else None, evidence.policy)
    return "\n".join(
        (*(attempt.output for attempt in tried if attempt is not None), error_before_namespace(subject))
    )


def _line(subject: Subject, pattern: str) -> Sign | None:
    """Podman's words from where the pattern begins: a line may hold more than anybody reads."""
    match = re.search(pattern, start_output(subject))
    return Sign(found=match[0].strip()[:300]) if match else None


@register("I10", "V31")
def not_installed(subject: Subject) -> Sign | None:
    return Sign(found="Podman is not installed", expected="Podman") if no_podman(subject) else None


def _file(ref: str, name: str, pattern: str, *more: str) -> None:
    """A file that Podman cannot read, by Podman's words; ``more`` are the checks that fail beside V31."""

    @register(ref, "V31", *more, alone=Verdict.FAIL)
    def look(subject: Subject) -> Sign | None:
        sign = _line(subject, pattern)
        if sign is None:
            return None
        place = named_file(sign.found)
        if name not in place:
            return None
        path, _, line = place.partition(":")
        who = "as the user" if path.startswith(f"{subject.account.home}/") else "as root"
        return Sign(
            found=sign.found,
            cause=f"Podman cannot read {place}",
            remedy=f"{who}, correct {f'line {line} of ' if line else ''}{shlex.quote(path)}; "
            "as the user, podman info then shows that Podman reads it",
        )


_file(
    "H23",
    "storage.conf",
    r"(?:Failed to (?:parse|read) |decode configuration \"?)/[^\n]{1,300}storage\.conf[^\n]{0,500}",
)
_file("H24", "containers.conf", r"decode configuration \"?/[^\n]{1,300}containers\.conf[^\n]{0,500}")
_file("H25", "registries.conf", r"loading (?:drop-in )?registries configuration [^\n]{1,900}")
# Podman 4 and 5.4 build a pod's pause image, which reads the policy; 5.8 builds none
_file("H26", "policy.json", r"invalid policy in [^\n]{1,700}", "V20", "V24")


@register("D09", "V31")
def remembered_mount_program(subject: Subject) -> Sign | None:
    """Podman 5.8 does not start on the note of a program that is gone; older ones mount natively all the same."""
    remembered = (subject.facts.get("mount.program") or "").strip() == "true"
    return (
        _line(subject, r"native overlay not supported and fuse-overlayfs not found") if remembered else None
    )


@register("H19", "V31")
def no_mount_program(subject: Subject) -> Sign | None:
    match = re.search(r"can't stat program \"?(/[^\s\":]{1,300})", start_output(subject))
    if not match:
        return None
    place = naming(subject.evidence.configs, match[1], "mount_program")
    return Sign(
        found=f"{place.place}: mount_program = {place.value}" if place else f"mount_program is {match[1]}",
        expected=f"{match[1]}, or no mount_program",
        cause=f"storage.conf names the mount program {match[1]}, which does not exist",
    )


@register("H20", "V31")
def place_closed(subject: Subject) -> Sign | None:
    """A folder for storage that the user may not make. What a database remembers is another matter (D07, D10)."""
    match = re.search(
        r"mkdir (/[^\s:]{1,300}): (?:permission denied|read-only file system)", start_output(subject)
    )
    if not match:
        return None
    evidence, account = subject.evidence, subject.account
    place = above(evidence.configs, match[1], subject.user, account.uid, account.home)
    if place is None and (
        evidence.has_database
        or evidence.graph is None
        or not f"{evidence.graph.path}/".startswith(f"{match[1]}/")
    ):
        return None
    if _foreign_owner(subject):
        return None
    found = (
        f"{place.place}: {place.key} = {place.value}"
        if place
        else f"storage in {evidence.graph.path if evidence.graph else ''}"
    )
    wanted = place.value if place else evidence.graph.path if evidence.graph else match[1]
    wanted = (
        wanted.replace("$HOME", account.home).replace("$USER", subject.user).replace("$UID", str(account.uid))
    )
    quoted = shlex.quote(wanted)
    return Sign(
        found=f"{found}; mkdir {match[1]}: permission denied",
        expected="a folder of the user",
        cause=f"The user is not allowed to create {match[1]}, where the storage is to be",
        remedy=f"mkdir -p {shlex.quote(wanted.rpartition('/')[0] or '/')} && "
        f"install -d -o {shlex.quote(subject.user)} -g {account.gid} -m 0700 {quoted}; or remove the setting from the file",
    )


def _foreign_owner(subject: Subject) -> str:
    """The UID that owns the folder of the storage itself, where it is not the user's."""
    graph = subject.evidence.graph
    if graph is None or not graph.exists:
        return ""
    uid = graph.owner.partition(":")[0]
    return uid if uid != str(subject.account.uid) else ""


@register("H21", "V27", "V31", alone=Verdict.FAIL)
def owned_by_another(subject: Subject) -> Sign | None:
    """The folder of the storage, or something in it, belongs to root or to another account."""
    if starts(subject):
        return _foreign_files(subject)
    denied = re.search(
        r"(?:open|mkdir|opening) \"?(/[^\s\":]{1,300})\"?: permission denied", start_output(subject)
    )
    graph = subject.evidence.graph
    if denied is None or graph is None or not denied[1].startswith(f"{graph.path}/"):
        return None
    uid = _foreign_owner(subject)
    # the folder itself, or the one in it that Podman could not write in
    path = graph.path if uid else f"{graph.path}/{denied[1].removeprefix(f'{graph.path}/').partition('/')[0]}"
    owner = f"belongs to {graph.owner}" if uid else "cannot be written in"
    quoted = shlex.quote(path)
    return Sign(
        found=f"{path} {owner}; {denied[0]}",
        expected=f"a folder of {subject.account.uid}:{subject.account.gid}",
        cause="Container storage does not belong to the user",
        remedy=f"the owner: ls -ldn {quoted}; then: chown {'' if uid else '-R '}{shlex.quote(subject.user)}:{subject.account.gid} {quoted}",
    )


def _foreign_files(subject: Subject) -> Sign | None:
    """Podman starts, and some of the files that it has to read are another account's."""
    others = subject.state.accounts.uids - {subject.account.uid}
    other_uids = sorted(
        {
            uid
            for uid, _ in storage_owners(subject)
            if uid in others and not any(uid in range_ for range_ in subject.subuids)
        }
    )
    graph = subject.evidence.graph
    if not other_uids or graph is None:
        return None
    quoted, uids = shlex.quote(graph.path), " -o ".join(f"-uid {uid}" for uid in other_uids)
    return Sign(
        found=f"files in storage belong to {', '.join(map(str, other_uids[:5]))}",
        expected=f"{subject.account.uid} or an ID of {', '.join(map(str, subject.subuids))}",
        cause="Files in container storage belong to another account",
        remedy=f"this shows them: find {quoted} -xdev {uids}; then chown {shlex.quote(subject.user)}:{subject.account.gid} the ones that Podman created",
    )


@register("H22", "V31")
def no_additional_store(subject: Subject) -> Sign | None:
    text = start_output(subject)
    match = re.search(r"can't stat imageStore dir (/[^\s\":]{1,300})", text)
    path = match[1] if match else ""
    if not path:
        denied = re.search(
            r"(?:open|opening) \"?(/[^\s\":]{1,300})/overlay-(?:images|layers)/[a-z]+\.lock\"?: permission denied",
            text,
        )
        graph = subject.evidence.graph
        if denied and (graph is None or denied[1] != graph.path):
            path = denied[1]
    place = naming(subject.evidence.configs, path, "additionalimagestores") if path else None
    if place is None:
        return None
    return Sign(
        found=f"{place.place}: additionalimagestores has {path}; "
        + ("it does not exist" if match else "the user is not allowed to read it"),
        expected="a folder that the user can read",
        cause=f"The additional image store {path} cannot be reached",
    )


@register("D11", "V31")
def other_locks(subject: Subject) -> Sign | None:
    sign = _line(subject, r"failed to open \d{1,7} locks in [^\n]{1,100}: numerical result out of range")
    if sign is None:
        return None
    place = naming(subject.evidence.configs, "", "num_locks")
    return Sign(
        found=f"{place.place}: num_locks = {place.value}; {sign.found}" if place else sign.found,
        expected="a lock segment of the configured size",
    )


@register("G14", "V31")
def cni_left_over(subject: Subject) -> Sign | None:
    sign = _line(
        subject,
        r"cni support is not enabled in this build[^\n]{0,300}|unsupported network backend[^\n]{0,300}",
    )
    if sign is None:
        return None
    place = naming(subject.evidence.configs, "cni", "network_backend")
    return Sign(found=f"{place.place}: {sign.found}" if place else sign.found)


@register("I11", "V31")
def runtime_left_over(subject: Subject) -> Sign | None:
    match = re.search(
        r"OCI runtime \"([^\s\"]{1,200})\" not found|no valid executable found for OCI runtime ([^\s\":]{1,200})",
        start_output(subject),
    )
    name = (match[1] or match[2]) if match else ""
    place = naming(subject.evidence.configs, name, "runtime") if name else None
    if place is None:
        return None  # the host has no runtime at all (I01)
    return Sign(
        found=f"{place.place}: runtime = {place.value}, which is not installed",
        expected="a runtime that is installed, or no such line",
        cause=f"containers.conf asks for the runtime {name}, which is not installed",
    )
