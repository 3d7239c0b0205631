# shellcheck shell=sh
# Looks at one user, as that user, and prints what it finds; decides nothing and changes nothing. All that is looked at
# here may be of the user's own making: observe.sh runs this within limits. Arguments: name, UID, home.
# PS_NONCE is drawn here, so that no file can hold it.
# needs: record.sh fact.sh storage.sh
# shellcheck disable=SC2034 # used by frame.sh

ps_user_paths() { # name uid home: what there is of the paths that podstead.host.looks knows
    g=$3/.local/share/containers/storage
    set -- "/run/user/$2" "/run/user/$2/bus" "$3" "$g" "$g/db.sql" "$g/libpod/bolt_state.db"
    for d in aufs btrfs devicemapper overlay overlay2 vfs zfs; do set -- "$@" "$g/$d-images"; done
    ps_record paths
    stat -c '%a:%u:%g:%F:%n' "$@"
}

ps_user_pause() { # name uid home
    # without a runtime directory Podman has made one of its own, where anybody else could have made it, too
    for f in "/run/user/$2/libpod/tmp/pause.pid" "/run/user/$2/libpod/pause.pid" \
        "/tmp/podman-run-$2/libpod/tmp/pause.pid" "/tmp/storage-run-$2/libpod/tmp/pause.pid"; do
        [ "$(stat -c %u "${f%/libpod/*}")" = "$2" ] || continue
        [ -f "$f" ] || continue
        pid=$(head -c 20 "$f" | tr -d '\0\n')
        case $pid in '' | *[!0-9]*) continue ;; esac
        [ -r "/proc/$pid/uid_map" ] || continue
        ps_record pause
        cat "/proc/$pid/comm"
        ps_record pause-uid
        cat "/proc/$pid/uid_map"
        ps_record pause-gid
        cat "/proc/$pid/gid_map"
        # conmon is the monitor of one running container, catatonit/podman are not
        n=0
        for d in /proc/[0-9]*; do
            c=
            read -r c <"$d/comm" || continue
            [ "$c" = conmon ] && [ "$(stat -c %u "$d")" = "$2" ] && n=$((n + 1))
        done
        ps_record running
        printf '%s\n' "$n"
        return 0
    done
}

ps_user_facts() { # name uid home
    c=/sys/fs/cgroup/user.slice/user-$2.slice
    [ ! -r "$c/user@$2.service/cgroup.controllers" ] || ps_fact delegated "$(cat "$c/user@$2.service/cgroup.controllers")"
    [ ! -r "$c/pids.max" ] || ps_fact tasks.max "$(cat "$c/pids.max")"
    # the user's service manager hands its privileges and its group down to everything in the session
    if read -r p <"$c/user@$2.service/init.scope/cgroup.procs"; then
        ps_fact manager.nnp "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$p/status")"
        ps_fact manager.gid "$(awk '$1 == "Gid:" { print $2 }' "/proc/$p/status")"
    fi
    [ ! -d "$3" ] || ps_fact home.mode "$(stat -c '%a %u' "$3")"
    ps_mount graph.mount "$ps_graph"
    [ ! -e "$3/.identity" ] || ps_fact homed yes
    ps_fact keys "$(awk -v u="$2:" '$1 == u { print $4, $5 }' /proc/key-users)"
    for f in containers.conf storage.conf; do [ ! -e "$3/.config/containers/$f" ] || ps_fact config "$f"; done
    # the folders that Podman itself needs; what else of somebody's lies in a home is no concern of it
    for d in .config .config/containers .local .local/share .local/share/containers; do
        [ ! -d "$3/$d" ] || [ "$(stat -c %u "$3/$d")" = "$2" ] || ps_fact not.owned "$3/$d"
    done
    for f in "$3/.config/containers/systemd"/*.* /etc/containers/systemd/users/*.* "/etc/containers/systemd/users/$2"/*.*; do
        if [ -f "$f" ]; then
            ps_fact quadlet "$f"
            break
        fi
    done
    f=$ps_graph/overlay/.has-mount-program
    [ ! -f "$f" ] || [ -L "$f" ] || ps_fact mount.program "$(head -c 10 "$f")"
}

ps_user_owners() { # who owns what is in the layers and volumes: files of an old range show as IDs outside the present one
    [ -d "$ps_graph" ] || return 0
    limit=
    if command -v timeout >/dev/null; then limit="timeout 5"; fi
    # shellcheck disable=SC2086 # a command and its words. The storage may be a link, or a file system of its own
    $limit find "$ps_graph/." -xdev -maxdepth 4 -name lost+found -prune -o -exec stat -c '%u %g' {} + | head -n 20000 |
        sort -u | head -n 200 | ps_fact_each graph.owner
}

ps_look_at_user() { # name uid home
    # not from /dev/urandom: a chroot may have no devices
    PS_NONCE=$(tr -d '\n-' </proc/sys/kernel/random/uuid)
    ps_user_paths "$@"
    f=$3/.config/containers/storage.conf
    ps_conf=
    if [ -f "$f" ]; then
        ps_conf=$(head -c 65536 "$f")
        ps_record config
        printf '%s\n' "$ps_conf"
    fi
    ps_graph=$(ps_graphroot "$1" "$2" "$3" "$ps_conf")
    [ -n "$ps_graph" ] || ps_graph=$3/.local/share/containers/storage
    ps_user_pause "$@"
    ps_record facts
    ps_user_facts "$@"
    ps_record looked
    # last, because storage may be so large that time runs out
    ps_record owners
    ps_user_owners
    ps_record end
}

# its standard input and standard error are root's /dev/null already (observe.sh, session.sh)
ps_look_at_user "$@"
