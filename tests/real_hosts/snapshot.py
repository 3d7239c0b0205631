"""Looking at hosts with the hosts' own tools: what is there, who runs, what an account may do."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path

from tests.lab import Host

_BIND = """\
use Socket;
socket(my $s, AF_INET, SOCK_STREAM, 0) or die;
print bind($s, pack_sockaddr_in($ARGV[0], inet_aton("127.0.0.1"))) ? "bound" : $!;
"""

# No image and no registry is needed: the host's own programs in an empty root.
_CONTAINER = """\
set -eu
mkdir -p ~/root
mounts=
for d in /usr /bin /sbin /lib /lib64; do [ ! -e $d ] || mounts="$mounts -v $d:$d:ro"; done
podman run --rm --network none $mounts --user 5:7 --rootfs ~/root sh -c {command}
"""


def contents(host: Host, *folders: str) -> str:
    """Everything below some folders: names, kinds, modes, owners, times and checksums."""
    where = shlex.join(folders)
    return host.sh(
        f"find {where} -xdev -printf '%p %y %m %U:%G %l %T@\\n' | sort\n"
        f"find {where} -xdev -type f -print0 | sort -z | xargs -0 sha256sum"
    ).stdout


def bind(host: Host, user: str, port: int) -> str:
    """Bind a TCP port as a user who has logged in: "bound", or what the kernel says."""
    return host.ssh(user, f"perl -e {shlex.quote(_BIND)} {port}").stdout


def run_container(host: Host, user: str, command: str) -> str:
    """Run a shell command in a container of a user, over SSH, as container user 5:7."""
    return host.ssh(user, _CONTAINER.format(command=shlex.quote(command))).stdout


def leftovers(host: Host) -> list[str]:
    """What an interrupted or careless run could leave behind, anywhere that podstead writes."""
    found = host.sh(
        "find /etc /home /root /run /tmp /var/tmp -xdev"
        " \\( -name '.podstead.*' -o -name 'podstead.??????' -o -name 'podstead.[rth]????????' -o -name 'podstead-run.*' -o -name 'sub[ug]id.podstead.*'"
        " -o -name 'sub[ug]id.lock' -o -name '*.podstead.*' \\) 2>/dev/null || :"
    )
    return found.stdout.split()


def files_of(host: Host) -> list[str]:
    """Files where a user and Podman write. What systemd and the message bus keep of a session is theirs."""
    found = host.sh(
        "find /home /tmp /var/tmp /run/user /dev/shm /var/lib/containers /run/containers /run/libpod"
        # what Podman remembers of the kernel's features until the next boot, in any of its commands
        # and root's own logins, whose folder systemd removes ten seconds after the last
        " \\( -path /run/user/0 -o -path '/run/user/*/containers/overlay/*-true' -o -path '/run/user/*/systemd' -o -path '/run/user/*/dbus-1' -o -path '/tmp/systemd-private-*' \\)"
        " -prune"
        " -o ! -type d -printf '%p %y %m %U:%G %s %i\\n' -o -printf '%p %y %m %U:%G\\n' 2>/dev/null | sort"
    )
    return found.stdout.splitlines()


def processes_of(host: Host, user: str) -> list[str]:
    """
    Processes of a user and of anybody's subordinate IDs.

    Without the message bus of the user's session: systemd starts it when somebody first speaks to its socket.
    """
    shown = host.sh(
        f"ps -eo uid=,pid=,comm= | awk -v me=$(id -u {user})"
        " '($1 == me || $1 >= 100000) && $3 != \"dbus-daemon\"'"
    ).stdout
    return [" ".join(line.split()) for line in shown.splitlines()]


def command_lines() -> set[str]:
    """The command line of every process of the machine, those in its hosts too."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.add(place.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found
