# shellcheck shell=sh
# The part of the user's probe that makes folders for it, and leaves nothing behind.
# needs: probe_helpers.sh probe_settings.sh
# shellcheck disable=SC2034,SC2154 # variables of probe_user.sh and probe_helpers.sh

# Private folders: T on the file system of the user's storage, R for sockets (their paths must be short), and H that the
# isolation of two users is tried with (peers.sh). Their names come from the nonce, so that a probe that was killed can be
# cleared up after. Where others may write, others may have made one of that name.
ps_own_name() { N=$(printf %s "$PS_NONCE" | cut -c1-8); }

ps_place_t() { # command: that makes or finds it
    ps_own_graphroot
    d=$ps_own_graph
    while [ -n "$d" ]; do
        T=$d/.podstead.$N
        if [ -d "$d" ] && "$@" "$T"; then return 0; fi
        ps_up
    done
    for T in "$HOME/.podstead.$N" "/tmp/podstead.t$N"; do
        if "$@" "$T"; then return 0; fi
    done
    T=
    return 1
}

ps_place_r() { # command: that makes or finds it
    for R in "${XDG_RUNTIME_DIR:-/tmp}/podstead.$N" "/tmp/podstead.r$N"; do
        if "$@" "$R"; then return 0; fi
    done
    R=
    return 1
}

ps_find() { # command: that finds them
    ps_place_t "$@" || :
    ps_place_r "$@" || :
    H=/tmp/podstead.h$N
    "$@" "$H" || H=
    [ -n "$T$R$H" ]
}

ps_is_own() { [ "$(stat -c '%u %F' "$1")" = "$PS_UID directory" ]; } # and no link to one, nor another user's

# Where a probe is at work that no other host, and no other PID namespace, can see.
ps_mark() { cat /proc/sys/kernel/random/boot_id && readlink /proc/self/ns/pid; }

ps_is_left() { # folder: of no probe at work, if nobody here has it open: made here since the last boot, or a day ago
    ps_is_own "$1" || return 1
    [ -z "$(find "$1" -prune -mmin +1440)" ] || return 0
    [ "$(stat -c '%u %F' "$1/mark")" = "$PS_UID regular file" ] && m=$(ps_mark) && [ "$(head -c 200 "$1/mark")" = "$m" ]
}

ps_podman() { # podman with a state of its own, so that the user's database is neither used nor made
    ps_limit "${W:-60}" env XDG_RUNTIME_DIR="$R" XDG_CONFIG_HOME="$T/config" XDG_DATA_HOME="$T/data" XDG_CACHE_HOME="$T/cache" TMPDIR="$T" \
        podman --root "$T/s" --runroot "$R/r" --tmpdir "$R/t" --storage-driver vfs "$@"
}

ps_sweep() { if ps_find ps_is_own; then ps_clean; fi; } # what the probe of $N has left, if it was killed

ps_left() { # names of the folders that this user's probes have made before the last minute
    set -- "$HOME"/.podstead.???????? /tmp/podstead.[rth]???????? "${XDG_RUNTIME_DIR:-/tmp}"/podstead.????????
    ps_own_graphroot
    d=$ps_own_graph
    while [ -n "$d" ]; do
        set -- "$@" "$d"/.podstead.????????
        ps_up
    done
    find "$@" -prune -type d -user "$PS_UID" -mmin +1 | sed -n 's/.*podstead[.][rth]\{0,1\}\([0-9a-f]\{8\}\)$/\1/p' | sort -u
}

# shellcheck disable=SC2010 # thousands of links are read by one program
ps_open() { ls -l /proc/[0-9]*/fd | grep -q "podstead[.][rth]\{0,1\}$N"; }

ps_clear_left() { # after probes that were killed with all that would have cleared up after them
    for N in $(ps_left); do
        # in a shell without this one's traps: these folders are not this probe's to clear up after, whatever happens
        (if ps_find ps_is_left && [ -z "$(ps_working)" ] && ! ps_open; then ps_clean; fi)
    done
}

ps_space() {
    ps_own_name
    ps_place_t mkdir -m 0700 && ps_place_r mkdir -m 0700 || return 1
    exec 9<"$T" # shows that somebody is at work here, before it is marked
    ps_mark >"$T/mark"
    ps_mark >"$R/mark"
    mkdir -p "$T/config" "$T/fs" "$T/vol"
    chmod 0755 "$T"
    chmod 0777 "$T/vol"
    # crun before 1.11 looks for the user bus in the runtime directory alone
    [ ! -S "${XDG_RUNTIME_DIR:-/nonexistent}/bus" ] || ln -s "$XDG_RUNTIME_DIR/bus" "$R/bus"
    # Podman's locks are in shared memory, whatever the folders are: only what this probe makes it may take away
    L=/dev/shm/libpod_rootless_lock_$PS_UID
    if [ -e "$L" ] || [ -e "${XDG_RUNTIME_DIR:-/nonexistent}/libpod" ]; then L=; fi
    # the user's own configuration counts, but nothing may be written next to it
    [ -d "${XDG_CONFIG_HOME:-$HOME/.config}/containers" ] &&
        ln -s "${XDG_CONFIG_HOME:-$HOME/.config}/containers" "$T/config/containers"
    return 0
}

ps_on_device() { # escaped path: it on its file system, as mountinfo has it: "MAJOR:MINOR PATH"
    best=
    found=
    while read -r _ _ dev root at _; do
        [ "$at" != / ] || at=
        case $1 in "$at"/*)
            [ ${#at} -lt ${#best} ] || {
                best=$at
                found="$dev ${root%/}${1#"$at"}"
            }
            ;;
        esac
    done </proc/self/mountinfo
    printf '%s\n' "$found"
}

ps_escaped() { # folder: its path without links, as mountinfo has it
    { cd -P "$1" && pwd; } | sed 's/\\/\\134/g; s/ /\\040/g; s/	/\\011/g'
}

ps_has_argument() { # arguments on standard input, a line each
    while IFS= read -r a; do
        case $a in "${T:--}" | "${T:--}"/* | "${R:--}" | "${R:--}"/*) return 0 ;; esac
    done
    return 1
}

ps_has_mount() { # mountinfo. "At" is where, in a place that nobody else can mount on: everybody can write in vol
    while read -r _ _ dev root at _; do
        case "$dev $root" in "$on_t" | "$on_t"/* | "$on_r" | "$on_r"/*) return 0 ;; esac
        case $at in "$at_t"/vol | "$at_t"/vol/*) continue ;; "$at_t" | "$at_t"/* | "$at_r" | "$at_r"/*) return 0 ;; esac
    done <"$1"
    return 1
}

ps_working() { # IDs of the processes that are this probe's for certain, by their arguments, or by their mounts: those in containers
    at_t=$(ps_escaped "${T:-/nonexistent}")
    at_r=$(ps_escaped "${R:-/nonexistent}")
    on_t=$(ps_on_device "$at_t")
    on_r=$(ps_on_device "$at_r")
    : "${at_t:=-}" "${at_r:=-}" "${on_t:=-}" "${on_r:=-}"
    here=$(readlink /proc/self/ns/mnt)
    # what this user may not end is not even looked at: anybody can have these names among their arguments, and reading
    # those may hang
    for p in /proc/[0-9]*; do
        if kill -0 "${p#/proc/}" 2>/dev/null; then printf '%s\n' "$p/cmdline" "$p/mountinfo"; fi
    done | xargs grep -l "podstead[.][rth]\{0,1\}$N" 2>/dev/null | cut -d/ -f3 | sort -u | while read -r p; do
        # where this shell is itself, anybody's mounts are seen (fusermount(1)), whatever they are called
        if tr '\0' '\n' <"/proc/$p/cmdline" | ps_has_argument ||
            { m=$(readlink "/proc/$p/ns/mnt") && [ "$m" != "$here" ] && ps_has_mount "/proc/$p/mountinfo"; }; then
            printf '%s\n' "$p"
        fi
    done
}

ps_wait_working() { # conmon's own clean-up of a container may come late, and make the folders anew
    until=$(($(date +%s) + 10))
    while w=$(ps_working) && [ -n "$w" ] && [ "$(date +%s)" -lt $until ]; do sleep 0.1 || sleep 1; done
    # a container is the user's to kill, whoever it runs as: who has made a user namespace has every right in it
    for pid in $w; do kill -9 "$pid"; done
}

ps_remove() { ps_podman pod rm -f -a && ps_podman rm -f -a; } >/dev/null

# shellcheck disable=SC2046 # words
ps_end_pause() {
    [ -n "$R" ] || return 0
    for f in "$R/t/pause.pid" "$R/libpod/tmp/pause.pid"; do
        set -- $(stat -c '%u %s %F' "$f")
        [ "${1-}" = "$PS_UID" ] && [ "$2" -le 20 ] && [ "$3 $4" = 'regular file' ] || continue
        pid=
        read -r pid <"$f"
        case $pid in '' | *[!0-9]*) continue ;; esac
        # the ID must still be our pause process, not one that got the number after it
        case $(cat "/proc/$pid/comm") in catatonit | podman* | exe) kill -9 "$pid" ;; esac
    done
}

ps_unmake() { # the folders that were made to be covered; what is in use by now is not empty, and stays
    for i in 1 2; do
        [ ! -s "$T/made" ] || while IFS= read -r f; do rmdir "$f"; done <"$T/made"
    done
}

ps_clean() {
    [ -z "$child" ] || ps_end_child
    if [ -n "$T$R" ]; then
        W=10 # clearing up has its own limit
        # containers live in scopes of their own and outlive a probe that is killed
        [ -z "$K" ] || [ -z "$T" ] || [ -z "$R" ] || ps_remove || ps_remove
        ps_end_pause
        ps_wait_working
        ps_end_pause # whoever was still at work may have made a pause process anew
    fi
    if [ -n "$T" ]; then
        # what subordinate IDs own is for the root of their namespace to remove
        [ ! -d "$T/fs" ] || ps_as_root rm -rf "$T/s" "$T/vol" "$T/fs" "$T/owned" "$T/i" "$T/own" "$T/pull"
        ps_unmake
        # without root of a namespace, what is the user's own and may not be written in
        rm -rf "$T" || { find "$T" -type d -exec chmod u+rwx {} + && rm -rf "$T"; }
    fi
    for f in "$R" "$H"; do [ -z "$f" ] || rm -rf "$f"; done
    # somebody else's Podman that has begun since has made its folder, and keeps the locks
    [ -z "$L" ] || [ -e "${XDG_RUNTIME_DIR:-/nonexistent}/libpod" ] || rm -f "$L"
    T=
    R=
    H=
    L=
    W=
}
