"""What one damage is: how it is made, what verify must say about it, and what apply must do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

#: Releases by what their Podman is: 3.0, 4.3, 5.4, and the newest.
D11, D12, D13, FORKY = "debian-11", "debian-12", "debian-13", "debian-forky"
RELEASES = (D11, D12, D13, FORKY)
OLD, NEW = (D11, D12), (D13, FORKY)

#: The common, the silent and the dangerous failure modes : what to look for first.
FIRST = frozenset(
    {
        "A01",
        "A02",
        "A03",
        "A05",
        "B01",
        "B03",
        "B04",
        "B05",
        "B07",
        "C01",
        "C02",
        "C03",
        "C04",
        "C05",
        "C07",
        "C08",
        "C09",
        "C10",
        "C11",
        "C13",
        "C15",
        "C16",
        "C19",
        "C20",
        "C32",
        "C33",
        "D01",
        "D02",
        "D03",
        "D04",
        "D11",
        "E01",
        "E03",
        "E04",
        "E05",
        "E07",
        "E09",
        "F01",
        "F03",
        "G01",
        "G04",
        "G08",
        "G09",
        "H01",
        "H03",
        "H06",
        "H14",
        "H19",
        "H23",
        "I02",
        "J01",
    }
)


class Outcome(StrEnum):
    """What podstead apply does about it."""

    REPAIRED = "repaired"
    """apply mends it, and verify is green again."""
    REFUSED = "refused"
    """apply changes nothing of it, exits 1 and says what to do."""
    LEFT = "left alone"
    """apply has nothing to do with it and changes nothing; verify says what to do."""
    HARMLESS = "no finding"
    """It looks like a failure mode and breaks nothing here: verify must stay green, and apply change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One way to break a healthy host. The scripts run as root, in sh, in the host.

    ``refs`` is what verify must name; ``related`` may be named beside it, because it is there as well. ``mend`` is what a
    person would do by hand; it also undoes everything that the damage did.
    """

    name: str
    ref: str
    make: str
    mend: str
    outcome: Outcome
    related: tuple[str, ...] = ()
    warns: bool = False
    """Nothing fails: the verdict is a warning, and the exit code 0."""
    still_warns: tuple[str, ...] = ()
    """What verify still warns of after apply has mended what is podstead's to mend."""
    releases: tuple[str, ...] = RELEASES
    elsewhere: str = ""
    """Why it is not done on the other releases."""


def tried(damage: Damage, *, everything: bool) -> tuple[str, ...]:
    """The releases on which a run does a damage.

    The short form does what is to be looked for first, on Debian 12 or 13, one half on each, and what looks like a failure mode
    and is none, on 13; the rest is for ``make matrix``.
    """
    if everything:
        return damage.releases
    if damage.outcome is Outcome.HARMLESS:
        return (D13,) if D13 in damage.releases else ()
    if damage.ref not in FIRST:
        return ()
    usual = [release for release in damage.releases if release in (D12, D13)] or damage.releases
    return (usual[crc32(damage.name.encode()) % len(usual)],)


def as_alice(command: str) -> str:
    """A command in alice's own session, from her home. It must hold no single quotes."""
    settings = "HOME=/home/alice USER=alice XDG_RUNTIME_DIR=/run/user/1001 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1001/bus"
    return f"runuser -u alice -- env -i -C /home/alice PATH=/usr/bin:/bin:/usr/sbin:/sbin {settings} sh -c '{command}'"


#: systemd starts a unit five times in ten seconds at most, and quick damages come closer than that: it is to forget them.
RESTART = "systemctl daemon-reload; systemctl reset-failed user@1001 || :; systemctl restart user@1001"

#: Her service manager and her bus are back after this, or it fails.
AGAIN = f"{RESTART}; n=0; until [ -S /run/user/1001/bus ]; do n=$((n + 1)); [ $n -lt 100 ]; sleep 0.1; done; "


def user_manager(*settings: str) -> tuple[str, str]:
    """A drop-in for the service manager of alice: make and mend."""
    folder = "/etc/systemd/system/user@1001.service.d"
    text = "\\n".join(("[Service]", *settings, ""))
    return f"mkdir -p {folder}; printf '{text}' >{folder}/damage.conf; {AGAIN}", f"rm -r {folder}; {AGAIN}"


def environment(assignment: str) -> tuple[str, str]:
    """A variable of alice's session, as environment.d(5) sets it: make and mend."""
    folder = "/home/alice/.config/environment.d"
    return (
        f"mkdir -p {folder}; echo '{assignment}' >{folder}/damage.conf; chown -R alice: /home/alice/.config; {AGAIN}",
        f"rm -r {folder}; {AGAIN}",
    )


#: Both files as they are on a healthy host.
LINES = "for f in /etc/subuid /etc/subgid; do echo alice:524288:65536 >$f; chmod 0644 $f; chown root:root $f; done; "

#: Alice has never used Podman: no pause process, no storage, nothing in /run or /tmp.
UNUSED = (
    "for f in /run/user/1001/libpod/tmp/pause.pid /run/user/1001/libpod/pause.pid; do "
    '[ ! -s $f ] || kill -9 "$(cat $f)" || :; done; '
    "rm -rf /home/alice/.local/share/containers /home/alice/.cache/containers /run/user/1001/libpod /run/user/1001/containers "
    "/tmp/podman-run-1001 /tmp/storage-run-1001 /tmp/containers-user-1001; "
)


def install(*names: str) -> str:
    """Install packages from the lab's repository."""
    return f"DEBIAN_FRONTEND=noninteractive apt-get -y -q install {' '.join(names)} >/dev/null; "


def remove(*names: str) -> str:
    """Take packages away without asking what needs them: what is broken is broken by more than apt."""
    return f"dpkg --remove --force-depends {' '.join(names)} >/dev/null 2>&1; "
