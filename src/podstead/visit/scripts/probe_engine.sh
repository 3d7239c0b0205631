# shellcheck shell=sh
# The part of the user's probe that runs Podman, with a state of its own.
# needs: record.sh probe_helpers.sh probe_space.sh probe_start.sh
# holds: ps_inside=inner/namespace.sh ps_told=inner/container.sh ps_answer_perl=inner/answer.pl ps_answer_python=inner/answer.py
# holds: ps_kept=inner/keep_id.sh ps_ask_perl=inner/ask.pl ps_ask_python=inner/ask.py
# shellcheck disable=SC2034,SC2086,SC2154 # K is read in probe_space.sh; lists for word splitting; ps_try sets out and rc

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
    set -- "$g"/*-images # of another program, or of a database that is gone: what was used then is used again
    [ "$kept$started" != 'no 0 0' ] || [ -e "$1" ] || fresh=
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
        case $m in '' | *[!0-9]* | [0-3]) pods= ;; *) pods=yes ;; esac
        ps_whole
        ps_keep_id
    fi
}

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
        --rootfs "$T/fs" sh -c "$ps_kept"
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
