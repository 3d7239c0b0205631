"""What must change in kernel settings, live and for the next boot; judged by need.

podstead owns one drop-in, :data:`DROP_IN`. A key goes into it only when nothing else gives a good value at boot, so
that a better value of somebody else is never lowered, and never against what somebody has decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from podstead.document.spec import HostSpec, SysctlNeed
from podstead.host.state import HostState
from podstead.host.sysctl_values import kernel_reads, meets, wanted_text
from podstead.host.sysctls import DROP_IN, SysctlsState, path_of
from podstead.host.sysctls_boot import Assignment
from podstead.provision.change import (
    Change,
    NotApplicable,
    Outcome,
    Phase,
    Refusal,
    SetSysctl,
    allowing,
    rewritten,
)
from podstead.provision.drop_ins import sysctl_drop_in
from podstead.provision.part import Meaning, Part


def plan(
    spec: HostSpec, state: SysctlsState, *, container: bool, allowed: frozenset[str] = frozenset()
) -> Outcome:
    """The drop-in for boot and the live values; refusals where somebody else has decided otherwise.

    ``allowed`` holds the ids of refusals that the person asked for by name.
    """
    outcome = Outcome()
    keep = _own_values(state.drop_in.text)
    for key, need in sorted(spec.sysctls.items()):
        live = state.live.get(key)
        if live is None:
            outcome += _no_such_key(key, need)
            continue
        contrary = _contrary(key, need, state)
        if contrary and contrary.id not in allowed:
            outcome += Outcome(refusals=(contrary,))
            continue
        if contrary:
            outcome += Outcome(
                not_applicable=(NotApplicable(id=contrary.id, reason=f"allowed: {contrary.reason}"),)
            )
        boot = _boot_value(key, need, state, keep.get(key))
        if boot is not None:
            keep[key] = boot
        elif key in keep and not meets(need, keep[key]):
            keep[key] = wanted_text(need)
        outcome += _live(key, need, live, keep.get(key), state, container=container)
    return _drop_in(keep, state) + outcome


def _no_such_key(key: str, need: SysctlNeed) -> Outcome:
    if need.if_present:
        return Outcome(
            not_applicable=(
                NotApplicable(id=f"sysctls:{key}:live", reason="this kernel has no such setting"),
            )
        )
    return Outcome(
        refusals=(
            Refusal(
                id=f"sysctls:{key}:live",
                title=f"{key} does not exist",
                reason=f"this kernel has no /proc/sys/{path_of(key)}",
                remedy="correct the name, load the kernel module that provides the setting, or write 'if_present: true' beside the value "
                "for a setting that only some kernels have",
            ),
        )
    )


def _decisive(key: str, need: SysctlNeed, state: SysctlsState) -> Assignment | None:
    """The last line about a key at boot that is not podstead's and that the kernel takes."""
    others = (assignment for assignment in state.boot.get(key, ()) if assignment.path != DROP_IN)
    taken = [assignment for assignment in others if kernel_reads(key, need, assignment.value) is not None]
    return taken[-1] if taken else None


def _is_later(assignment: Assignment) -> bool:
    """Whether a line is read after podstead's file. A pattern gives way to every line that names the key, wherever it is."""
    if assignment.pattern:
        return False
    return (
        assignment.path == "/etc/sysctl.conf"
        or assignment.path.rpartition("/")[2] > DROP_IN.rpartition("/")[2]
    )


def _contrary(key: str, need: SysctlNeed, state: SysctlsState) -> Refusal | None:
    """Somebody has set a key otherwise: in a file that is read after podstead's, or in one of the administrator's.

    What the administrator has written is a decision (a hardening rule, the mitigation of a vulnerability), wherever the
    file sorts; the vendor's files below /usr are defaults, made to be overridden (sysctl.d(5)).
    """
    line = _decisive(key, need, state)
    if line is None or meets(need, kernel_reads(key, need, line.value) or ""):
        return None
    later = _is_later(line)
    if not later and not line.path.startswith(("/etc/", "/run/")):
        return None
    order = f"it is read after {DROP_IN}" if later else "someone has decided that"
    name = f"sysctls:{key}:boot"
    effect = (
        f"to set the live value anyway, until the next boot: {allowing(name)}"
        if later
        else f"to override it: {allowing(name)}"
    )
    return Refusal(
        id=name,
        title=f"{key} is set to {line.value} by someone else",
        reason=f"{line.path}:{line.line} sets {line.pattern or key} = {line.value}, and {order}",
        remedy=f"find out why it is there (a hardening rule, or the mitigation of a vulnerability?); change or remove that line; {effect}",
        allow=True,
    )


def _boot_value(key: str, need: SysctlNeed, state: SysctlsState, own: str | None) -> str | None:
    """What our drop-in must say about a key; None where somebody else's line or the kernel's default is good."""
    line = _decisive(key, need, state)
    before = state.defaults.get(key) if line is None else kernel_reads(key, need, line.value)
    if before is not None and meets(need, before):
        return None
    if line is not None and _is_later(line):
        return wanted_text(need)
    if own is not None and meets(need, own):
        return own
    live = state.live.get(key, "")
    # a key without a known default: whatever is live and good is what the host must have after a boot, too
    return live if before is None and meets(need, live) else wanted_text(need, before)


def notes(spec: HostSpec, state: SysctlsState) -> tuple[str, ...]:
    """Lines that do what they say and should be written otherwise."""
    lines = []
    for key, need in sorted(spec.sysctls.items()):
        line = _decisive(key, need, state)
        if line is None:
            continue
        read = kernel_reads(key, need, line.value)
        if read is not None and len(line.value.split()) > len(read.split()):
            lines.append(
                f"{line.path}:{line.line}: the kernel reads {read} and ignores the rest of the line; put the comment on a "
                "line of its own"
            )
    return tuple(lines)


def _live(
    key: str, need: SysctlNeed, live: str, boot: str | None, state: SysctlsState, *, container: bool
) -> Outcome:
    if meets(need, live):
        return Outcome()
    good = (
        boot is not None and meets(need, boot) and need.covers is None
    )  # a range: nobody loses what is live now
    value = boot if boot is not None and good else wanted_text(need, live)
    if key in state.read_only:
        where = (
            "a container: its outer host must set it"
            if container
            else "read-only, or root lacks a capability here"
        )
        return Outcome(
            refusals=(
                Refusal(
                    id=f"sysctls:{key}:live",
                    title=f"{key} is {live} and cannot be changed here",
                    reason=f"/proc/sys/{path_of(key)} cannot be written ({where})",
                    remedy=f"set {key} = {value} on the outer host, or at boot",
                ),
            )
        )
    return Outcome(
        changes=(
            Change(
                id=f"sysctls:{key}:live",
                phase=Phase.SYSCTLS,
                title=f"set {key} from {live} to {value}",
                steps=(SetSysctl(key=key, value=value),),
                diff=f"--- /proc/sys/{path_of(key)}\n+++ /proc/sys/{path_of(key)}\n@@ -1 +1 @@\n-{live}\n+{value}\n",
            ),
        )
    )


def _own_values(text: str | None) -> dict[str, str]:
    """What our drop-in says now. Keys that no layer mentions any more stay: they are not managed, so not removed."""
    values = {}
    for line in (text or "").splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.lstrip().startswith(("#", ";")):
            values[key.strip()] = " ".join(value.split())
    return values


def _drop_in(values: Mapping[str, str], state: SysctlsState) -> Outcome:
    if not values and state.drop_in.data is None:
        return Outcome()
    return rewritten(
        state.drop_in,
        sysctl_drop_in(values),
        name="sysctls:drop-in:content",
        phase=Phase.SYSCTLS,
        title=f"write {DROP_IN}",
    )


def _from_state(spec: HostSpec, state: HostState, allowed: frozenset[str]) -> Outcome:
    return plan(spec, state.sysctls, container=state.platform.container, allowed=allowed)


PART: Final = Part(
    name="sysctls",
    does="sets kernel values, now and for the next boot",
    phases=(Phase.SYSCTLS,),
    about=lambda spec: tuple(spec.sysctls),
    plan=_from_state,
    owns=(DROP_IN,),
    changes=(
        Meaning(
            id="sysctls:KEY:live",
            title="set a kernel value now",
            why="Judged by need: a value that is already better is left alone.",
            remedy="sysctl -w KEY=VALUE",
            sources=("sysctl(8)",),
        ),
        Meaning(
            id="sysctls:KEY:boot",
            title="someone has set it to a different value",
            why=(
                "A line that the administrator wrote is a decision, wherever its file sorts: a hardening rule, or the mitigation "
                "of a vulnerability; so is a line with a pattern that matches the key. A file that sorts after podstead's wins at boot in any case."
            ),
            remedy="Find out why the line exists; change or remove it; or allow it: podstead apply --allow sysctls:KEY:boot.",
            sources=("sysctl.d(5)",),
        ),
        Meaning(
            id="sysctls:drop-in:content",
            title="write /etc/sysctl.d/99-podstead.conf",
            why="The values must also be in force after a reboot. The file belongs to podstead.",
            remedy="Write KEY = VALUE lines to a file in /etc/sysctl.d.",
            sources=("sysctl.d(5)",),
        ),
    ),
)
