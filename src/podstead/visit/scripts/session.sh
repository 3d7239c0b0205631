# shellcheck shell=sh
# Running a command as a user, in that user's real session, within limits that root holds. Needs root, or to be the user.
# holds: PS_HOLD_LIMITS=inner/limits.sh

ps_has_setpriv() { setpriv --help 2>&1 | grep -q -e --reuid; } # busybox's cannot change the user

ps_pack() { if command -v base64 >/dev/null; then echo base64 && base64; else echo hex && od -An -v -tx1; fi; }

ps_within() { # seconds bytes command [argument...]: its standard output, cut at so many bytes; 124 where time ran out
    # The command itself is never waited for: nobody can kill a process that a hung file system holds (fs/fuse/dev.c
    # waits out a request that its server has taken).
    command -v setsid >/dev/null || return 127
    { ps_ended=$(exec setsid sh -c "$PS_HOLD_LIMITS" sh "$@" 2>/dev/null) || :; } 3>&1 2>/dev/null
    case $ps_ended in
    [0-9]*end) return "${ps_ended%%[!0-9]*}" ;; # without a number it was killed before it could tell
    *) return 124 ;;
    esac
}

PS_ME=$(id -u)
PS_KNOWN= # whoever calls often looks the user up once (ps_know)

ps_know() { # user: sets UID and home
    ps_uid=$(id -u "$1") || return 1
    ps_home=$(getent passwd "$1" | cut -d: -f6)
}

ps_has_run() { # UID. Only the name is looked at: what it stands for may be a file system that hangs
    for ps_runtime in /run/user/*; do [ "$ps_runtime" != "/run/user/$1" ] || return 0; done
    return 1
}

ps_as_user() { # seconds bytes user command [argument...]: as ps_within
    ps_s=$1
    ps_b=$2
    ps_u=$3
    shift 3
    if [ "$PS_KNOWN" != "$ps_u" ]; then
        PS_KNOWN=
        ps_know "$ps_u" || return 1
    fi
    # env -i: nothing of root's environment may leak (XDG_RUNTIME_DIR, HOME and USER of root break Podman)
    set -- "HOME=$ps_home" "USER=$ps_u" "LOGNAME=$ps_u" "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin" \
        LC_ALL=C "$@"
    if ps_has_run "$ps_uid"; then
        set -- "XDG_RUNTIME_DIR=$ps_runtime" "DBUS_SESSION_BUS_ADDRESS=unix:path=$ps_runtime/bus" "$@"
    fi
    cd / || return 1 # the user may not enter the directory that root stands in
    if [ "$PS_ME" = "$ps_uid" ]; then
        ps_within "$ps_s" "$ps_b" env -i "$@"
    elif [ -e /etc/pam.d/runuser ] && command -v runuser >/dev/null 2>&1; then
        ps_within "$ps_s" "$ps_b" runuser -u "$ps_u" -- env -i "$@"
    elif ps_has_setpriv; then # a root without PAM's files: a container, a chroot
        ps_within "$ps_s" "$ps_b" setpriv --reuid "$ps_u" --regid "$(id -g "$ps_u")" --init-groups env -i "$@"
    elif command -v runuser >/dev/null 2>&1; then
        ps_within "$ps_s" "$ps_b" runuser -u "$ps_u" -- env -i "$@"
    else
        # shellcheck disable=SC2016 # the words of the inner shell
        ps_within "$ps_s" "$ps_b" su -s /bin/sh "$ps_u" -c 'exec env -i "$@"' -- sh "$@"
    fi
}

PS_FOLDER= # none until then, whatever the environment of a su has

ps_folder() { # sets PS_FOLDER: a folder for this run alone, which is gone when this shell ends, however it ends
    ps_base=/run
    # a su may leave root the TMPDIR of a user
    if [ "$PS_ME" != 0 ]; then ps_base=${TMPDIR:-/tmp}; elif [ ! -w /run ]; then ps_base=/tmp; fi
    # what runs have left that were killed with SIGKILL
    if [ "$ps_base" = /run ]; then # where only root may write
        for ps_old in /run/podstead-run.*.??????; do
            ps_pid=${ps_old#/run/podstead-run.}
            case ${ps_pid%.*} in *[!0-9]*) continue ;; esac
            [ -d "/proc/${ps_pid%.*}" ] || rm -rf "$ps_old"
        done
    else # where others, other hosts and other PID namespaces may: one's own of a day ago, longer than any run takes
        find "$ps_base"/podstead-run.*.?????? -prune -type d -user "$PS_ME" -mmin +1440 -exec rm -rf {} + 2>/dev/null
    fi
    # shellcheck disable=SC2016 # of the shell that is asked: $$ would be the first shell's number in every other one
    ps_pid=$(exec sh -c 'echo "$PPID"') # not within the next line: it would be the number of a shell that is gone after it
    # busybox's test calls a read-only file system writable for root
    PS_FOLDER=$(mktemp -d "$ps_base/podstead-run.$ps_pid.XXXXXX" 2>/dev/null || mktemp -d "/tmp/podstead-run.$ps_pid.XXXXXX") || return 1
    ps_workers=
    # dash runs no EXIT trap when a signal ends it
    trap 'rm -rf "$PS_FOLDER"' EXIT
    # shellcheck disable=SC2086 # numbers of processes
    trap 'trap "" HUP INT TERM; kill $ps_workers; exit 143' HUP INT TERM
}
