# shellcheck shell=sh
# The part of the user's probe that makes folders for it, and leaves nothing behind. probe_helpers.sh stands before it.
# shellcheck disable=SC2034,SC2154 # variables of probe_user.sh and probe_helpers.sh

# Private folders: T on the file system of the user's storage, R for sockets (their paths must be short). Their names
# come from the nonce, so that a probe that was killed can be cleared up after.
ps_own_name() { N=$(printf %s "$PS_NONCE" | cut -c1-8); }

ps_places() { # command: that makes or finds those of $N
    d=$(ps_own_graphroot)
    T=
    while [ -n "$d" ]; do
        [ -d "$d" ] && "$@" "$d/.podstead.$N" && T=$d/.podstead.$N && break
        d=${d%/*}
    done
    [ -n "$T" ] || { [ -d "$HOME" ] && "$@" "$HOME/.podstead.$N" && T=$HOME/.podstead.$N; }
    [ -n "$T" ] || { T=/tmp/podstead.t$N && "$@" "$T"; } || return 1
    R=${XDG_RUNTIME_DIR:-/tmp}/podstead.$N
    "$@" "$R" || { R=/tmp/podstead.r$N && "$@" "$R"; } || return 1
}

ps_podman() { # podman with a state of its own, so that the user's database is neither used nor made
    ps_limit "${W:-60}" env XDG_RUNTIME_DIR="$R" XDG_CONFIG_HOME="$T/config" XDG_DATA_HOME="$T/data" XDG_CACHE_HOME="$T/cache" TMPDIR="$T" \
        podman --root "$T/s" --runroot "$R/r" --tmpdir "$R/t" --storage-driver vfs "$@"
}

ps_sweep() { # what the probe of $N has left, if it was killed
    ps_places test -d || :
    [ -d "$T" ] || T=
    [ -d "$R" ] || R=
    if [ -n "$T$R" ]; then ps_clean; fi
}

ps_left() { # names of the folders that this user's probes have made before the last minute
    set -- "$HOME"/.podstead.???????? /tmp/podstead.[rt]???????? "${XDG_RUNTIME_DIR:-/tmp}"/podstead.????????
    d=$(ps_own_graphroot)
    while [ -n "$d" ]; do
        set -- "$@" "$d"/.podstead.????????
        d=${d%/*}
    done
    find "$@" -prune -type d -user "$(id -u)" -mmin +1 | sed -n 's/.*podstead[.][rt]\{0,1\}\([0-9a-f]\{8\}\)$/\1/p' | sort -u
}

# shellcheck disable=SC2010 # thousands of links are read by one program
ps_open() { ls -l /proc/[0-9]*/fd | grep -q "podstead[.][rt]\{0,1\}$N"; }

ps_space() {
    for N in $(ps_left); do # killed with all that would have cleared up after them
        [ -n "$(ps_working)" ] || ps_open || ps_sweep
    done
    ps_own_name
    ps_places mkdir -m 0700 || return 1
    exec 9<"$T" # shows that somebody is at work here
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

ps_working() { # IDs of the processes with this probe's folders among their arguments, or their mounts: those in containers
    grep -l "podstead[.][rt]\{0,1\}$N" /proc/[0-9]*/cmdline /proc/[0-9]*/mountinfo | cut -d/ -f3 | sort -u
}

ps_wait_working() { # conmon's own clean-up of a container may come late, and make the folders anew
    n=0
    while [ -n "$(ps_working)" ] && [ $n -lt 100 ]; do
        n=$((n + 1))
        sleep 0.1 || sleep 1
    done
    # a container is the user's to kill, whoever it runs as: who has made a user namespace has every right in it
    for pid in $(ps_working); do kill -9 "$pid"; done
}

ps_remove() { ps_podman pod rm -f -a && ps_podman rm -f -a; } >/dev/null

ps_end_pause() {
    for f in "$R/t/pause.pid" "$R/libpod/tmp/pause.pid"; do
        pid=
        [ -r "$f" ] && read -r pid <"$f"
        case $pid in '' | *[!0-9]*) continue ;; esac
        # the ID must still be our pause process, not one that got the number after it
        case $(cat "/proc/$pid/comm") in catatonit | podman* | exe) kill -9 "$pid" ;; esac
    done
}

ps_clean() {
    [ -z "$child" ] || ps_end_child
    if [ -n "$T" ]; then
        W=10 # clearing up has its own limit
        # containers live in scopes of their own and outlive a probe that is killed
        [ -z "$K" ] || ps_remove || ps_remove
        ps_end_pause
        ps_wait_working
        ps_end_pause # whoever was still at work may have made a pause process anew
        # what subordinate IDs own is for the root of their namespace to remove
        [ ! -d "$T/fs" ] || ps_as_root rm -rf "$T/s" "$T/vol" "$T/fs" "$T/owned" "$T/i" "$T/own" "$T/pull"
        ps_unmake
        # without root of a namespace, what is the user's own and may not be written in
        rm -rf "$T" || { find "$T" -type d -exec chmod u+rwx {} + && rm -rf "$T"; }
    fi
    [ -z "$R" ] || rm -rf "$R"
    # somebody else's Podman that has begun since has made its folder, and keeps the locks
    [ -z "$L" ] || [ -e "${XDG_RUNTIME_DIR:-/nonexistent}/libpod" ] || rm -f "$L"
    T=
    R=
    L=
    W=
}
