"""Damage to the files, the storage and the locks with which the user's own Podman starts (D11, G14, H19 to H26, I10, I11)."""

from __future__ import annotations

from tests.real_hosts.damage.case import NEW, UNUSED, Damage, Outcome, as_alice, remove
from tests.real_hosts.damage.storage import CONFIG, config

_USED = as_alice("podman info >/dev/null 2>&1") + "; "
_LOCKS = "rm -f /dev/shm/libpod_rootless_lock_1001; "


def file(name: str, text: str) -> tuple[str, str]:
    """A file of alice's for Podman: make and mend. ``text`` is for printf in double quotes."""
    path = f"{CONFIG}/{name}"
    make = f'mkdir -p {CONFIG}; printf "{text}" >{path}; chown -R alice: /home/alice/.config; '
    return make, f"rm {path}; rmdir {CONFIG} /home/alice/.config || :; "


def storage(text: str) -> tuple[str, str]:
    return file("storage.conf", f'[storage]\\ndriver = \\"overlay\\"\\n{text}\\n')


_PROGRAM = storage('[storage.options.overlay]\\nmount_program = \\"/usr/bin/nothing\\"')
_CLOSED = storage('graphroot = \\"/srv/rootless/alice/storage\\"')
_RUNROOT = storage('runroot = \\"/srv/rootless/run\\"')
_STORE = storage('[storage.options]\\nadditionalimagestores = [\\n  \\"/srv/images\\",\\n]')
_TORN = storage("runroot = [")
_CNI = config('[network]\\nnetwork_backend = \\"cni\\"')
_RUNC = config('[engine]\\nruntime = \\"runc\\"')
_FORTY = config("[engine]\\nnum_locks = 4096")
_HALF = config('[engine]\\nruntime = \\"crun')
_TYPE = config('[engine]\\nnum_locks = \\"many\\"')
_MIXED = file(
    "registries.conf",
    '[registries.search]\\nregistries = [\\"docker.io\\"]\\n[[registry]]\\nlocation = \\"registry.example.com\\"\\n',
)
_POLICY = file("policy.json", '{\\"default\\": [{\\"type\\": \\"insecureAcceptAnything\\"},]}\\n')

START = (
    Damage(
        name="a mount program that is not there",
        ref="H19",
        make=_PROGRAM[0],
        mend=_PROGRAM[1],
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="a graphroot that nobody made",
        ref="H20",
        make=_CLOSED[0],
        mend=_CLOSED[1],
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="a rootless_storage_path that nobody made",
        ref="H20",
        make="f=/etc/containers/storage.conf; [ ! -e $f ] || cp -p $f /root/storage.sound; "
        'printf \'[storage]\\ndriver = "overlay"\\nrootless_storage_path = "/srv/rootless/$USER/storage"\\n\' >$f',
        mend="f=/etc/containers/storage.conf; rm $f; [ ! -e /root/storage.sound ] || mv /root/storage.sound $f",
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="a runroot that nobody made",
        ref="H20",
        make=_RUNROOT[0],
        mend=_RUNROOT[1],
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="a graphroot that alice can make",
        ref="H20",
        make="install -d -o alice -g alice /srv/rootless; " + _CLOSED[0],
        # it fails where anything was left in it
        mend=_CLOSED[1] + "rmdir /srv/rootless",
        outcome=Outcome.HARMLESS,
    ),
    Damage(
        name="a graphroot of root's",
        ref="H21",
        make="install -d /srv/rootless/alice/storage; " + _CLOSED[0],
        mend=_CLOSED[1] + "rmdir -p /srv/rootless/alice/storage || [ ! -e /srv/rootless ]",
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="an additional store that is not there",
        ref="H22",
        make=_STORE[0],
        mend=_STORE[1],
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="an additional store that is closed",
        ref="H22",
        make="install -d -m 0700 /srv/images /srv/images/overlay-images; " + _STORE[0],
        mend=_STORE[1] + "rm -r /srv/images",
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="half a storage.conf",
        ref="H23",
        make=_TORN[0],
        mend=_TORN[1],
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="half a containers.conf",
        ref="H24",
        make=_HALF[0],
        mend=_HALF[1],
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="a word for a number",
        ref="H24",
        make=_TYPE[0],
        mend=_TYPE[1],
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="registries.conf in two formats",
        ref="H25",
        make=_MIXED[0],
        mend=_MIXED[1],
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="a comma too many in policy.json",
        ref="H26",
        make=_POLICY[0],
        mend=_POLICY[1],
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="another number of locks",
        ref="D11",
        make=_USED + _FORTY[0],
        mend=_FORTY[1] + "; " + UNUSED + _LOCKS,
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="CNI is left over",
        ref="G14",
        make=_CNI[0],
        mend=_CNI[1],
        outcome=Outcome.LEFT,
        releases=NEW,
        elsewhere="their Podman has CNI",
    ),
    Damage(
        name="a runtime is left over",
        ref="I11",
        make=_RUNC[0],
        mend=_RUNC[1],
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="no podman",
        ref="I10",
        make=remove("podman"),
        mend="",
        outcome=Outcome.REPAIRED,
    ),
)
