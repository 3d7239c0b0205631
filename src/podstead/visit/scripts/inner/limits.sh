# shellcheck shell=sh
# What holds the limits of ps_within: the first process of a group of its own, with the command in it. It prints how the command
# ended, then "end", and ends the group; so does its watch, when time is up or the caller is gone (also by SIGKILL).
# The command has nothing of root's open but the pipe of its output. No process waits for the end of that pipe for
# longer: other processes of the user can keep it open, and write to it (pidfd_getfd(2)).
# $1 seconds, $2 bytes, then the command
s=$1 b=$2
shift 2
{ while [ "$s" -gt 0 ] && kill -0 "$PPID"; do sleep 1; s=$((s - 1)); done; kill -KILL 0; } >/dev/null 2>&1 3>&- &
{ { "$@" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; echo "$?" >&5; } 2>/dev/null | head -c "$b" >&3 2>/dev/null; } 5>&1
echo end
kill -KILL 0
