# shellcheck shell=sh
# Isolation between two users: one user's container ID 5 owns a secret file and a process, and the other tries to reach both.
# The first can put anything in the place of either, to make the other fail or pass, or to have files of the other's opened. So
# root looks at both before and after.
# needs: record.sh session.sh probe_values.sh
# holds: PS_HOLD=inner/hold.sh PS_SEE=inner/see.sh PS_REACH=inner/reach.sh PS_DROP=inner/drop.sh
# shellcheck disable=SC2154 # set by ps_values, and the scripts that are held

ps_newline='
'

ps_briefly() { # number user text...: a script of the user's, for half a minute
    n=$1
    u=$2
    shift 2
    printf '%s\n' "$@" >"$PS_FOLDER/in.$n"
    ps_as_user 30 4000 "$u" sh -s <"$PS_FOLDER/in.$n"
    rm -f "$PS_FOLDER/in.$n"
}

ps_container_five() { # the UID on the host of container ID 5 of the present user
    printf '%s\n' "$PS_VALUES" | sed -n "s/^PS_UIDMAP='\{0,1\}\([0-9 ]*\)'\{0,1\}\$/\1/p" |
        awk '{ for (i = 1; i + 2 <= NF; i += 3) if ($i <= 5 && 5 < $i + $(i + 2)) printf "%.0f", $(i + 1) + 5 - $i }'
}

ps_see() { # folder, process, owner, UID of container ID 5; a file system of the owner's could hang
    ps_within 10 1000 sh -c "$PS_SEE" sh "$@" </dev/null
}

ps_peer() { # number: can this user reach what the next user's containers own?
    n=$((($1 + 1) % PS_COUNT))
    [ $n != "$1" ] || return 0
    ps_values "$n"
    holder=$PS_USER
    holder_uid=$ps_uid
    five=$(ps_container_five)
    folder=/tmp/podstead.h$(printf %s "$PS_OWN" | cut -c1-8)
    # the holder's words are the user's own: nothing of it is used but a process ID
    pid=$(ps_briefly "$1" "$holder" "$PS_VALUES" "$PS_HOLD")
    case $pid in *[!0-9]* | ???????????*) pid= ;; esac
    {
        ps_values "$1"
        seen=
        [ -z "$pid" ] || seen=$(ps_see "$folder" "$pid" "$holder_uid" "$five")
        if [ -n "$seen" ]; then
            ps_briefly "$1" "$PS_USER" "ps_pid=$pid" "ps_folder=$folder" "ps_same='${seen%%"$ps_newline"*}'" "$PS_VALUES" "$PS_REACH" >"$PS_FOLDER/raw.$1"
            [ "$(ps_see "$folder" "$pid" "$holder_uid" "$five")" = "$seen" ] || seen=
        fi
        ps_record peer "$PS_USER $holder"
        if [ -n "$seen" ]; then ps_pack <"$PS_FOLDER/raw.$1"; else echo none; fi
        [ -z "$pid" ] || [ -n "$seen" ] || ps_record peer-changed "$PS_USER $holder"
        rm -f "$PS_FOLDER/raw.$1"
        ps_briefly "$1" "$holder" "ps_pid=$pid" "ps_folder=$folder" "$PS_DROP" >/dev/null
    } >"$PS_FOLDER/peer.$1"
}
