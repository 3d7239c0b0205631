# shellcheck shell=sh
# Running a command as a user, in that user's real session. Shared by apply and probe. Needs root, or to be the user.

ps_has_setpriv() { setpriv --help 2>&1 | grep -q -e --reuid; } # busybox's cannot change the user

ps_as_user() { # user command [argument...]
    ps_u=$1
    shift
    ps_uid=$(id -u "$ps_u") || return 1
    ps_home=$(getent passwd "$ps_u" | cut -d: -f6)
    ps_run=/run/user/$ps_uid
    # env -i: nothing of root's environment may leak (XDG_RUNTIME_DIR, HOME and USER of root break Podman)
    set -- "HOME=$ps_home" "USER=$ps_u" "LOGNAME=$ps_u" "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin" \
        LC_ALL=C "$@"
    if [ -d "$ps_run" ]; then
        set -- "XDG_RUNTIME_DIR=$ps_run" "DBUS_SESSION_BUS_ADDRESS=unix:path=$ps_run/bus" "$@"
    fi
    cd / || return 1 # the user may not enter the directory that root stands in
    if [ "$(id -u)" = "$ps_uid" ]; then
        env -i "$@"
    elif command -v runuser >/dev/null 2>&1; then
        runuser -u "$ps_u" -- env -i "$@"
    elif ps_has_setpriv; then
        setpriv --reuid "$ps_u" --regid "$(id -g "$ps_u")" --init-groups env -i "$@"
    else
        su -s /bin/sh "$ps_u" -c 'exec env -i "$@"' -- sh "$@"
    fi
}
