"""Damage that an earlier use of Podman has left behind (D, C17)."""

from __future__ import annotations

from tests.real_hosts.damage.case import D11, D12, D13, FORKY, LINES, NEW, UNUSED, Damage, Outcome, as_alice

_STORE = "/home/alice/.local/share/containers/storage"
#: A pause process that keeps the map of now.
_PAUSE = as_alice("podman unshare true >/dev/null 2>&1") + "; "
_USED = as_alice("podman info >/dev/null 2>&1") + "; "
_MOVE = (
    "systemctl stop user@1001; mv /home/{0} /home/{1}; sed -i s#/home/{0}:#/home/{1}:# /etc/passwd; "
    "systemctl start user@1001; "
)
_VFS = as_alice("podman --storage-driver vfs info >/dev/null 2>&1") + "; "
_EACH = "for f in /etc/subuid /etc/subgid; do {}; done; "
_RUNNING = (
    as_alice(
        'mkdir -p fs; for d in /usr /bin /sbin /lib /lib64; do m="$m -v $d:$d:ro"; done; '
        "podman run -d --security-opt label=disable --network none $m --rootfs /home/alice/fs sleep 1000 >/dev/null 2>&1"
    )
    + "; "
)

LEFTOVERS = (
    Damage(
        name="a pause process keeps the old map",
        ref="D01",
        make=_PAUSE + _EACH.format("echo alice:524288:131072 >$f"),
        mend=UNUSED + LINES,
        outcome=Outcome.REPAIRED,
    ),
    Damage(
        name="a container runs under the old map",
        ref="D01",
        make=_RUNNING + _EACH.format("echo alice:524288:131072 >$f"),
        mend=LINES + as_alice("podman rm -f -a >/dev/null 2>&1; podman unshare rm -rf fs") + "; " + UNUSED,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="a lower range shifts every ID",
        ref="C17",
        make=_PAUSE + _EACH.format("echo alice:400000:1000 >>$f"),
        mend=UNUSED + LINES,
        outcome=Outcome.REPAIRED,
        releases=(D12, D13, FORKY),
        elsewhere="its Podman does not stand two ranges (J02)",
    ),
    Damage(
        name="files of the range before",
        ref="D02",
        make=as_alice(
            f'podman unshare sh -c "mkdir -p {_STORE}/volumes/v; chown 5:5 {_STORE}/volumes/v" 2>/dev/null'
        )
        + "; kill -9 $(cat /run/user/1001/libpod/tmp/pause.pid); rm -r /run/user/1001/libpod; "
        + _EACH.format("echo alice:655360:65536 >$f"),
        mend=UNUSED + LINES,
        outcome=Outcome.REFUSED,
    ),
    Damage(
        name="the driver of the first use",
        ref="D03",
        make=_VFS,
        mend=UNUSED,
        outcome=Outcome.REFUSED,
        warns=True,
        releases=(D12, D13, FORKY),
    ),
    Damage(
        name="the driver of the first use and a mount program",
        ref="D03",
        make=_VFS,
        mend=UNUSED,
        outcome=Outcome.REFUSED,
        releases=(D11,),  # every command fails: vfs takes no options of fuse-overlayfs
    ),
    Damage(
        name="a boot that nobody handled",
        ref="D05",
        make=_USED + "echo 00000000-0000-4000-8000-000000000000 >/run/user/1001/libpod/tmp/alive",
        mend=UNUSED,
        outcome=Outcome.LEFT,
        releases=NEW,
        elsewhere="Podman compares boot IDs since 5.1",
    ),
    Damage(
        name="pause.pid names another process",
        ref="D06",
        make="mkdir -p /run/user/1001/libpod/tmp; systemctl show -P MainPID user@1001 >/run/user/1001/libpod/tmp/pause.pid; "
        "chown -R alice: /run/user/1001/libpod",
        mend="rm -r /run/user/1001/libpod",
        outcome=Outcome.LEFT,
        warns=True,
    ),
    Damage(
        name="the home was moved",
        ref="D07",
        make=_USED + _MOVE.format("alice", "moved"),
        mend=_MOVE.format("moved", "alice") + UNUSED,
        outcome=Outcome.LEFT,
    ),
    Damage(
        name="a database of BoltDB",
        ref="D08",
        make="printf '[engine]\\ndatabase_backend = \"boltdb\"\\n' >/tmp/boltdb.conf; "
        + as_alice("CI_DESIRED_DATABASE=boltdb CONTAINERS_CONF=/tmp/boltdb.conf podman info >/dev/null 2>&1"),
        mend="rm /tmp/boltdb.conf; " + UNUSED,
        outcome=Outcome.LEFT,
        warns=True,
        releases=NEW,
        elsewhere="Podman 3 and 4.3 know nothing else",
    ),
    Damage(
        name="fuse-overlayfs is remembered",
        ref="D09",
        make=as_alice(f"mkdir -p {_STORE}/overlay; printf true >{_STORE}/overlay/.has-mount-program"),
        mend=UNUSED,
        outcome=Outcome.LEFT,
        warns=True,
        releases=(D11, D12, D13),
        elsewhere="Podman 5.8 does not start",
    ),
    Damage(
        name="fuse-overlayfs is remembered and gone",
        ref="D09",
        make=as_alice(f"mkdir -p {_STORE}/overlay; printf true >{_STORE}/overlay/.has-mount-program"),
        mend=UNUSED,
        outcome=Outcome.LEFT,
        releases=(FORKY,),
        elsewhere="older Podman mounts natively all the same",
    ),
    Damage(
        name="a database of another UID",
        ref="D10",
        make="install -d -o alice -m 0700 /run/user/2001; "
        + as_alice("podman --runroot /run/user/2001/containers info >/dev/null 2>&1")
        + "; rm -r /run/user/2001",
        mend=UNUSED + "rm -rf /run/user/2001",
        outcome=Outcome.LEFT,
    ),
)
