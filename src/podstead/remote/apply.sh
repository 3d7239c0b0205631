# shellcheck shell=sh
# Makes changes; each is a function call list written by podstead.script. POSIX sh: dash, busybox ash, bash.
# Set before this text: PS_NONCE. Every change runs in a subshell with "set -e"; the first failure ends the run.

ps_say() { printf '%s\n' "$*" >&2; }

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
    ps_say "podstead: changed-since $1 was changed by somebody else since podstead looked; run podstead again"
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
    printf '%s' "$PS_PID" >"$1.podstead.$PS_PID"
    ps_until=$(($(date +%s) + PS_LOCK_SECONDS))
    while ! ln "$1.podstead.$PS_PID" "$1.lock" 2>/dev/null; do
        ps_holder=$(tr -cd 0-9 <"$1.lock") 2>/dev/null || ps_holder=
        if [ -n "$ps_holder" ] && ! ps_pid_alive "$ps_holder"; then
            rm -f "$1.lock" # its owner is dead: shadow takes over such a lock as well
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

ps_edit_shared() { # path expected content
    ps_lock "$1"
    ps_rc=0
    { ps_expect "$1" "$2" && ps_put "$1" 0644 "$3"; } || ps_rc=$?
    rm -f "$1.lock"
    return $ps_rc
}

ps_pause() { sleep 0.2 2>/dev/null || sleep 1; } # between two looks at a condition; old sleeps take whole seconds

ps_room() { # directory: whether a file can be written there; the reason is said
    rm -f "$1"/.podstead.??????
    ps_new=$(mktemp "$1/.podstead.XXXXXX") || return 1
    ps_rc=0
    head -c 4096 /dev/zero >"$ps_new" || ps_rc=1 # a program: dash's own printf does not say why it could not write
    rm -f "$ps_new"
    return $ps_rc
}

ps_usermod() { # arguments: usermod, tried again while another tool holds a lock (exit 16, or 1 for passwd's lock)
    ps_until=$(($(date +%s) + PS_LOCK_SECONDS)) # a time and not a count: one try may itself wait 15 s (lckpwdf(3))
    while :; do
        ps_rc=0
        ps_out=$(usermod "$@" 2>&1) || ps_rc=$?
        [ "$ps_rc" = 0 ] && return 0
        case $ps_out in
            *'cannot lock'* | *'try again later'*) ;;
            *)
                ps_say "$ps_out"
                return "$ps_rc"
                ;;
        esac
        # usermod says "cannot lock" on a full or read-only file system, too
        ps_room /etc || return 1
        if [ "$(date +%s)" -ge "$ps_until" ]; then
            ps_say "podstead: locked $ps_out"
            for ps_l in /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/subuid /etc/subgid; do
                [ -e "$ps_l.lock" ] && ps_say "$ps_l.lock is held by process $(cat "$ps_l.lock")"
            done
            return 16
        fi
        ps_pause
    done
}

ps_grant() { # user expected-subuid expected-subgid usermod-arguments...
    ps_expect /etc/subuid "$2"
    ps_expect /etc/subgid "$3"
    ps_user=$1
    shift 3
    ps_usermod "$@" -- "$ps_user"
}

ps_sysctl() { # path value
    printf '%s\n' "$2" >"/proc/sys/$1"
}

ps_install() { # manager package...
    ps_m=$1
    shift
    case $ps_m in
        apt)
            export DEBIAN_FRONTEND=noninteractive
            # an installation that was killed half-way must be finished before apt-get does anything else
            if [ -n "$(dpkg --audit)" ]; then dpkg --force-confold --configure -a; fi
            set -- apt-get -q -y -o DPkg::Lock::Timeout="$PS_APT_WAIT" -o Dpkg::Options::=--force-confold \
                install --no-install-recommends -- "$@"
            "$@" && return 0
            ps_say "podstead: the package lists may be old; refreshing them"
            apt-get -q -o DPkg::Lock::Timeout="$PS_APT_WAIT" update
            "$@"
            ;;
        dnf | yum) "$ps_m" -y install -- "$@" ;;
        zypper) zypper --non-interactive install -- "$@" ;;
        # refreshing the databases alone would make it a partial upgrade, which Arch does not support
        pacman) pacman -S --noconfirm --needed -- "$@" ;;
        apk) apk add -- "$@" ;;
        *)
            ps_say "podstead: no package manager"
            return 1
            ;;
    esac
}

ps_change() { # id function: run one change, keep what it says, tell how it ended; nothing runs after a failure
    [ "$ps_failed" = 0 ] || return 0
    ps_log=$(mktemp /run/podstead.XXXXXX) || ps_log=$(mktemp) || ps_log=/dev/null
    # open, and gone from its folder at once: a run that is killed leaves no log behind
    exec 7>"$ps_log"
    [ "$ps_log" = /dev/null ] || rm -f "$ps_log"
    # never in a "||" or "&&": that would switch "set -e" off inside. What a change starts must not keep the lock (9).
    (
        set -e
        "$2"
    ) >&7 2>&1 </dev/null 9>&- 7>&-
    ps_status=$?
    ps_record change "$1"
    printf '%s\n' "$ps_status"
    ps_record log "$1"
    tail -c 20000 /proc/self/fd/7
    exec 7>&-
    ps_failed=$ps_status
}

ps_failed=0
PS_PID=$$
: "${PS_LOCK_SECONDS:=15}" "${PS_APT_WAIT:=120}"

ps_serial() { # two podsteads on one host take turns
    command -v flock >/dev/null && exec 9>/run/podstead.lock && flock -w 600 9 &&
        rm -f /run/podstead.?????? # logs of a run that was killed
    return 0
}

ps_apply_and_look() {
    ps_changes
    # programs started by a look must not keep the lock
    ps_observe 9>&-
}
