# shellcheck shell=sh
# Starts the probe of each user inside that user's session, a few at a time, and adds what only root can show.
# Set before this text, quoted: PS_NONCE, PS_SECONDS and PS_SUBJECTS (names of users). The function ps_values sets for the user of a
# number PS_USER, PS_OWN (the nonce of the user's script), PS_VALUES (its assignments) and PS_DENIED_GID.
# What a user's own programs print is packed into one record, so that no user can speak for another.
# needs: frame.sh record.sh observe.sh session.sh probe_values.sh peers.sh
# holds: PS_PROBE=probe_user.sh PS_ICMP_PERL=inner/icmp.pl PS_ICMP_PYTHON=inner/icmp.py
# shellcheck disable=SC2153,SC2154 # set by the function

ps_in_session() { # seconds: standard input as a script of the current user's, in the user's own session if there is one
    # The first limit is systemd's or the user's own, so that the script can clear up; the last is root's
    if [ "$PS_CONTEXT" = session ]; then
        # on standard input, because systemd expands ${NAME} in the arguments of a unit (systemd.service(5)); the time
        # limit is the unit's, so systemd ends everything that the script started
        ps_as_user $(($1 + 40)) 4000000 "$PS_USER" systemd-run --user --quiet --collect --pipe --wait \
            -p "RuntimeMaxSec=$1" -p TimeoutStopSec=20 sh -s
    elif command -v timeout >/dev/null; then
        ps_as_user $(($1 + 30)) 4000000 "$PS_USER" timeout -k 20 "$1" sh -s
    else
        ps_as_user "$1" 4000000 "$PS_USER" sh -s
    fi
}

# shellcheck disable=SC2016 # expanded as the user
ps_start() { # number
    PS_CONTEXT=direct
    if command -v systemd-run >/dev/null && ps_as_user 30 100 "$PS_USER" sh -c \
        '[ -S "$XDG_RUNTIME_DIR/bus" ] && exec systemd-run --user --quiet --collect --pipe --wait true' </dev/null; then
        PS_CONTEXT=session
    fi
    ps_record context "$PS_USER $PS_CONTEXT"
    ps_record nonce "$PS_USER $PS_OWN"
    began=$(date +%s)
    # a file, and no pipe: whoever holds a pipe decides how long its writer waits
    printf '%s\n' "$PS_VALUES" "$PS_PROBE" >"$PS_FOLDER/in.$1"
    ps_in_session "$PS_SECONDS" <"$PS_FOLDER/in.$1" >"$PS_FOLDER/raw.$1"
    if ! grep -aq "^@@$PS_OWN probed" "$PS_FOLDER/raw.$1"; then
        ps_record cut "$PS_USER $(($(date +%s) - began))"
        # killed or broken off: whatever it has left is the user's, so the user's own rights clear it up
        printf '%s\n' "$PS_VALUES" PS_DO=sweep "$PS_PROBE" >"$PS_FOLDER/in.$1"
        ps_in_session 40 <"$PS_FOLDER/in.$1" >/dev/null
    fi
    ps_record probe "$PS_USER"
    ps_pack <"$PS_FOLDER/raw.$1"
    rm -f "$PS_FOLDER/raw.$1" "$PS_FOLDER/in.$1"
}

ps_icmp() { # as the user, with a group outside the range, and nothing of root's environment
    set -- setpriv --reuid "$PS_USER" --regid "$PS_DENIED_GID" --clear-groups env -i "PATH=$PATH" LC_ALL=C
    if command -v perl >/dev/null; then
        ps_within 15 100 "$@" perl -e "$PS_ICMP_PERL"
    elif command -v python3 >/dev/null; then
        ps_within 15 100 "$@" python3 -c "$PS_ICMP_PYTHON"
    fi
}

ps_denied() { # the counter-proof of ICMP sockets: a group outside the range must be refused
    [ -n "$PS_DENIED_GID" ] && [ "$PS_ME" = 0 ] && ps_has_setpriv || return 0
    ps_record denied "$PS_USER"
    # a process of the user's: nothing but what is expected gets into root's words
    code=$(ps_icmp)
    case $code in ok | [0-9] | [0-9][0-9] | [0-9][0-9][0-9]) printf '%s\n' "$code" ;; esac
}

ps_one() { # number: one user's whole probe, kept until all are done
    {
        ps_values "$1"
        ps_start "$1"
        ps_denied
    } >"$PS_FOLDER/$1"
}

ps_take() { # name: true for the first that asks; the shell makes the file with O_EXCL, and starts no process for it
    set -C
    if true >"$PS_FOLDER/taken.$1"; then ps_taken=0; else ps_taken=1; fi
    set +C
    return $ps_taken
} 2>/dev/null

ps_pool() { # function: called with each user's number, PS_JOBS at a time; whoever hangs keeps one of them, and nobody else
    w=0
    while [ $w -lt "$PS_JOBS" ]; do
        (
            i=0
            while [ "$i" -lt "$PS_COUNT" ]; do
                if ps_take "$1.$i"; then "$1" "$i"; fi
                i=$((i + 1))
            done
        ) &
        ps_workers="$ps_workers $!"
        w=$((w + 1))
    done
    wait
    ps_workers=
}

ps_subjects() { # those of PS_SUBJECTS who can be proved: with an account, with rights enough, and who could be looked at
    # shellcheck disable=SC2086 # words; in some there is a backslash, which some shells take for part of a pattern
    (
        set -f
        printf '%s\n' $PS_SUBJECTS
    ) | while IFS= read -r u; do
        id -u "$u" >/dev/null || continue
        [ "$PS_ME" = 0 ] || [ "$u" = "$(id -un)" ] || continue
        grep -qxF -e "$u" "$PS_FOLDER/unseen" || printf '%s\n' "$u"
    done
}

ps_all() {
    [ -n "$PS_FOLDER" ] || return 1
    # a subshell has none of the traps of its parent, who clears the folder up
    # shellcheck disable=SC2086 # numbers of processes
    trap 'trap "" HUP INT TERM; kill $ps_workers; exit 143' HUP INT TERM
    ps_subjects >"$PS_FOLDER/subjects"
    PS_COUNT=$(wc -l <"$PS_FOLDER/subjects")
    # twice as many as there are processors: a probe waits half of its time
    PS_JOBS=$(getconf _NPROCESSORS_ONLN)
    case $PS_JOBS in '' | *[!0-9]*) PS_JOBS=1 ;; esac
    PS_JOBS=$((PS_JOBS * 2))
    [ $PS_JOBS -le 8 ] || PS_JOBS=8
    ps_pool ps_one
    if [ "$PS_ME" = 0 ]; then ps_pool ps_peer; fi # of a single user there is no next
    rm -f "$PS_FOLDER/subjects" "$PS_FOLDER/unseen" "$PS_FOLDER/look" "$PS_FOLDER"/values.* "$PS_FOLDER"/taken.*
    cat "$PS_FOLDER"/*
    ps_record end
}

ps_look_and_prove() {
    ps_folder || PS_FOLDER=
    if [ "$PS_SELF" = yes ]; then # as whoever has logged in
        PS_SUBJECTS=$(id -un)
        case " $PS_USERS " in *" $PS_SUBJECTS "*) ;; *) PS_USERS="$PS_USERS $PS_SUBJECTS" ;; esac
    fi
    ps_framed observe ps_observe
    [ -z "$PS_SUBJECTS" ] || ps_framed probe ps_all
}
