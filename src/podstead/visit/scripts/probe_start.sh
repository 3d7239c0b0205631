# shellcheck shell=sh
# The part of the user's probe that starts Podman exactly as the user does: with the user's own files, environment and
# storage. Where the user has used it since the last boot, it is started for real, which changes nothing; everywhere else
# in a mount namespace in which private folders lie over all that it would write (docs/decisions/0012).
# needs: record.sh probe_helpers.sh probe_settings.sh probe_space.sh
# holds: ps_view=inner/view.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2153,SC2154 # scripts for an inner shell; lists for word splitting; variables of those files

ps_has_database() { # graphroot
    while IFS= read -r d; do
        if [ -e "$d/db.sql" ] || [ -e "$d/libpod/bolt_state.db" ] || [ -e "$d/bolt_state.db" ]; then return 0; fi
    done <<END
$1
$(ps_settings static_dir)
END
    return 1
}

ps_used_since_boot() {
    while IFS= read -r d; do
        if [ -e "$d/alive" ]; then return 0; fi
    done <<END
${XDG_RUNTIME_DIR:-/run/user/$PS_UID}/libpod/tmp
/tmp/podman-run-$PS_UID/libpod/tmp
$(ps_settings tmp_dir)
END
    return 1
}

ps_in_namespace() { # command...: as root of a namespace with the user's whole grant, and with the user's groups
    ps_child || return 1
    if [ -n "$PS_UIDMAP" ]; then
        ps_limit 10 newuidmap $child $PS_UIDMAP && ps_limit 10 newgidmap $child $PS_GIDMAP
    else
        # what Podman does for a user to whom nothing is granted
        echo deny >"/proc/$child/setgroups" && echo "0 $PS_UID 1" >"/proc/$child/uid_map" && echo "0 $PS_GID 1" >"/proc/$child/gid_map"
    fi && ps_limit 90 nsenter -t $child -U --preserve-credentials -- unshare -m "$@"
    set -- $?
    ps_end_child
    return "$1"
}

ps_in_podman() { # the same by Podman, which may have a security profile that allows more than others
    [ -n "$PS_UIDMAP" ] || return 1
    W=90
    ps_podman unshare env "XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR-}" "XDG_CONFIG_HOME=${XDG_CONFIG_HOME-}" \
        "XDG_DATA_HOME=${XDG_DATA_HOME-}" "XDG_CACHE_HOME=${XDG_CACHE_HOME-}" "TMPDIR=${TMPDIR-}" unshare -m "$@"
    W=
}

ps_own_start() {
    ps_own_graphroot
    g=$ps_own_graph
    ps_read_settings
    kept=no
    cover=yes
    if ps_has_database "$g"; then
        kept=yes
        ! ps_used_since_boot || cover=no
    fi
    x=${XDG_RUNTIME_DIR:-/run/user/$PS_UID}
    if [ ! -d "$x" ] || [ ! -w "$x" ]; then x=; fi
    tmp=yes
    # what is set to lie in /tmp must be seen there
    case "$HOME/ $g/ ${CONTAINERS_CONF-} ${CONTAINERS_STORAGE_CONF-} ${CONTAINERS_CONF_OVERRIDE-} $T" in /tmp/* | *' /tmp/'*) tmp=no ;; esac
    export PS_UID PS_GID
    ps_folders=$(ps_settings 'graphroot|runroot|rootless_storage_path|imagestore|static_dir|tmp_dir|volume_path' | grep -vxF "$g" | sort -u)
    for way in ps_in_namespace ps_in_podman; do
        set -- "$T" "$R" "$x" "$tmp" "$cover" ".podstead.$N.w" "$g" "${XDG_CONFIG_HOME:-$HOME/.config}/cni"
        while IFS= read -r f; do [ -z "$f" ] || set -- "$@" "$f"; done <<END
$ps_folders
END
        $way sh -c "$ps_view" sh "$@" 3>"$T/start" 4>"$T/start-said" 5>"$T/start-rc" 6>>"$T/made" 7>"$T/list-said" 8>"$T/policy-said" 9>"$T/large"
        if [ -s "$T/start-rc" ]; then break; fi
    done
    ps_told_start
}

ps_before_json() { sed '/^{/,$d' "$1"; }
ps_json() { sed -n '/^{/,$p' "$1" | head -c 100000; }

ps_told_start() {
    started=
    while read -r n code; do
        case $n in start | list) started="$started $code" ;; esac
        ps_record rc "$n"
        printf '%s\n' "$code"
        ps_record said "$n"
        # Podman before 5 complains of storage.conf on its standard output
        [ "$n" != start ] || ps_before_json "$T/start" | head -c 4000
        tail -c 4000 "$T/$n-said"
    done <"$T/start-rc"
    ps_record large
    head -c 4000 "$T/large"
    ps_record json start
    ps_json "$T/start"
    ps_record database
    printf '%s\n' $kept
    real=$(sed -n 's/^ *"graphRoot": "\(.*\)",\{0,1\}$/\1/p' "$T/start" | head -n 1)
    ps_graph_facts "${real:-$g}"
    # what Podman complains about is looked up in the files
    if [ -s "$T/start-said" ] || [ -n "$(ps_before_json "$T/start")" ] || [ -s "$T/list-said" ] || ! grep -q manifest "$T/policy-said"; then
        ps_config_files | head -n 40 | while IFS= read -r f; do
            ps_record config "$f"
            head -c 60000 "$f"
        done
    fi
}

ps_graph_facts() { # graphroot: itself, the nearest folder of it that is there with its owner and mode, and its file system
    ps_record graph
    printf '%s\n' "$1"
    d=$1
    while [ -n "$d" ] && [ ! -e "$d" ]; do ps_up; done
    stat -L -c '%u:%g %a %n' "${d:-/}"
    at=$(ps_limit 10 df -P "${d:-/}" | awk 'NR > 1 { print $NF }')
    awk -v m="$at" '$2 == m { t = $3 " " $4 } END { print t }' /proc/self/mounts
}
