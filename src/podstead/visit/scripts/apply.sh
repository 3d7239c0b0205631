# shellcheck shell=sh
# Makes changes; each is a function call list written by podstead.visit.script. POSIX sh: dash, busybox ash, bash.
# Set before this text: PS_NONCE, PS_MANAGERS, and the functions of package managers that install (packages/). Every change runs in
# a subshell with "set -e"; what needs a change that failed is left out. PS_TELL is yes where somebody reads what is told on 5.
# needs: frame.sh record.sh observe.sh apply_as_user.sh

ps_sum() { # checksum of a file, or "absent"
    if [ ! -e "$1" ]; then
        echo absent
    elif command -v sha256sum >/dev/null; then
        sha256sum <"$1" | cut -d' ' -f1
    else
        openssl dgst -sha256 -r <"$1" | cut -d' ' -f1
    fi
}

ps_expect() { # path checksum: somebody else's change since the look is never overwritten
    [ "$(ps_sum "$1")" = "$2" ] && return 0
    ps_overtaken "$1 was changed by someone else since podstead looked"
}

ps_overtaken() { # what: the plan is no longer good; podstead plans anew for this exit code (EX_TEMPFAIL)
    ps_say "podstead: changed-since $1"
    return 75
}

ps_decode() {
    if command -v base64 >/dev/null; then base64 -d; else openssl base64 -d -A; fi
}

ps_put() { # path mode content-in-base64: a whole file under a temporary name, on disk, then renamed
    ps_dir=${1%/*}
    mkdir -p "$ps_dir"
    rm -f "$ps_dir"/.podstead.??????
    ps_new=$(mktemp "$ps_dir/.podstead.XXXXXX")
    if ! { printf '%s' "$3" | ps_decode >"$ps_new" && chmod "$2" "$ps_new" && chown 0:0 "$ps_new" && ps_sync "$ps_new" &&
        ps_label "$1" "$ps_new" && mv -f "$ps_new" "$1"; }; then
        rm -f "$ps_new"
        ps_say "podstead: cannot write $1"
        return 1
    fi
    ps_sync "$ps_dir"
}

ps_sync() { sync "$1" 2>/dev/null || sync; }

ps_label() { # keep the SELinux label that the place asks for
    if command -v selinuxenabled >/dev/null && selinuxenabled; then
        chcon -t "$(matchpathcon -n "$1" | cut -d: -f3)" "$2" 2>/dev/null || :
    fi
}

ps_write() { # path mode expected content
    ps_expect "$1" "$3"
    ps_put "$1" "$2" "$4"
}

ps_create_shared() { # path
    # noclobber opens with O_EXCL: a file that appeared meanwhile is left alone
    (umask 022 && set -C && : >"$1") 2>/dev/null || [ -e "$1" ]
    if command -v restorecon >/dev/null; then restorecon "$1"; fi
}

ps_pid_alive() { [ -n "$1" ] && [ -d "/proc/$1" ]; }

ps_lock() { # path: the lock of shadow's own tools (lib/commonio.c: a file with a process ID, linked into place)
    rm -f "$1".podstead.*
    # without a newline: shadow takes over the lock of a dead process only if the file holds the number and no more
    # and never an empty one, which shadow waits for for ever: "set -e" is off where this is a part of "||"
    printf '%s' "$PS_PID" >"$1.podstead.$PS_PID" || {
        rm -f "$1.podstead.$PS_PID"
        return 1
    }
    ps_until=$(($(date +%s) + PS_LOCK_SECONDS))
    while ! ln "$1.podstead.$PS_PID" "$1.lock" 2>/dev/null; do
        ps_holder=$(tr -cd 0-9 <"$1.lock") 2>/dev/null || ps_holder=
        if [ -n "$ps_holder" ] && ! ps_pid_alive "$ps_holder"; then
            ps_take_over "$1.lock"
            continue
        fi
        if [ "$(date +%s)" -ge "$ps_until" ]; then
            rm -f "$1.podstead.$PS_PID"
            ps_say "podstead: locked $1.lock is held by process ${ps_holder:-unknown} $(cat "/proc/${ps_holder:-0}/comm" 2>/dev/null)"
            return 16
        fi
        ps_pause
    done
    rm -f "$1.podstead.$PS_PID"
}

ps_room() { # directory: whether a file can be written there; the reason is said
    rm -f "$1"/.podstead.??????
    ps_new=$(mktemp "$1/.podstead.XXXXXX") || return 1
    ps_rc=0
    head -c 4096 /dev/zero >"$ps_new" || ps_rc=1 # a program: dash's own printf does not say why it could not write
    rm -f "$ps_new"
    return $ps_rc
}

ps_take_over() { # lock: of a dead process, which shadow takes over as well
    # renamed before it is looked at once more: another tool may have taken it over since, and its lock must stand
    mv "$1" "$1.podstead.$PS_PID" 2>/dev/null || return 0
    ps_holder=$(tr -cd 0-9 <"$1.podstead.$PS_PID") || ps_holder=
    if ps_pid_alive "$ps_holder"; then ln "$1.podstead.$PS_PID" "$1" 2>/dev/null || :; fi
    rm -f "$1.podstead.$PS_PID"
}

ps_clear_lock() { # path: a lock of a process that is gone, such as a podstead that was killed
    ps_holder=$(tr -cd 0-9 <"$1.lock") 2>/dev/null || return 0
    if [ -n "$ps_holder" ] && ! ps_pid_alive "$ps_holder"; then ps_take_over "$1.lock"; fi
}

ps_rewrite() { # path content-in-base64: a file of shadow's, with a copy of the old one beside it as shadow makes it
    if [ -s "$1" ]; then
        ps_new=$(mktemp "${1%/*}/.podstead.XXXXXX") && cp -p "$1" "$ps_new" && mv -f "$ps_new" "$1-" || return 1
    fi
    ps_put "$1" 0644 "$2"
}

ps_shared() { # path expected: a regular file, as it was when podstead looked
    if [ -L "$1" ]; then
        ps_overtaken "$1 is a symbolic link"
        return
    fi
    ps_expect "$1" "$2"
}

ps_edit_shared() { # path expected content
    ps_room "${1%/*}"
    ps_lock "$1"
    ps_rc=0
    { ps_shared "$1" "$2" && ps_rewrite "$1" "$3"; } || ps_rc=$?
    rm -f "$1.lock"
    return $ps_rc
}

ps_pause() { sleep 0.2 2>/dev/null || sleep 1; } # between two looks at a condition; old sleeps take whole seconds

ps_grant() { # user "idle"|"any" uids gids path expected content path expected content
    # both locks are held from the look at the files to the last write: what is free at the look is free at the write
    ps_room "${5%/*}"
    ps_lock "$5"
    ps_rc=0
    ps_lock "$8" || ps_rc=$?
    if [ $ps_rc = 0 ]; then
        ps_write_grant "$@" || ps_rc=$?
        rm -f "$8.lock"
    fi
    rm -f "$5.lock"
    return $ps_rc
}

ps_write_grant() { # as ps_grant. No "set -e" here: each step says what comes next
    ps_shared "$5" "$6" && ps_shared "$8" "$9" &&
        ps_unused passwd "$3" && ps_unused group "$4" &&
        { [ "$2" = any ] || ps_idle "$1"; } || return
    ps_given=$8
    ps_rewrite "$5" "$7" || return
    shift 9
    ps_rewrite "$ps_given" "$1"
}

ps_unused() { # database "FIRST LAST ...": no account or group has got an ID of these ranges since
    ps_found=$({ getent "$1" || cat "/etc/$1"; } | awk -F: -v r="$2" 'BEGIN { n = split(r, a, " ") }
        $3 ~ /^[0-9]+$/ { for (i = 1; i < n; i += 2) if ($3 + 0 >= a[i] + 0 && $3 + 0 <= a[i + 1] + 0) { print $1, $3; exit } }')
    [ -z "$ps_found" ] && return 0
    ps_overtaken "${ps_found% *} ($1) has ID ${ps_found#* }, which was free when podstead looked"
}

ps_idle() { # user: usermod(8) takes no ranges away from a user who has processes either
    ps_id=$(id -u "$1") || return 1
    for ps_d in /proc/[0-9]*; do
        [ "$(stat -c %u "$ps_d" 2>/dev/null)" = "$ps_id" ] || continue
        ps_say "podstead: user $1 is currently used by process ${ps_d#/proc/} ($(cat "$ps_d/comm" 2>/dev/null))"
        return 8
    done
}

ps_sysctl() { # path value
    printf '%s\n' "$2" >"/proc/sys/$1"
}

ps_install() { # manager package...
    case " $PS_MANAGERS " in
        *" $1 "*) ;;
        *)
            ps_say "podstead: no package manager"
            return 1
            ;;
    esac
    ps_m=$1
    shift
    # 1 is the log of a change; of a pipe there is no last line to be had
    if [ "${PS_TELL-}" = yes ] && [ -f /proc/self/fd/1 ]; then
        # shellcheck disable=SC2016 # of the shell that is asked: $$ would be the first shell's number
        ps_tell "$(exec sh -c 'echo "$PPID"')" &
        ps_teller=$!
        trap 'kill $ps_teller 2>/dev/null' EXIT
    fi
    # a service that a package starts must not hold 5, which is read to its end
    "ps_install_$ps_m" "$@" 5>&-
}

ps_package() { # a log of any package manager on standard input: its last line that names a package, and no complaint of a script
    sed -n -E -e 's/^Get:[0-9]+ [^ ]+ [^ ]+ [^ ]+ ([a-z0-9][^ ]*) .*/Downloading \1/p' \
        -e '/^(Unpacking|Setting up|Processing triggers for) /p' \
        -e 's/^\([0-9]+\/[0-9]+\): ([^ ]+\.rpm) .*/Downloading \1/p' \
        -e 's/^ *[[(] *[0-9]+\/[0-9]+[])] +((Download|Retriev|Install|Upgrad|Updat|Reinstall)ing):? +/\1 /p' \
        -e 's/^ *((Retriev|Install|Upgrad|Updat|Reinstall)ing|Running scriptlet) *: +/\1 /p' \
        -e 's/^ *(\( *[0-9]+\/[0-9]+\) +)?((download|install|upgrad|reinstall)ing) +/\2 /p' \
        -e 's/^ *([a-z0-9][^ ]*) downloading\.\.\.$/downloading \1/p' | tail -n 1
}

ps_tell() { # process: as long as it lives, what the log of this change is at, at once, on 5. No pipe: what a service holds open is not waited for
    trap '' PIPE # whoever has stopped reading does not end an installation
    ps_told=
    while [ -n "$1" ] && [ -d "/proc/$1" ]; do
        ps_last=$(tail -c 4000 /proc/self/fd/6 | ps_package)
        if [ -n "$ps_last" ] && [ "$ps_last" != "$ps_told" ]; then
            printf '@@podstead doing %.100s\n' "$ps_last" >&5
            ps_told=$ps_last
        fi
        sleep 1 5>&-
    done
} 6>&1 2>/dev/null

ps_change() { # id function function...: run one change unless one of the others failed; keep what it says, tell how it ended
    ps_id=$1
    ps_do=$2
    shift 2
    for ps_needed; do
        case " $ps_failed " in *" $ps_needed "*)
            ps_failed="$ps_failed $ps_do"
            return 0
            ;;
        esac
    done
    ps_log=$(mktemp "$PS_RUN/log.XXXXXX") || ps_log=$(mktemp) || ps_log=/dev/null
    # open, and gone from its folder at once: a run that is killed leaves no log behind
    exec 7>"$ps_log"
    [ "$ps_log" = /dev/null ] || rm -f "$ps_log"
    # never in a "||" or "&&": that would switch "set -e" off inside. What a change starts must not keep the lock (9).
    (
        set -e
        case $ps_id in packages:install:*) ;; *) exec 5>&- ;; esac
        "$ps_do"
    ) >&7 2>&1 </dev/null 9>&- 7>&-
    ps_status=$?
    ps_record change "$ps_id"
    printf '%s\n' "$ps_status"
    ps_record log "$ps_id"
    tail -c 20000 /proc/self/fd/7
    exec 7>&-
    [ $ps_status = 0 ] || ps_failed="$ps_failed $ps_do"
}

ps_failed=
PS_PID=$$
PS_RUN=/run/podstead
: "${PS_LOCK_SECONDS:=15}" "${PS_SERIAL_SECONDS:=600}"

ps_serial() { # two podsteads on one host take turns, in a folder that only root can enter: a lock is anybody's who can open it
    umask 077
    mkdir -p $PS_RUN && chmod 0700 $PS_RUN && chown 0:0 $PS_RUN || return 1
    rm -f /run/podstead.lock # of podstead 0.1, which everybody could open
    if command -v flock >/dev/null; then
        exec 9>>$PS_RUN/lock
        ps_until=$(($(date +%s) + PS_SERIAL_SECONDS))
        until flock -n 9; do # busybox's has no -w
            if [ "$(date +%s)" -ge "$ps_until" ]; then
                ps_holder=$(tr -cd 0-9 <$PS_RUN/holder)
                ps_say "podstead: another podstead is running on this host: process ${ps_holder:-unknown} $(ps_since "$ps_holder"); nothing was changed"
                return 1
            fi
            ps_pause
        done
        printf '%s\n' $$ >$PS_RUN/holder
        rm -f $PS_RUN/log.?????? # of a run that was killed
    else
        PS_LOCK_SECONDS=$PS_SERIAL_SECONDS ps_lock $PS_RUN/run || return 1
        trap 'rm -f $PS_RUN/run.lock' EXIT
    fi
}

ps_since() { # pid: since when it runs
    if [ -n "$1" ] && [ -d "/proc/$1" ]; then echo "since $(date -d "@$(stat -c %Y "/proc/$1")" '+%F %T' 2>/dev/null)"; else echo "which is gone"; fi
}

ps_apply_and_look() {
    ps_changes
    # programs started by a look, which may be a user's, must keep neither the lock nor what is read to its end
    ps_observe 9>&- 5>&-
}
