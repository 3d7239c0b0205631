# shellcheck shell=sh
# Starts the probe of each user inside that user's session, a few at a time, and adds what only root can show.
# Set before this text, quoted: PS_NONCE, PS_SECONDS, PS_PROBE (the user's script), PS_COUNT, PS_ISOLATION (yes, no), and a
# function ps_values that sets for the user of a number PS_USER, PS_OWN (the nonce of the user's script), PS_VALUES (its
# assignments) and PS_DENIED_GID.
# What a user's own programs print is packed into one record, so that no user can speak for another.
# shellcheck disable=SC2154 # set by the function

ps_in_session() { # standard input as a script of the current user, in the user's own session where there is one
    if [ "$PS_CONTEXT" = session ]; then
        # on standard input, because systemd expands ${NAME} in the arguments of a unit (systemd.service(5)); the time
        # limit is the unit's, so systemd ends everything that the script started
        ps_as_user "$PS_USER" systemd-run --user --quiet --collect --pipe --wait -p "RuntimeMaxSec=$PS_SECONDS" \
            -p TimeoutStopSec=20 sh -s
    elif command -v timeout >/dev/null; then
        ps_as_user "$PS_USER" timeout -k 20 "$PS_SECONDS" sh -s
    else
        ps_as_user "$PS_USER" sh -s
    fi
}

ps_start() { # number
    bus=/run/user/$(id -u "$PS_USER")/bus
    PS_CONTEXT=direct
    if [ -S "$bus" ] && command -v systemd-run >/dev/null &&
        ps_as_user "$PS_USER" systemd-run --user --quiet --collect --pipe --wait true; then
        PS_CONTEXT=session
    fi
    ps_record context "$PS_USER $PS_CONTEXT"
    ps_record nonce "$PS_USER $PS_OWN"
    began=$(date +%s)
    printf '%s\n' "$PS_VALUES" "$PS_PROBE" | ps_in_session | head -c 4000000 >"$ps_kept/raw.$1"
    if ! grep -aq "^@@$PS_OWN probed" "$ps_kept/raw.$1"; then
        ps_record cut "$PS_USER $(($(date +%s) - began))"
        # killed or broken off: whatever it has left is the user's, so the user's own rights clear it up
        printf '%s\n' "$PS_VALUES" PS_DO=sweep "$PS_PROBE" | PS_SECONDS=40 ps_in_session >/dev/null
    fi
    ps_record probe "$PS_USER"
    ps_pack <"$ps_kept/raw.$1"
    rm -f "$ps_kept/raw.$1"
}

ps_pack() { if command -v base64 >/dev/null; then echo base64 && base64; else echo hex && od -An -v -tx1; fi; }

# shellcheck disable=SC2016 # a variable of perl
ps_denied() { # the counter-proof of ICMP sockets: a group outside the range must be refused
    [ -n "$PS_DENIED_GID" ] && [ "$(id -u)" = 0 ] && ps_has_setpriv || return 0
    ps_record denied "$PS_USER"
    if command -v perl >/dev/null; then
        setpriv --reuid "$PS_USER" --regid "$PS_DENIED_GID" --clear-groups \
            perl -MSocket -e 'print socket(my $s, AF_INET, SOCK_DGRAM, 1) ? "ok" : $!+0'
    elif command -v python3 >/dev/null; then
        setpriv --reuid "$PS_USER" --regid "$PS_DENIED_GID" --clear-groups python3 -c \
            'import socket
try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1); print("ok")
except OSError as e: print(e.errno)'
    fi
}

ps_one() { # number: one user's whole probe, kept until all are done
    {
        ps_values "$1"
        ps_start "$1"
        ps_denied
    } >"$ps_kept/$1"
}

ps_briefly() { # user: standard input as a script of the user's, for half a minute
    if command -v timeout >/dev/null; then set -- "$1" timeout -k 2 30; fi
    ps_as_user "$@" sh -s
}

ps_peer() { # number: can this user reach what the next user's containers own?
    n=$((($1 + 1) % PS_COUNT))
    [ $n != "$1" ] || return 0
    ps_values "$n"
    holder=$PS_USER
    {
        # the holder's words are the user's own: nothing of it is used but a process ID and the name of a folder
        said=$(printf '%s\n' "$PS_VALUES" "$PS_HOLD" | ps_briefly "$holder")
        pid=${said%% *}
        folder=${said#* }
        ps_values "$1"
        ps_record peer "$PS_USER $holder"
        case $pid:$folder in
        *[!0-9]*:* | :*) echo none ;;
        *:/tmp/podstead.*[!A-Za-z0-9]*) echo none ;;
        *:/tmp/podstead.*)
            printf '%s\n' "ps_pid=$pid" "ps_folder=$folder" "$PS_VALUES" "$PS_REACH" |
                ps_briefly "$PS_USER" | head -c 4000 | ps_pack
            printf '%s\n' "ps_pid=$pid" "ps_folder=$folder" "$PS_DROP" | ps_briefly "$holder"
            ;;
        *) echo none ;;
        esac
    } >"$ps_kept/peer.$1"
}

ps_pool() { # function: called with each user's number, PS_JOBS at a time
    w=0
    while [ $w -lt "$PS_JOBS" ]; do
        (
            i=$w
            while [ "$i" -lt "$PS_COUNT" ]; do
                "$1" "$i"
                i=$((i + PS_JOBS))
            done
        ) &
        w=$((w + 1))
    done
    wait
}

ps_all() {
    ps_kept=$(mktemp -d) || return 1
    trap 'rm -rf "$ps_kept"' EXIT
    # twice as many as there are processors: a probe waits half of its time
    PS_JOBS=$(getconf _NPROCESSORS_ONLN)
    case $PS_JOBS in '' | *[!0-9]*) PS_JOBS=1 ;; esac
    PS_JOBS=$((PS_JOBS * 2))
    [ $PS_JOBS -le 8 ] || PS_JOBS=8
    ps_pool ps_one
    if [ "$PS_ISOLATION" = yes ] && [ "$(id -u)" = 0 ]; then ps_pool ps_peer; fi
    cat "$ps_kept"/*
    rm -rf "$ps_kept"
    ps_record end
}
