# shellcheck shell=sh
# What the probe of a user is made with: what newuidmap and newgidmap are asked for, and what they must refuse.
# Set before it is called: PS_FOLDER.
# needs: session.sh
# shellcheck disable=SC2034,SC2154,SC2086 # used by probe.sh; lists of ranges are words

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
    if [ "${from:-files}" != files ]; then
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

ps_values() { # number: computed once, and read again where another user is to reach what this one's containers own
    PS_USER=$(sed -n "$(($1 + 1))p" "$PS_FOLDER/subjects")
    if ps_know "$PS_USER"; then PS_KNOWN=$PS_USER; else PS_KNOWN=; fi
    PS_DENIED_GID=$(awk '$2 < 2147483646 { printf "%.0f", $2 + 1 }' /proc/sys/net/ipv4/ping_group_range)
    [ -s "${PS_FOLDER:?}/values.$1" ] || ps_assignments >"$PS_FOLDER/values.$1"
    PS_VALUES=$(cat "$PS_FOLDER/values.$1")
    PS_OWN=$(printf '%s\n' "$PS_VALUES" | sed -n 's/^PS_NONCE=//p')
}

ps_assignments() { # of PS_USER
    uid=$ps_uid
    gid=$(id -g "$PS_USER")
    uids=$(ps_ranges '' /etc/subuid "$PS_USER" "$uid")
    gids=$(ps_ranges -g /etc/subgid "$PS_USER" "$uid")
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
        # an ID of somebody else's range if there is one, else one far above
        other=$(ps_lines /etc/subuid | u=$PS_USER i=$uid own=$uids awk -F: 'BEGIN { n = split(ENVIRON["own"], r, /[ \n]/) }
            ($1 "") != (ENVIRON["u"] "") && ($1 "") != (ENVIRON["i"] "") {
                for (k = 1; k < n; k += 2) if ($2 >= r[k] + 0 && $2 < r[k] + r[k + 1]) next
                print $2
                exit
            }')
        [ -n "$other" ] || other=$(printf '%s\n' "$uids" | awk '$1 + $2 > e { e = $1 + $2 } END { printf "%.0f", e + 1000000 }')
        raw="0 $uid 1\\n1 $(printf '%s\n' "$uids" | head -n 1)\\n"
    fi
    printf '%s\n' "PS_NONCE=$(ps_nonce)
PS_UIDMAP='$um'
PS_GIDMAP='$gm'
PS_UIDOVER='$uo'
PS_GIDOVER='$go'
PS_OTHER='$other'
PS_RAW='$raw'
PS_LAST=$(printf '%s\n' "$uids" | awk '{ t += $2 } END { printf "%.0f", t }')
PS_GLAST=$(printf '%s\n' "$gids" | awk '{ t += $2 } END { printf "%.0f", t }')
PS_PORTS='$(ps_ports "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)")'
PS_DO='helpers sockets engine containers'"
}

ps_ports() { # boundary: the first port that everybody may bind, and the last that nobody may
    case $1 in
    0 | 1) printf 1 ;; # a bind to port 0 asks for any port
    65536) printf 65535 ;;
    '' | *[!0-9]*) printf '1024 1023' ;;
    *) printf '%s %s' "$1" $(($1 - 1)) ;;
    esac
}
