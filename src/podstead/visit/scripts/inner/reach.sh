# shellcheck shell=sh
# needs: inner/mapped.sh
# The second user tries to reach both, as root of a namespace and as the very ID that the process has in it, if it has one. It
# stands in the folder that root has seen before anything is tried, and what is read goes nowhere.
# shellcheck disable=SC2005,SC2016,SC2046,SC2154 # expanded by the inner shell; on one line; ps_folder, ps_same and ps_pid are set before
cd "$ps_folder" && [ "$(echo $(stat -c %d:%i . ./secret))" = "$ps_same" ] || exit 1
{ if [ -f ./secret ] && [ ! -L ./secret ] && cat ./secret >/dev/null; then echo user read; else echo user no-read; fi
if kill -0 "$ps_pid"; then echo user signal; else echo user no-signal; fi
mapped "" 'if [ -f ./secret ] && [ ! -L ./secret ] && cat ./secret >/dev/null; then echo root read; else echo root no-read; fi
u=$(stat -c %u "/proc/$2")
if kill -0 "$2" || { [ "${u:-65534}" != 65534 ] && setpriv --reuid "$u" --clear-groups sh -c "kill -0 $2"; }
then echo root signal; else echo root no-signal; fi' "$ps_pid" && { wait "$p"; kill -9 "$c"; }; } 2>/dev/null
