# shellcheck shell=sh
# Runs as the user and proves what works, each proof with its counter-proof. Prints evidence; judges nothing.
# POSIX sh: dash, busybox ash, bash. Leaves no process, no file and no Podman database of the user's behind.
# Set before this text, quoted: PS_NONCE; PS_UIDMAP, PS_GIDMAP (arguments of newuidmap for the whole grant); PS_UIDOVER,
# PS_GIDOVER (one ID too many); PS_OTHER (somebody else's ID); PS_RAW (a raw map); PS_LAST, PS_GLAST (last container ID);
# PS_PORTS (ports to bind); PS_CONTAINER (yes or no).
# shellcheck disable=SC2086,SC2153 # maps and port lists are lists of numbers for word splitting, all set before

ps_record() { printf '\n@@%s %s\n' "$PS_NONCE" "$*"; }

ps_limit() { # seconds command...
    s=$1
    shift
    if command -v timeout >/dev/null; then timeout -k 2 "$s" "$@"; else "$@"; fi
}

ps_try() { # name command...: how it ended and what it said
    n=$1
    shift
    out=$("$@" 2>&1 </dev/null)
    rc=$?
    ps_record rc "$n"
    printf '%s\n' "$rc"
    ps_record said "$n"
    printf '%s\n' "$out" | tail -c 40000
}

ps_child() { # a process in a user namespace of its own, whose map is still empty; its ID in $child
    unshare -U sleep 60 >/dev/null 2>&1 &
    child=$!
    n=0
    while [ "$(readlink "/proc/$child/ns/user")" = "$ps_ns" ]; do
        n=$((n + 1))
        if [ $n -gt 50 ] || ! kill -0 $child; then return 1; fi
        sleep 0.1 || sleep 1
    done
}

ps_end_child() {
    kill -9 $child
    wait $child
    child=
}

ps_maps() { # name: both maps of the child as they are now
    ps_record map "$1"
    cat "/proc/$child/uid_map" "/proc/$child/gid_map"
}

ps_raw_write() { printf '%b' "$PS_RAW" | cat >"/proc/$child/uid_map"; } # cat says what the kernel says, dash does not

ps_single_map() {
    echo deny >"/proc/$child/setgroups" && echo "0 $(id -u) 1" >"/proc/$child/uid_map" &&
        echo "0 $(id -g) 1" >"/proc/$child/gid_map"
}

ps_helpers() {
    ps_ns=$(readlink /proc/self/ns/user)
    ps_try unshare unshare -U true
    ps_record label
    unshare -U cat /proc/self/attr/current
    ps_child || return 0
    ps_try newuidmap newuidmap $child $PS_UIDMAP
    ps_try newgidmap newgidmap $child $PS_GIDMAP
    ps_maps granted
    ps_end_child
    ps_child || return 0
    [ -z "$PS_UIDOVER" ] || ps_try uid-over newuidmap $child $PS_UIDOVER
    [ -z "$PS_GIDOVER" ] || ps_try gid-over newgidmap $child $PS_GIDOVER
    ps_maps over
    [ -z "$PS_OTHER" ] || ps_try other newuidmap $child 0 "$PS_OTHER" 1
    ps_try host-root newuidmap $child 0 0 1
    ps_maps forbidden
    ps_try raw ps_raw_write
    ps_maps raw
    ps_try single ps_single_map
    ps_maps single
    ps_end_child
}

ps_podman() { # podman with a state of its own, so that the user's database is neither used nor made
    ps_limit 60 env XDG_RUNTIME_DIR="$R" XDG_CONFIG_HOME="$T/config" XDG_DATA_HOME="$T/data" XDG_CACHE_HOME="$T/cache" TMPDIR="$T" \
        podman --root "$T/s" --runroot "$R/r" --tmpdir "$R/t" --storage-driver vfs "$@"
}

ps_space() { # private folders: T on the file system of the user's storage, R for sockets (their paths must be short)
    T=$(mktemp -d "$HOME/.podstead.XXXXXX") || T=$(mktemp -d) || return 1
    R=$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/podstead.XXXXXX") || R=$(mktemp -d) || return 1
    mkdir -p "$T/config" "$T/fs" "$T/vol"
    chmod 0755 "$T"
    chmod 0777 "$T/vol"
    # crun before 1.11 looks for the user bus in the runtime directory alone
    [ ! -S "${XDG_RUNTIME_DIR:-/nonexistent}/bus" ] || ln -s "$XDG_RUNTIME_DIR/bus" "$R/bus"
    # Podman's locks are in shared memory, whatever the folders are: only what this probe makes it may take away
    L=/dev/shm/libpod_rootless_lock_$(id -u)
    if [ -e "$L" ] || [ -e "${XDG_RUNTIME_DIR:-/nonexistent}/libpod" ]; then L=; fi
    # the user's own configuration counts, but nothing may be written next to it
    [ -d "${XDG_CONFIG_HOME:-$HOME/.config}/containers" ] &&
        ln -s "${XDG_CONFIG_HOME:-$HOME/.config}/containers" "$T/config/containers"
    return 0
}

ps_clean() {
    [ -z "$child" ] || ps_end_child
    if [ -n "$T" ]; then
        [ ! -d "$T/s" ] || ps_podman unshare rm -rf "$T/s" "$T/vol" "$T/fs" "$T/owned"
        for f in "$R/t/pause.pid" "$R/libpod/tmp/pause.pid"; do
            pid=
            [ -r "$f" ] && read -r pid <"$f"
            case $pid in '' | *[!0-9]*) continue ;; esac
            # the ID must still be our pause process, not one that got the number after it
            case $(cat "/proc/$pid/comm") in catatonit | podman* | exe) kill -9 "$pid" ;; esac
        done
        rm -rf "$T"
    fi
    [ -z "$R" ] || rm -rf "$R"
    # somebody else's Podman that has begun since has made its folder, and keeps the locks
    [ -z "$L" ] || [ -e "${XDG_RUNTIME_DIR:-/nonexistent}/libpod" ] || rm -f "$L"
    T=
    R=
    L=
}

# shellcheck disable=SC2016 # expanded by the inner shell
ps_inside='echo --uid; cat /proc/self/uid_map; echo --gid; cat /proc/self/gid_map; echo --setgroups; cat /proc/self/setgroups
echo --chown
f=$1/owned; : >"$f" || exit 3
for o in 1:1 5:5 "$2:$3"; do chown "$o" "$f" 2>&1 && echo "chown $o ok"; done
chown "$(($2 + 1))" "$f" 2>&1 && echo "chown beyond-uid ok"
chown ":$(($3 + 1))" "$f" 2>&1 && echo "chown beyond-gid ok"
chown 5:5 "$f"'

ps_engine() {
    ps_record podman
    ps_podman --version
    ps_try inside ps_podman unshare sh -c "$ps_inside" sh "$T" "$PS_LAST" "$PS_GLAST"
    ps_record owned
    stat -c '%u:%g' "$T/owned"
    [ "$PS_CONTAINER" = yes ] || return 0
    # the host's own programs in an empty root: no image and no registry is needed
    M=
    for d in /usr /bin /sbin /lib /lib64 /lib32; do [ ! -e $d ] || M="$M -v $d:$d:ro"; done
    ps_try container ps_podman run --rm --network none --security-opt label=disable $M -v "$T/vol:/vol" --user 5:7 \
        --rootfs "$T/fs" sh -c 'echo --uid; cat /proc/self/uid_map; echo --gid; cat /proc/self/gid_map; : >/vol/x'
    ps_record volume
    stat -c '%u:%g' "$T/vol/x"
    ps_running
}

ps_running() { # what podman top says of a running container, and what the host says of the same process
    c=$(ps_podman run -d --network none --security-opt label=disable $M --user 5:7 --rootfs "$T/fs" sleep 60 2>&1)
    ps_record detached
    printf '%s\n' "$c" | tail -c 2000
    c=$(printf '%s\n' "$c" | tail -n 1)
    case $c in '' | *[!0-9a-f]*) return 0 ;; esac
    ps_try top ps_podman top "$c" user huser group hgroup hpid
    h=$(printf '%s\n' "$out" | tail -n 1 | tr -s ' \t' ' ' | cut -d' ' -f5)
    case $h in '' | *[!0-9]*) ;; *)
        ps_record process
        stat -c '%u:%g' "/proc/$h"
        ;;
    esac
    ps_podman kill -s KILL "$c" >/dev/null
    ps_podman rm -f "$c" >/dev/null
}

# Binding and ICMP echo sockets need a language: perl is part of every Debian, python3 of every Fedora.
# shellcheck disable=SC2016 # perl's variables
ps_perl='use Socket; use Errno; sub say2 { print join(" ", @_), "\n" }
for my $p (split / /, $ARGV[0]) {
  for my $f ([4, AF_INET, "127.0.0.1"], [6, AF_INET6, "::1"]) {
    my ($v, $family, $host) = @$f;
    my $a = $v == 4 ? pack_sockaddr_in($p, inet_aton($host)) : pack_sockaddr_in6($p, Socket::inet_pton(AF_INET6, $host));
    my $r = "ok";
    if (!socket(my $s, $family, SOCK_STREAM, 0)) { $r = $!+0 } elsif (!bind($s, $a)) { $r = $!+0 }
    say2("bind", $v, $p, $r);
  }
}
say2("icmp", 4, 0, socket(my $s, AF_INET, SOCK_DGRAM, 1) ? "ok" : $!+0);
say2("icmp", 6, 0, socket(my $t, AF_INET6, SOCK_DGRAM, 58) ? "ok" : $!+0);'
ps_python='import socket, sys
def out(*a): print(*a)
def attempt(v, kind, proto, address=None):
    try:
        s = socket.socket(socket.AF_INET if v == 4 else socket.AF_INET6, kind, proto)
        if address: s.bind(address)
        return "ok"
    except OSError as e:
        return e.errno
for p in sys.argv[1].split():
    for v, host in ((4, "127.0.0.1"), (6, "::1")):
        out("bind", v, p, attempt(v, socket.SOCK_STREAM, 0, (host, int(p))))
out("icmp", 4, 0, attempt(4, socket.SOCK_DGRAM, 1))
out("icmp", 6, 0, attempt(6, socket.SOCK_DGRAM, 58))'

ps_sockets() {
    if command -v perl >/dev/null && perl -MSocket -e 'Socket->import("AF_INET6")'; then
        ps_record sockets perl
        ps_limit 20 perl -e "$ps_perl" "$PS_PORTS"
    elif command -v python3 >/dev/null; then
        ps_record sockets python3
        ps_limit 20 python3 -c "$ps_python" "$PS_PORTS"
    fi
}

ps_context() {
    ps_record who
    printf '%s\n' "$(id -un)" "$(id -u)" "$(id -g)" "$(id -G)"
    ps_record passwd
    getent passwd "$(id -u)"
    ps_record environment
    printf '%s\n' "USER=${USER-}" "HOME=${HOME-}" "XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR-}" \
        "DBUS_SESSION_BUS_ADDRESS=${DBUS_SESSION_BUS_ADDRESS-}" "PATH=$PATH"
    ps_record status
    grep -E '^(NoNewPrivs|Seccomp|CapEff|CapBnd):' /proc/self/status
    ps_record own-map
    cat /proc/self/uid_map
    ps_record access
    [ -x . ] && echo directory
    [ -w "$HOME" ] && echo home
    [ -r /etc/subuid ] && echo /etc/subuid
    [ -r /etc/subgid ] && echo /etc/subgid
    [ -S "${XDG_RUNTIME_DIR:-/nonexistent}/bus" ] && echo bus
    ps_record getsubids
    command -v getsubids >/dev/null && getsubids "$(id -un)"
    ps_record getsubgids
    command -v getsubids >/dev/null && getsubids -g "$(id -un)"
    ps_record helpers
    for b in newuidmap newgidmap podman; do p=$(command -v $b) && printf '%s %s\n' $b "$p"; done
    ps_record helper-stat
    stat -L -c '%n %A %u' "$(command -v newuidmap)" "$(command -v newgidmap)"
    ps_record helper-mount
    if command -v findmnt >/dev/null; then findmnt -no OPTIONS -T "$(command -v newuidmap)"; fi
}

child=
T=
R=
L=
LC_ALL=C
export LC_ALL
cd "$HOME" || cd /
trap 'ps_clean' EXIT
trap 'exit 143' HUP INT TERM
{
    ps_context
    if [ -n "$PS_UIDMAP" ] && command -v newuidmap >/dev/null; then ps_helpers; fi
    ps_sockets
    if [ "$PS_CONTAINER" != skip ] && command -v podman >/dev/null && ps_space; then
        ps_engine
        ps_clean
    fi
    ps_record probed
} 2>/dev/null </dev/null
