# shellcheck shell=sh
# The part of the user's probe that runs Podman, with a state of its own. probe_helpers.sh and probe_space.sh stand before it.
# shellcheck disable=SC2034,SC2086,SC2154 # K is read in probe_space.sh; lists for word splitting; ps_try sets out and rc

# What is tried inside Podman's user namespace. $1 folder, $2 $3 last IDs, $4 runtime folder, $5 not empty: with podman info
# shellcheck disable=SC2016 # expanded by the inner shell
ps_inside='echo --uid; cat /proc/self/uid_map; echo --gid; cat /proc/self/gid_map; echo --setgroups; cat /proc/self/setgroups
echo --chown
f=$1/owned; : >"$f" || exit 3
for o in 1:1 5:5 "$2:$3"; do chown "$o" "$f" 2>&1 && echo "chown $o ok"; done
chown "$(($2 + 1))" "$f" 2>&1 && echo "chown beyond-uid ok"
chown ":$(($3 + 1))" "$f" 2>&1 && echo "chown beyond-gid ok"
chown 5:5 "$f"
made=$?
echo --nested
unshare -U --map-root-user cat /proc/self/uid_map 2>&1
echo --extents
{ read -r m; read -r m m n; } </proc/self/uid_map; [ "${n:-99}" -lt 99 ] || n=99
for m in "0 0 1\n1 1 $n\n" "0 0 $((n + 1))\n"; do
  unshare -U sleep 20 >/dev/null 2>&1 & p=$!
  n=0; while [ "$(readlink "/proc/$p/ns/user")" = "$(readlink /proc/self/ns/user)" ] && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done
  if printf "$m" | cat >"/proc/$p/uid_map" 2>/dev/null; then echo ok; else echo refused; fi
  kill -9 $p 2>/dev/null; wait $p 2>/dev/null
done
echo --process
if setpriv --help 2>&1 | grep -q -e --reuid; then setpriv --reuid 5 --regid 7 --clear-groups sleep 20 >/dev/null 2>&1 & else
chroot --userspec=5:7 --groups= / sleep 20 >/dev/null 2>&1 & fi
echo $!
[ -z "$5" ] || {
  TMPDIR=$1 podman --root "$1/i" --runroot "$4/i" --tmpdir "$4/j" info --format json >"$1/info" 2>"$1/info-said"
  echo $? >"$1/info-rc"
}
exit $made'

ps_executable() { printf '#!/bin/sh\nexit 0\n' >"$T/run" && chmod +x "$T/run" && "$T/run"; }

ps_version() { # sets m, the first number of Podman's version
    v=$(sed -n 's/^ *"Version": "\([0-9][^"]*\)",\{0,1\}$/podman version \1/p' "$T/start" | head -n 1)
    [ -n "$v" ] || v=$(ps_podman --version)
    ps_record podman
    printf '%s\n' "$v"
    m=${v##* }
    m=${m%%.*}
}

ps_engine() {
    # images bring programs of their own: they must be allowed to run from where they are stored
    ps_try executable ps_executable
    ps_own_start
    ps_version
    # of storage that is new, podman info has said what there is to say
    fresh=yes
    [ "$kept $started" != 'no 0' ] || fresh=
    ps_try inside ps_podman unshare sh -c "$ps_inside" sh "$T" "$PS_LAST" "$PS_GLAST" "$R" "$fresh"
    ps_record owned
    stat -c '%u:%g' "$T/owned"
    p=$(printf '%s\n' "$out" | sed -n '/^--process$/{n;p;}')
    case $p in '' | *[!0-9]*) ;; *)
        ps_record credentials
        stat -c '%u:%g' "/proc/$p"
        kill -9 "$p"
        ;;
    esac
    if [ -s "$T/info-rc" ]; then
        ps_record rc info
        cat "$T/info-rc"
        ps_record said info
        tail -c 4000 "$T/info-said"
        ps_record json info
        ps_json "$T/info"
    fi
    if ps_does containers; then
        # before Podman 4 the pause container of a pod was an image in a registry
        pods=
        case $m in '' | *[!0-9]* | [0-3]) ;; *) ! ps_does once || pods=yes ;; esac
        ps_whole
        ps_keep_id
    fi
}

# What the container tells about itself; then it answers at its port until it is killed, for a minute at most: it is the
# first process of its PID namespace, which no signal ends that it has no handler for (pid_namespaces(7)).
# shellcheck disable=SC2016 # expanded by the inner shell
ps_told='{ echo --uid; cat /proc/self/uid_map; echo --gid; cat /proc/self/gid_map; echo --route; cat /proc/net/route /proc/net/ipv6_route
echo --devices; cat /proc/net/dev; echo --memory; cat /sys/fs/cgroup/memory.max; echo --cpu; cat /sys/fs/cgroup/cpu.max; } >/vol/told 2>/dev/null
: >/vol/x; : >/vol/ready
if command -v perl >/dev/null && perl -MSocket -e 1; then exec perl -e "$1" "$3"; fi
if command -v python3 >/dev/null; then exec python3 -c "$2" "$3"; fi
exec sleep 60'
# shellcheck disable=SC2016 # perl's variables
ps_answer_perl='use Socket; $SIG{ALRM} = sub { exit 1 }; alarm 60; socket(my $s, AF_INET, SOCK_STREAM, 0) or exit 1; setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
bind($s, pack_sockaddr_in(8080, INADDR_ANY)) or exit 1; listen($s, 5);
open(my $r, ">", "/vol/listening"); close $r;
while (accept(my $c, $s)) { syswrite($c, $ARGV[0] . "\n"); close $c }'
ps_answer_python='import signal, socket, sys
signal.signal(signal.SIGALRM, lambda *a: sys.exit(1))
signal.alarm(60)
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 8080))
s.listen(5)
open("/vol/listening", "w").close()
while True:
    c = s.accept()[0]
    c.sendall(sys.argv[1].encode() + b"\n")
    c.close()'
# shellcheck disable=SC2016 # perl's variables
ps_ask_perl='use Socket; alarm 5; socket(my $s, AF_INET, SOCK_STREAM, 0) or exit 1;
connect($s, pack_sockaddr_in($ARGV[0], inet_aton("127.0.0.1"))) or die "$!\n"; sysread($s, my $t, 200); print $t'
ps_ask_python='import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
print(s.recv(200).decode())'

ps_ask() { # port
    if command -v perl >/dev/null && perl -MSocket -e 1; then
        ps_limit 8 perl -e "$ps_ask_perl" "$1"
    else
        ps_limit 8 python3 -c "$ps_ask_python" "$1"
    fi
}

ps_answers() { # port: is it our container that answers?
    a=$(ps_ask "$1")
    if [ "$a" = "$PS_NONCE" ]; then echo answered; else echo "something else answered: $a" && false; fi
}

ps_port() { # a port at which nothing listens, out of a dozen of this user's own: the probes of others run at the same time
    port=$((20000 + PS_UID % 1000 * 12))
    n=0
    while [ $n -lt 11 ] && grep -q ": [0-9A-F]*:$(printf %04X $port) [0-9A-F:]* 0A " /proc/net/tcp /proc/net/tcp6; do
        port=$((port + 1))
        n=$((n + 1))
    done
}

ps_call() { # asks at the port as soon as the container listens
    if ps_await "$T/vol/listening"; then ps_try answer ps_answers "$port"; fi
}

ps_run() { # name option...: the container that tells about itself, detached
    n=$1
    shift
    rm -f "$T/vol"/*
    K=yes
    ps_try "$n" ps_podman run -d --stop-timeout 0 --security-opt label=disable $M -v "$T/vol:/vol" --user 5:7 "$@" --rootfs "$T/fs" \
        sh -c "$ps_told" sh "$ps_answer_perl" "$ps_answer_python" "$PS_NONCE"
    c=$(printf '%s\n' "$out" | tail -n 1)
    case $c in '' | *[!0-9a-f]*) c= ;; esac
    if [ "$rc" != 0 ]; then
        # a container that could not be started stays behind
        [ -z "$c" ] || ps_podman rm -f "$c" >/dev/null
        c=
        return 1
    fi
    ps_await "$T/vol/ready"
}

ps_await() { # file: for up to twenty seconds
    n=0
    until [ -e "$1" ]; do
        n=$((n + 1))
        if [ $n -gt 200 ]; then return 1; fi
        sleep 0.1 || sleep 1
    done
}

ps_told_of() { # name: what the container told, and whose its file is on the host
    ps_record told "$1"
    head -c 20000 "$T/vol/told"
    ps_record volume "$1"
    stat -c '%u:%g' "$T/vol/x"
}

ps_whole() { # one container that has everything, in a pod; taken apart only where it does not start
    M=
    # the host's own programs in an empty root: no image and no registry is needed
    for d in /usr /bin /sbin /lib /lib64 /lib32; do [ ! -e $d ] || M="$M -v $d:$d:ro"; done
    limits=
    k=/sys/fs/cgroup/user.slice/user-$PS_UID.slice/user@$PS_UID.service/cgroup.controllers
    if [ -r "$k" ]; then
        ps_record controllers
        cat "$k"
        case " $(cat "$k") " in *' memory '*) limits="--memory 64m" ;; esac
        case " $(cat "$k") " in *' cpu '*) limits="$limits --cpus 0.5" ;; esac
    fi
    ps_port
    if ps_run whole ${pods:+--pod new:podstead} $limits -p "127.0.0.1:$port:8080"; then
        ps_told_of whole
        ps_call
        ps_running
        if [ -n "$pods" ]; then
            ps_record pod whole
            ps_try kill ps_podman pod rm -f podstead
            [ "$rc" != 0 ] || K=
        else
            ps_end_container
        fi
        return 0
    fi
    [ -z "$pods" ] || ps_podman pod rm -f podstead >/dev/null
    if ps_run plain --network none; then
        ps_told_of plain
        ps_running
        ps_end_container
        if ps_run network; then
            ps_told_of network
            ps_end_container
            ps_run published -p "127.0.0.1:$port:8080" && ps_call && ps_end_container
        fi
        [ -z "$limits" ] || { ps_run limited --network none $limits && ps_told_of limited && ps_end_container; }
    fi
    [ -z "$pods" ] || ps_pod
}

ps_running() { # what podman top says of a running container, and what the host says of the same process
    ps_does once || return 0
    ps_try top ps_podman top "$c" user huser group hgroup hpid
    h=$(printf '%s\n' "$out" | tail -n 1 | tr -s ' \t' ' ' | cut -d' ' -f5)
    case $h in '' | *[!0-9]*) ;; *)
        ps_record process
        stat -c '%u:%g' "/proc/$h"
        ;;
    esac
}

ps_end_container() { # at once: its stop timeout is 0
    ps_try kill ps_podman rm -f "$c"
    [ "$rc" != 0 ] || K=
}

ps_keep_id() {
    rm -f "$T/vol"/*
    ps_try keep-id ps_podman run --rm --network none --userns=keep-id --security-opt label=disable $M -v "$T/vol:/vol" \
        --rootfs "$T/fs" sh -c '{ echo --id; id -u; id -g; echo --uid; cat /proc/self/uid_map; } >/vol/told; : >/vol/y'
    ps_record told keep-id
    head -c 20000 "$T/vol/told"
    ps_record kept
    stat -c '%u:%g' "$T/vol/y"
}

ps_pod() {
    ps_try pod-create ps_podman pod create --name podstead --network none
    [ "$rc" = 0 ] || return 0
    ps_try pod-start ps_podman pod start podstead
    [ "$rc" = 0 ] || K=yes
    ps_podman pod rm -f podstead >/dev/null
}
