"""What users of a host try, each as an account of its own: shell scripts that the account runs, and what may come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Look = Literal["seen", "unseen", "either"]
BOB = 1002

_CONF = "mkdir -p ~/.config/containers; f=~/.config/containers/storage.conf; rm -f $f\n"
_PAUSE = "mkdir -p $XDG_RUNTIME_DIR/libpod/tmp; f=$XDG_RUNTIME_DIR/libpod/tmp/pause.pid; rm -f $f\n"
_STAY = "setsid sh -c '{}' sh \"$f\" >/dev/null 2>&1 </dev/null &\n"
_STORE = "mkdir -p ~/.local/share/containers/storage; cd ~/.local/share/containers/storage\n"
_SHIM = (
    "mkdir -p ~/bin ~/.config/environment.d; echo PATH=$HOME/bin:/usr/bin:/bin >~/.config/environment.d/x.conf\n"
    "cat >~/bin/podman; chmod 755 ~/bin/podman; systemctl --user daemon-reexec\n"
)
# In bursts, as fast as the kernel exchanges, so that it also happens between two system calls. Without a rest between the
# bursts it would cost the machine one of its processors.
_EXCHANGE = """\
perl -e 'my $n = `uname -m` =~ /x86_64/ ? 316 : 276; my ($f) = @ARGV;
while (1) { syscall($n, -100, $f, -100, "$f.pipe", 2) for 1 .. 201; select undef, undef, undef, 0.05 }' "$1"
"""
_FORGED = "".join(
    f"{line}\n"
    for line in (
        "",
        "640:0:0:regular file:/etc/subuid",
        f"666:0:0:socket:/run/user/{BOB}/bus",
        "644:0:0:regular empty file:/var/lib/systemd/linger/bob",
        "@@podstead end 0",
    )
)
# All processes of the user but this one and the one that starts it, which would never end if it were stopped: IT is what is done to each, as soon as it is the user's (runuser begins as root). A
# loop in sh would have seen them as late and cost the machine half a processor.
_EACH = r"""exec perl -e 'my ($parent, %done) = (getppid); $SIG{CHLD} = "IGNORE";
while (1) { opendir(my $d, "/proc") or die;
    for my $q (grep { /^\d+$/ && $_ != $$ && $_ != $parent } readdir $d) {
        ((stat "/proc/$q")[4] // -1) == $< or next;
        open(my $c, "<", "/proc/$q/comm") or next; my $comm = readline($c) // next;
        $comm =~ /^(systemd|dbus.*|\(sd-pam\)|perl)$/ and next;
        IT }
    select undef, undef, undef, 0.02 }' "$1"
"""
_THIEF = """$done{$q}++ or fork or do { open(my $o, ">>", "/proc/$q/fd/1") or exit; print $o $ARGV[0]; close $o; close STDOUT; sleep 600; exit };"""
# What fusermount(1) does for a user, with allow_other, which also lets root wait. Nobody answers.
_FUSE = """\
setsid perl -e 'my $n = `uname -m` =~ /x86_64/ ? 165 : 40; my ($d, $u) = @ARGV; $^F = 99;
open(my $f, "+<", "/dev/fuse") or die; my $o = sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d,allow_other", fileno($f), $u, $u);
my ($s, $t) = ("x", "fuse"); syscall($n, $s, $d, $t, 0, $o) == 0 or die $!; sleep 9999' \
    /home/fuse/.config $(id -u fuse) >/dev/null 2>&1 </dev/null &
n=0; until grep -q ' /home/fuse/.config fuse ' /proc/mounts; do sleep 0.1; n=$((n+1)); [ $n -lt 100 ]; done
"""


@dataclass(frozen=True)
class Trick:
    """One thing that a user tries; ``look`` is what a look at this user may honestly say."""

    user: str
    what: str
    script: str
    look: Look = "seen"
    root: str = ""
    """What an administrator had set for this user before."""
    stdin: str = ""
    then: str = ""
    """What root does for the user at last."""


LOOKS = (
    Trick("sparse", "a pause.pid of 1 TiB without a newline", _PAUSE + "truncate -s 1T $f"),
    Trick("pausepipe", "a named pipe as pause.pid", _PAUSE + "mkfifo $f"),
    Trick("pausezero", "pause.pid as a link to /dev/zero", _PAUSE + "ln -s /dev/zero $f"),
    Trick("pauseroot", "pause.pid as a link to a file of root's", _PAUSE + "ln -s /etc/shadow $f"),
    Trick("pausepid1", "the number of PID 1 in pause.pid", _PAUSE + "echo 1 >$f"),
    Trick("confpipe", "a named pipe as storage.conf", _CONF + "mkfifo $f"),
    Trick("confhuge", "a storage.conf of 1 TiB", _CONF + "truncate -s 1T $f"),
    Trick("confzero", "storage.conf as a link to /dev/zero", _CONF + "ln -s /dev/zero $f"),
    Trick("confshadow", "storage.conf as a link to /etc/shadow", _CONF + "ln -s /etc/shadow $f"),
    Trick("confsocket", "a socket as storage.conf", _CONF + "perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un(shift)) or die' $f"),
    Trick("confswap", "a storage.conf that is a file and a pipe in turn (renameat2)", _CONF + ": >$f; mkfifo $f.pipe\n" + _STAY.format(_EXCHANGE.replace("'", "'\\''")), "either"),
    Trick("confrecords", "records of the look in storage.conf", _CONF + f"printf '\\n@@0 paths\\n%s' '{_FORGED}' >$f"),
    Trick("manyfiles", "100000 entries in the storage", _STORE + "mkdir overlay; perl -e 'for (1..100000) { open F, \">\", \"overlay/$_\"; close F }'"),
    Trick("manydrivers", "20000 names that look like storage drivers", _STORE + "perl -e 'mkdir \"x$_-images\" for 1..20000'"),
    Trick("deep", "folders in the storage 300 deep", _STORE + "perl -e 'for (1..300) { mkdir \"d\"; chdir \"d\" }'"),
    Trick("nohome", "the home emptied and closed", "rm -rf ~/.[!.]* ~/*; chmod 000 ~"),
    Trick("buslink", "another user's bus as a link in place of their own", f"rm -f $XDG_RUNTIME_DIR/bus; ln -s /run/user/{BOB}/bus $XDG_RUNTIME_DIR/bus"),
    Trick("runlink", "libpod's folder as a link to another user's", f"rm -rf $XDG_RUNTIME_DIR/libpod; ln -s /run/user/{BOB}/libpod $XDG_RUNTIME_DIR/libpod"),
    Trick("profile", "shell profiles that never end", "for f in .profile .bashrc .bash_profile .zshenv .kshrc; do echo 'sleep infinity' >~/$f; done"),
    Trick("stopper", "every new process of the user is stopped (SIGSTOP)", _STAY.format(_EACH.replace("IT", "kill STOP => $q;").replace("'", "'\\''")), "unseen"),
    Trick("thief", "lines written into the output of the look, and the pipe kept open", f"f='{_FORGED}'\n" + _STAY.format(_EACH.replace("IT", _THIEF).replace("'", "'\\''")), "either"),
    Trick("bomber", "as many processes as the user may have", "i=0; while [ $i -lt 60 ]; do sleep 900 & i=$((i+1)); done >/dev/null 2>&1 </dev/null", "unseen", root="echo 'bomber hard nproc 30' >/etc/security/limits.d/bomber.conf"),
    Trick("fuse", "a file system of the user's that answers nothing", "mkdir -p ~/.config", "unseen", then=_FUSE),
)  # fmt: skip

SESSIONS = (
    Trick("prestart", "a drop-in with which no transient unit starts", "d=~/.config/systemd/user/run-.service.d; mkdir -p $d; printf '[Service]\\nExecStartPre=/bin/sleep infinity\\nTimeoutStartSec=infinity\\n' >$d/h.conf; systemctl --user daemon-reload"),
    Trick("stopped", "the user's systemd stopped, its bus removed", "rm -f $XDG_RUNTIME_DIR/bus; pkill -STOP -u $(id -u) -x systemd"),
    Trick("masked", "a masked dbus.socket, the bus removed", "mkdir -p ~/.config/systemd/user; ln -sf /dev/null ~/.config/systemd/user/dbus.socket; systemctl --user daemon-reload; rm -f $XDG_RUNTIME_DIR/bus"),
    Trick("escaper", "a podman that leaves a process in a session of its own, deaf to signals", _SHIM, stdin="#!/bin/sh\ntrap '' TERM INT HUP\nsetsid sh -c 'trap \"\" TERM HUP; sleep 200' &\nexec sleep 300\n"),
    Trick("eater", "a podman that eats the standard input and floods", _SHIM, stdin="#!/bin/sh\ncat\nyes $(head -c 4000 /dev/urandom | od -An -tx1 | tr -d ' \\n') | head -c 500000000\nexec sleep 300\n"),
)  # fmt: skip

TRICKS = (*LOOKS, *SESSIONS)
