# shellcheck shell=sh
# What podstead computes for the probe, computed on the host itself: for the script that people carry away.
# Set before this text: PS_SECONDS, PS_SYSCTLS, PS_PACKAGES, PS_FILES, PS_PROBE. frame.sh, facts.sh, observe.sh, peers.sh,
# session.sh and probe.sh stand behind it.
# shellcheck disable=SC2034,SC2154,SC2086 # used by those; PS_USERS and lists of ranges are words

ps_nonce() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# What podstead.ids.subid_lines reads: a line that shadow and Podman read alike, in decimal, from a file and not from a link.
ps_lines() { # file: "OWNER:FIRST:COUNT" lines
    [ -f "$1" ] && [ ! -L "$1" ] || return 0
    LC_ALL=C awk -F: 'NF == 3 && length($0) < 1024 && $1 ~ /^[^#+[:space:]-]/ && $1 !~ /[[:space:]]$/ && $1 !~ /^0[0-9]+$/ &&
        $2 ~ /^(0|[1-9][0-9]*)$/ && $3 ~ /^[1-9][0-9]*$/ && length($2) < 11 && length($3) < 11 &&
        $2 + $3 <= 4294967296' "$1"
}

ps_ranges() { # option-of-getsubids file user uid: "FIRST COUNT" lines, sorted
    from=$(sed -n 's/^[[:space:]]*[Ss][Uu][Bb][Ii][Dd][[:space:]]*:[[:space:]]*\([^[:space:]]\{1,\}\).*/\1/p' /etc/nsswitch.conf 2>/dev/null |
        head -n 1)
    if [ "${from:-files}" != files ] && command -v getsubids >/dev/null; then
        getsubids $1 "$3" | awk 'NF > 1 && $(NF - 1) ~ /^[0-9]+$/ && $NF ~ /^[1-9][0-9]*$/ { print $(NF - 1), $NF }'
    else
        # compared as text: 1e3 is no way to write 1000
        ps_lines "$2" | u=$3 i=$4 awk -F: '($1 "") == (ENVIRON["u"] "") || ($1 "") == (ENVIRON["i"] "") { print $2, $3 }'
    fi | sort -n
}

ps_map() { # own-id more: the arguments of newuidmap for ranges on standard input, the last longer by "more"
    awk -v own="$1" -v more="$2" 'BEGIN { inside = 1; printf "0 %s 1", own }
        { if (n) printf " %s %s %s", inside, s, n; if (n) inside += n; s = $1; n = $2 }
        END { if (n) printf " %.0f %.0f %.0f", inside, s, n + more }'
}

ps_values() { # number
    PS_USER=$(ps_names | sed -n "$(($1 + 1))p")
    uid=$(id -u "$PS_USER")
    gid=$(id -g "$PS_USER")
    uids=$(ps_ranges '' /etc/subuid "$PS_USER" "$uid")
    gids=$(ps_ranges -g /etc/subgid "$PS_USER" "$uid")
    PS_DENIED_GID=$(awk '$2 < 2147483646 { printf "%.0f", $2 + 1 }' /proc/sys/net/ipv4/ping_group_range)
    port=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
    PS_OWN=$(ps_nonce)
    um=
    gm=
    uo=
    go=
    other=
    raw=
    if [ -n "$uids" ] && [ -n "$gids" ]; then
        um=$(printf '%s\n' "$uids" | ps_map "$uid" 0)
        gm=$(printf '%s\n' "$gids" | ps_map "$gid" 0)
        uo=$(printf '%s\n' "$uids" | ps_map "$uid" 1)
        go=$(printf '%s\n' "$gids" | ps_map "$gid" 1)
        # somebody else's range if there is one, else an ID far above
        other=$(ps_lines /etc/subuid | u=$PS_USER i=$uid awk -F: '($1 "") != (ENVIRON["u"] "") && ($1 "") != (ENVIRON["i"] "") { print $2; exit }')
        [ -n "$other" ] || other=$(printf '%s\n' "$uids" | awk '{ e = $1 + $2 } END { printf "%.0f", e + 1000000 }')
        raw="0 $uid 1\\n1 $(printf '%s\n' "$uids" | head -n 1)\\n"
    fi
    PS_VALUES="PS_NONCE=$PS_OWN
PS_UIDMAP='$um'
PS_GIDMAP='$gm'
PS_UIDOVER='$uo'
PS_GIDOVER='$go'
PS_OTHER='$other'
PS_RAW='$raw'
PS_LAST=$(printf '%s\n' "$uids" | awk '{ t += $2 } END { printf "%.0f", t }')
PS_GLAST=$(printf '%s\n' "$gids" | awk '{ t += $2 } END { printf "%.0f", t }')
PS_PORTS='$(ps_ports "$port")'
PS_DO='helpers sockets engine containers'"
}

ps_ports() { # boundary: the first port that everybody may bind, and the last that nobody may
    if [ "$1" -gt 0 ]; then printf '%s %s' "$1" $(($1 - 1)); else printf 1; fi
}

ps_stand_alone() { # [user...]
    if [ $# = 0 ]; then
        if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER-}" ]; then set -- "$SUDO_USER"; else set -- "$(id -un)"; fi
    fi
    PS_USERS=
    PS_COUNT=0
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
        PS_COUNT=$((PS_COUNT + 1))
    done
    PS_NONCE=$(ps_nonce)
    PS_ISOLATION=no
    [ $PS_COUNT -lt 2 ] || PS_ISOLATION=yes
    printf 'podstead: looking, then proving as%s; this takes some seconds\n' "$PS_USERS" >&2
    ps_framed observe ps_observe
    ps_framed probe ps_all
}
