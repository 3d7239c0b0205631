# shellcheck shell=sh
# The part of the user's probe that starts Podman exactly as the user does: with the user's own files, environment and
# storage. Where the user has used it since the last boot, it is started for real, which changes nothing; everywhere else
# in a mount namespace in which private folders lie over all that it would write (docs/decisions/0012).
# probe_helpers.sh and probe_space.sh stand before this text.
# shellcheck disable=SC2016,SC2034,SC2086,SC2153,SC2154 # scripts for an inner shell; lists for word splitting; variables of those files

# Runs as root of a user namespace. $1 $2 folders of the probe, $3 runtime folder to cover or nothing, $4 yes: cover /tmp,
# $5 yes: cover folders at all, $6 name for trials, $7 the storage, then other folders that Podman would write in.
# What it makes outside is noted at 6 before it is made. 3 takes what podman info prints, 5 how each command ended,
# 4, 7 and 8 what each said, and 9 the names of files that are too large for a copy, as they are there or as empty ones.
ps_view='T=$1 R=$2 X=$3 tmp=$4 cover=$5 w=$6 store=$7
shift 7
over() { mount --rbind "$1" "$2" || exit 70; }
writable() { echo "$1/$w" >&6; mkdir "$1/$w" && rmdir "$1/$w"; }
take() { # from to: a copy only of what may be written to, which is opened and no more; no name is used, or it might be made
  if ! (: >>/proc/self/fd/3) 3<"$1"; then :; elif [ "$(wc -c <"$1")" -ge 67108864 ]; then
    : >"$2"
    if mount --bind "$1" "$2" && mount -o remount,bind,ro "$2"; then echo "bound $1" >&9; else umount "$2"; echo "left $1" >&9; fi
    return
  elif cp -p "$1" "$2"; then return
  fi
  : >"$2"
  over "$1" "$2"
}
copy() { # from to: what Podman reads when it starts; what it may not write in is there itself
  for e in "$1"/* "$1"/.[!.]*; do
    b=${e##*/}
    case $b in .podstead.*) continue ;; esac
    if [ -L "$e" ]; then cp -P "$e" "$2/$b"
    elif [ -d "$e" ]; then
      mkdir "$2/$b"
      if ! writable "$e"; then over "$e" "$2/$b"; continue; fi
      for f in "$e"/* "$e"/.[!.]*; do
        case $f in *.gz) continue ;; esac
        if [ ! -f "$f" ] || [ -L "$f" ]; then continue; fi
        take "$f" "$2/$b/${f##*/}"
      done
    elif [ -f "$e" ]; then take "$e" "$2/$b"
    fi
  done
}
if [ "$cover" = yes ]; then
  n=0
  for g in "$@" "$store"; do
    kept=$g
    case $g/ in "${X:-/nonexistent}"/*) continue ;; /tmp/*) [ "$tmp" != yes ] || continue ;; esac
    d=$g
    while [ -n "$d" ] && [ ! -e "$d" ]; do echo "$d" >&6; d=${d%/*}; done
    mkdir -p "$g"
    g=$(cd -P "$g" && pwd) || continue
    a=no
    if writable "$g"; then a=yes; else for e in "$g"/*/; do if writable "${e%/}"; then a=yes; break; fi; done; fi
    [ $a = yes ] || continue
    n=$((n + 1))
    mkdir -p "$T/own/$n" || exit 70
    if [ "$kept" = "$store" ] || [ -e "$g/bolt_state.db" ]; then copy "$g" "$T/own/$n"; fi
    over "$T/own/$n" "$g"
  done
  l=$(echo /dev/shm/libpod_rootless_lock_*)
  mkdir -p "$T/shm" || :
  for f in $l; do if [ -f "$f" ] && [ -r "$f" ]; then take "$f" "$T/shm/${f##*/}"; fi; done
  if [ -d /dev/shm ]; then
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm || exit 70
    for f in "$T/shm"/*; do if [ -f "$f" ]; then take "$f" "/dev/shm/${f##*/}"; fi; done
  fi
  if [ "$tmp" = yes ]; then mount -t tmpfs -o mode=1777 tmpfs /tmp || exit 70; fi
fi 2>/dev/null
if [ "$cover" = yes ] && [ -n "$X" ]; then
  mkdir -p "$T/session" || exit 70
  mount -t tmpfs -o mode=0700 tmpfs "$T/session" || exit 70
  for e in "$X"/*; do
    b=${e##*/}
    case $b in containers | libpod | crun | podstead.*) continue ;; esac
    if [ -L "$e" ]; then cp -P "$e" "$T/session/$b"
    elif [ -d "$e" ]; then mkdir "$T/session/$b" && mount --rbind "$e" "$T/session/$b"
    elif [ -e "$e" ]; then : >"$T/session/$b" && mount --bind "$e" "$T/session/$b"
    fi
  done
  mount --rbind "$T/session" "$X" || exit 70
fi 2>/dev/null
cd "$HOME" 2>/dev/null || cd /
_CONTAINERS_USERNS_CONFIGURED=done _CONTAINERS_ROOTLESS_UID=$PS_UID _CONTAINERS_ROOTLESS_GID=$PS_GID
export _CONTAINERS_USERNS_CONFIGURED _CONTAINERS_ROOTLESS_UID _CONTAINERS_ROOTLESS_GID
limit=
if command -v timeout >/dev/null; then limit="timeout -k 2 25"; fi
# which packages its programs are from is half of what podman info costs, and of no interest here
for f in /usr/bin/dpkg /usr/bin/rpm /usr/bin/pacman; do [ ! -f $f ] || mount --bind /usr/bin/false $f; done 2>/dev/null
$limit podman info --format json >&3 2>&4 </dev/null
echo "start $?" >&5
$limit podman ps -a -q >/dev/null 2>&7 </dev/null
echo "list $?" >&5
# the policy is read before anything is pulled; what else a pull writes goes to a storage of its own
mkdir -p "$T/pull" "$R"
$limit podman --root "$T/pull" --runroot "$R/p" --tmpdir "$R/q" --storage-driver vfs pull -q dir:/nonexistent >/dev/null 2>&8 </dev/null
echo "policy $?" >&5'

ps_config_files() { # the files that a Podman of this user reads, in the order in which it looks for them
    for f in "${CONTAINERS_CONF:-}" "${CONTAINERS_CONF_OVERRIDE:-}" "${CONTAINERS_STORAGE_CONF:-}" "${CONTAINERS_REGISTRIES_CONF:-}"; do
        [ -z "$f" ] || printf '%s\n' "$f"
    done
    for d in "${XDG_CONFIG_HOME:-$HOME/.config}/containers" /etc/containers /usr/share/containers; do
        for f in "$d"/storage.conf "$d"/containers.conf "$d"/containers.conf.d/*.conf "$d"/registries.conf \
            "$d"/registries.conf.d/*.conf "$d"/policy.json "$d"/storage.rootless.conf.d/*.conf; do
            [ ! -f "$f" ] || printf '%s\n' "$f"
        done
    done
}

ps_read_settings() { # sets ps_set: lines of KEY=PATH out of those files, of every key that is asked for
    ps_set=$(ps_config_files | while IFS= read -r f; do
        [ ! -f "$f" ] || { head -c 100000 "$f" && echo; }
    done | sed -nE "s/^[[:space:]]*([a-z_]*(root|store|path|_dir))[[:space:]]*=[[:space:]]*[\"']([^\"']*)[\"'].*/\1=\3/p")
}

ps_settings() { # keys separated by |: their values that are paths
    printf '%s\n' "$ps_set" | sed -nE "s/^($1)=//p" | while IFS= read -r v; do
        case $v in *'$HOME'*) v=${v%%'$HOME'*}$HOME${v#*'$HOME'} ;; esac
        case $v in *'$USER'*) v=${v%%'$USER'*}$(id -un)${v#*'$USER'} ;; esac
        case $v in *'$UID'*) v=${v%%'$UID'*}$PS_UID${v#*'$UID'} ;; esac
        case $v in /*) printf '%s\n' "$v" ;; esac
    done
}

ps_own_graph=
ps_own_graphroot() { # sets ps_own_graph
    [ -z "$ps_own_graph" ] || return 0
    ps_own_graph=$(ps_graphroot "$(id -un)" "$PS_UID" "$HOME" \
        "$(head -c 100000 "${CONTAINERS_STORAGE_CONF:-${XDG_CONFIG_HOME:-$HOME/.config}/containers/storage.conf}")")
    [ -n "$ps_own_graph" ] || ps_own_graph=${XDG_DATA_HOME:-$HOME/.local/share}/containers/storage
}

ps_has_database() { # graphroot
    for d in "$1" $(ps_settings static_dir); do
        if [ -e "$d/db.sql" ] || [ -e "$d/libpod/bolt_state.db" ] || [ -e "$d/bolt_state.db" ]; then return 0; fi
    done
    return 1
}

ps_used_since_boot() {
    for d in "${XDG_RUNTIME_DIR:-/run/user/$PS_UID}/libpod/tmp" "/tmp/podman-run-$PS_UID/libpod/tmp" $(ps_settings tmp_dir); do
        if [ -e "$d/alive" ]; then return 0; fi
    done
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
        [ "$n" != start ] || started=$code
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
    while [ -n "$d" ] && [ ! -e "$d" ]; do d=${d%/*}; done
    stat -L -c '%u:%g %a %n' "${d:-/}"
    at=$(ps_limit 10 df -P "${d:-/}" | awk 'NR > 1 { print $NF }')
    awk -v m="$at" '$2 == m { t = $3 " " $4 } END { print t }' /proc/self/mounts
}

ps_unmake() { # the folders that were made to be covered; what is in use by now is not empty, and stays
    for i in 1 2; do
        [ ! -s "$T/made" ] || while IFS= read -r f; do rmdir "$f"; done <"$T/made"
    done
}
