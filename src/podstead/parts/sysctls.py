"""Kernel settings: the live value and the value after the next boot, judged by need.

podstead owns one drop-in, :data:`DROP_IN`. A key goes into it only when nothing else gives a good value at boot, so
that a better value of somebody else is never lowered. sysctl.d(5): files are sorted by name whatever their folder,
a name in /etc hides the same name in /run and /usr/lib, and the last assignment wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from podstead.change import (
    ABSENT,
    Change,
    NotApplicable,
    Outcome,
    Phase,
    Refusal,
    SetSysctl,
    Step,
    WriteFile,
    checksum,
    unified_diff,
)
from podstead.frames import Records
from podstead.render import sysctl_drop_in
from podstead.spec import HostSpec, SysctlNeed

DROP_IN = "/etc/sysctl.d/99-podstead.conf"

#: Keys that only some kernels have; elsewhere there is nothing to set.
OPTIONAL = frozenset({"kernel.unprivileged_userns_clone", "kernel.apparmor_restrict_unprivileged_userns"})

#: What the kernel starts with (ip-sysctl documentation); other keys have no default that can be known.
KERNEL_DEFAULTS: Mapping[str, str] = {
    "net.ipv4.ip_unprivileged_port_start": "1024",
    "net.ipv4.ping_group_range": "1 0",
}

_FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")


@dataclass(frozen=True, slots=True)
class Assignment:
    """One ``key = value`` in a file that is read at boot."""

    path: str
    line: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SysctlsState:
    """Live values, and every assignment of interest in the order of boot (the last one wins)."""

    live: Mapping[str, str]
    read_only: frozenset[str]
    boot: Mapping[str, tuple[Assignment, ...]]
    drop_in: str | None
    defaults: Mapping[str, str]


def path_of(key: str) -> str:
    """The file below ``/proc/sys`` (sysctl(8): dots and slashes change places)."""
    return key.replace(".", "/")


def parse(records: Records) -> SysctlsState:
    live, read_only = {}, set()
    for line in records.lines("sysctl"):
        name, _, value = line.partition(":")
        if name.startswith("!"):
            read_only.add(name[1:].replace("/", "."))
        elif name:
            live[name.replace("/", ".")] = " ".join(value.split())
    own = next((one.text for one in records.all("file") if one.argument == DROP_IN), None)
    defaults = dict(KERNEL_DEFAULTS)
    threads = re.search(
        r"^/proc/sys/kernel/threads-max:([0-9]{1,12})$", records.text("files") or "", re.MULTILINE
    )
    if threads:
        # ucounts_init() in kernel/ucount.c: every user.max_*_namespaces starts at threads-max / 2
        defaults["user.max_user_namespaces"] = str(int(threads[1]) // 2)
    names = records.lines("sysctl-names")
    systemd = any(":/run/systemd/system" in record.text for record in records.all("stat"))
    return SysctlsState(
        live=live,
        read_only=frozenset(read_only),
        boot=_boot(_read_at_boot(names, systemd=systemd), records.lines("sysctl-lines")),
        drop_in=own,
        defaults=defaults,
    )


def _read_at_boot(names: list[str], *, systemd: bool) -> list[str]:
    """Without systemd, /etc/sysctl.conf is read last; systemd-sysctl reads it only where a link stands for it."""
    passed_over = {"/etc/sysctl.conf"} if systemd or "!linked" in names else set()
    return [name for name in names if name.startswith("/") and name not in passed_over]


def _boot(names: list[str], lines: list[str]) -> dict[str, tuple[Assignment, ...]]:
    """Every assignment by key, in the order in which systemd-sysctl (or OpenRC) applies them."""
    chosen: dict[str, str] = {}
    for path in names:
        folder, _, base = path.rpartition("/")
        if folder in _FOLDERS and (
            base not in chosen or _FOLDERS.index(folder) < _FOLDERS.index(chosen[base].rpartition("/")[0])
        ):
            chosen[base] = path
    effective = {path: base for base, path in chosen.items()}
    if "/etc/sysctl.conf" in names:
        effective["/etc/sysctl.conf"] = "\uffff"
    found: dict[str, list[tuple[str, Assignment]]] = {}
    for line in lines:
        match = re.match(r"(/.*?\.conf):([0-9]{1,9}):\s*-?\s*([^=\s]+)\s*=\s*(.*)", line)
        if match and match[1] in effective:
            key = match[3].replace("/", ".")
            found.setdefault(key, []).append(
                (effective[match[1]], Assignment(match[1], int(match[2]), " ".join(match[4].split())))
            )
    return {
        key: tuple(one for _, one in sorted(given, key=lambda item: (item[0], item[1].line)))
        for key, given in found.items()
    }


def meets(need: SysctlNeed, value: str) -> bool:
    """Whether a value as the kernel prints it is good enough. Never raises: a value that makes no sense is not."""
    if need.exact is not None:
        return " ".join(str(need.exact).split()) == " ".join(value.split())
    fields = value.split()
    if not fields or not all(re.fullmatch(r"-?[0-9]{1,20}", field) for field in fields):
        return False
    numbers = [int(field) for field in fields]
    if need.covers is not None:
        return len(numbers) == 2 and numbers[0] <= need.covers[0] and numbers[1] >= need.covers[1]
    if need.at_least is not None:
        return numbers[0] >= need.at_least
    return need.at_most is not None and numbers[0] <= need.at_most


def wanted_text(need: SysctlNeed, current: str | None = None) -> str:
    """The value to write. A range is widened to cover the present one too, so nobody loses what they had."""
    if need.covers is not None:
        low, high = need.covers
        present = [int(field) for field in (current or "").split() if re.fullmatch("[0-9]{1,10}", field)]
        if len(present) == 2 and present[0] <= present[1]:
            low, high = min(low, present[0]), max(high, present[1])
        return f"{low} {high}"
    for value in (need.at_least, need.at_most, need.exact):
        if value is not None:
            return " ".join(str(value).split())
    raise AssertionError("the model demands one of four")


def plan(spec: HostSpec, state: SysctlsState, *, container: bool) -> Outcome:
    """The drop-in for boot and the live values; refusals where somebody else wins."""
    outcome = Outcome()
    keep = _own_values(state.drop_in)
    for key, need in sorted(spec.sysctls.items()):
        live = state.live.get(key)
        if live is None:
            outcome += _no_such_key(key)
            continue
        boot, refused = _boot_value(key, need, state, keep.get(key))
        if refused:
            outcome += Outcome(refusals=(refused,))
        if boot is not None:
            keep[key] = boot
        elif key in keep and not meets(need, keep[key]):
            keep[key] = wanted_text(need)
        outcome += _live(key, need, live, keep.get(key), state, container=container)
    return _drop_in(keep, state) + outcome


def _no_such_key(key: str) -> Outcome:
    if key in OPTIONAL:
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
                remedy="correct the name, or load the kernel module that brings the setting",
            ),
        )
    )


def _boot_value(
    key: str, need: SysctlNeed, state: SysctlsState, own: str | None
) -> tuple[str | None, Refusal | None]:
    """What our drop-in must say about a key (None: nothing), and a refusal when a later file wins over it."""
    others = [one for one in state.boot.get(key, ()) if one.path != DROP_IN]
    later = [
        one
        for one in others
        if one.path == "/etc/sysctl.conf" or one.path.rpartition("/")[2] > DROP_IN.rpartition("/")[2]
    ]
    earlier = [one for one in others if one not in later]
    if later and not meets(need, later[-1].value):
        winner = later[-1]
        return wanted_text(need), Refusal(
            id=f"sysctls:{key}:boot",
            title=f"{key} will be {winner.value} after a reboot",
            reason=f"{winner.path}:{winner.line} sets {key} = {winner.value}, and it is read after {DROP_IN}",
            remedy="change or remove that line (a hardening rule may have put it there), then run podstead again",
        )
    if later:
        return None, None
    before = earlier[-1].value if earlier else state.defaults.get(key)
    if before is not None and meets(need, before):
        return None, None
    if own is not None and meets(need, own):
        return own, None
    live = state.live.get(key, "")
    # a key without a known default: whatever is live and good is what the host must have after a boot, too
    return (live if before is None and meets(need, live) else wanted_text(need, before)), None


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
                    remedy=f"set {key} = {value} on the host outside, or at boot",
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
    if not values and state.drop_in is None:
        return Outcome()
    text = sysctl_drop_in(values)
    if text == state.drop_in:
        return Outcome()
    step: Step = WriteFile(
        path=DROP_IN,
        content=text,
        expected=ABSENT if state.drop_in is None else checksum(state.drop_in.encode()),
    )
    return Outcome(
        changes=(
            Change(
                id="sysctls:drop-in:content",
                phase=Phase.SYSCTLS,
                title=f"write {DROP_IN}",
                steps=(step,),
                diff=unified_diff(DROP_IN, state.drop_in, text),
            ),
        )
    )
