# shellcheck shell=sh
# The part of the user's probe that asks newuidmap and the kernel directly. probe_user.sh says what is set before.
# needs: record.sh
# shellcheck disable=SC2086,SC2153 # maps are lists of numbers for word splitting, all set before

PS_UID=$(id -u)
PS_GID=$(id -g)

ps_does() { case " $PS_DO " in *" $1 "*) ;; *) return 1 ;; esac }

ps_limit() { # seconds command...
    s=$1
    shift
    if command -v timeout >/dev/null; then timeout -k 2 "$s" "$@"; else "$@"; fi
}

ps_line='
'
ps_try() { # name command...: how it ended and what it said
    n=$1
    shift
    # the end of it alone: a shell that holds what a program floods would be cut off with it
    out=$({
        "$@" 2>&1 </dev/null
        printf '\n%s' $?
    } | tail -c 40000)
    rc=${out##*"$ps_line"}
    out=${out%"$ps_line"*}
    out=${out%"$ps_line"}
    ps_record rc "$n"
    printf '%s\n' "$rc"
    ps_record said "$n"
    printf '%s\n' "$out"
}

ps_child() { # a process in a user namespace of its own, whose map is still empty; its ID in $child
    ps_ns=$(readlink /proc/self/ns/user)
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

ps_as_root() { # command...: as root of a user namespace with the whole grant, whatever has become of Podman
    [ -n "$PS_UIDMAP" ] && ps_child || return 1
    # shellcheck disable=SC2015 # the last command is for the failure of any of the three
    ps_limit 10 newuidmap $child $PS_UIDMAP && ps_limit 10 newgidmap $child $PS_GIDMAP &&
        nsenter -t $child -U -S 0 -G 0 -- "$@"
    set -- $?
    ps_end_child
    return "$1"
}

ps_maps() { # name: both maps of the child as they are now
    ps_record map "$1"
    cat "/proc/$child/uid_map" "/proc/$child/gid_map"
}

ps_raw_write() { printf '%b' "$PS_RAW" | cat >"/proc/$child/uid_map"; } # cat says what the kernel says, dash does not

ps_single_map() {
    echo deny >"/proc/$child/setgroups" && echo "0 $PS_UID 1" >"/proc/$child/uid_map" &&
        echo "0 $PS_GID 1" >"/proc/$child/gid_map"
}

ps_helpers() {
    ps_try unshare unshare -U true
    ps_record label
    unshare -U cat /proc/self/attr/current
    [ -n "$PS_UIDMAP" ] && command -v newuidmap >/dev/null || return 0
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
