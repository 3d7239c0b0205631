# shellcheck shell=sh
# Steps of changes that are taken as a user, or wait for something of a user's.
# needs: record.sh session.sh

ps_user_step() { # user command [argument...]: one step of a change
    # both streams through one pipe: the log of the change is a file of root's
    # shellcheck disable=SC2016 # the words of the inner shell
    ps_as_user "$PS_STEP_SECONDS" 20000 "$1" sh -c 'shift; exec "$@" 2>&1' sh "$@" || {
        ps_rc=$?
        # the code is the user's own word: some codes mean something to podstead (ps_overtaken)
        [ $ps_rc = 124 ] || return 1
        echo "podstead: late as $1, this was not done within $PS_STEP_SECONDS s"
        return 124
    }
}

ps_wait_socket() { # path seconds: the folder is a user's, and may be a file system that hangs
    ps_rc=0
    # shellcheck disable=SC2016
    ps_within "$(($2 + 1))" 9 sh -c 'until [ -S "$1" ]; do
        [ "$2" -gt "$(date +%s)" ] || exit 1
        sleep 0.2 2>/dev/null || sleep 1
    done' sh "$1" "$(($(date +%s) + $2))" </dev/null || ps_rc=1
    [ $ps_rc = 0 ] || ps_say "podstead: no socket $1 after $2 seconds"
    return $ps_rc
}

: "${PS_STEP_SECONDS:=120}"
