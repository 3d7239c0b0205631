# shellcheck shell=sh
# What the user's and the host's files for Podman say about where it stores and writes.
# needs: probe_helpers.sh storage.sh
# shellcheck disable=SC2016 # the names as they are written there

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
