# shellcheck shell=sh
# The script that people carry to a host: what to do about its arguments. All else is as podstead verify does it.
# Set before this text: PS_SCRIPT, PS_SECONDS, PS_SYSCTLS, PS_MANAGERS, PS_PACKAGES, PS_FILES, and the functions that observe.sh asks for.
# needs: probe.sh probe_values.sh
# shellcheck disable=SC2034,SC2154 # used by those

ps_stand_alone() { # [user...]
    if [ $# = 0 ]; then
        if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER-}" ]; then set -- "$SUDO_USER"; else set -- "$(id -un)"; fi
    fi
    PS_USERS=
    for u; do
        case $u in
        -* | *[!A-Za-z0-9._@\\$-]*) printf 'podstead: not a user name: %s\n' "$u" >&2 && exit 2 ;;
        esac
        if [ "$(id -u "$u" 2>/dev/null)" = 0 ]; then
            printf 'podstead: root is not rootless: name the users, as in: sh FILE alice bob\n' >&2
            exit 2
        fi
        id -u "$u" >/dev/null 2>&1 || { printf 'podstead: no such user: %s\n' "$u" >&2 && exit 2; }
        if [ "$(id -u)" != 0 ] && [ "$u" != "$(id -un)" ]; then
            printf 'podstead: only root can look as %s\n' "$u" >&2
            exit 2
        fi
        PS_USERS="$PS_USERS $u"
    done
    PS_NONCE=$(ps_nonce)
    PS_SUBJECTS=$PS_USERS
    PS_SELF=
    printf 'podstead: looking, then proving as%s; this takes a few seconds\n' "$PS_USERS" >&2
    ps_look_and_prove
}
