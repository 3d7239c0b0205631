# shellcheck shell=sh
# Where a user's Podman keeps containers and images, by the files that say so (containers-storage.conf(5)).

ps_storage_key() { # key: its value in the file on standard input
    sed -n -e 's/^[[:space:]]*'"$1"'[[:space:]]*=[[:space:]]*"\([^"]*\)".*/\1/p' \
        -e "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*'\([^']*\)'.*/\1/p" | tail -n 1
}

ps_graphroot() { # user uid home text-of-the-user's-storage.conf: nothing where it is the default, below the home
    ps_g=$(printf '%s\n' "$4" | ps_storage_key graphroot)
    [ -n "$ps_g" ] || ps_g=$(printf '%s\n' "$4" | ps_storage_key rootless_storage_path)
    # graphroot in a file of the system is root's own; the vendor's file counts only where there is no other
    for ps_f in /etc/containers/storage.conf /usr/share/containers/storage.conf; do
        if [ -z "$ps_g" ] && [ -f "$ps_f" ]; then
            ps_g=$(ps_storage_key rootless_storage_path <"$ps_f")
            break
        fi
    done
    # shellcheck disable=SC2016 # the names as they are written there
    {
        case $ps_g in *'$HOME'*) ps_g=${ps_g%%'$HOME'*}$3${ps_g#*'$HOME'} ;; esac
        case $ps_g in *'$USER'*) ps_g=${ps_g%%'$USER'*}$1${ps_g#*'$USER'} ;; esac
        case $ps_g in *'$UID'*) ps_g=${ps_g%%'$UID'*}$2${ps_g#*'$UID'} ;; esac
    }
    case $ps_g in /*) printf '%s\n' "$ps_g" ;; esac
}
