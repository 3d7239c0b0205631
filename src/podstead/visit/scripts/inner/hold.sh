# shellcheck shell=sh
# needs: inner/mapped.sh
# Of two users between whom isolation is tried, the first: makes a secret file and a process that container ID 5 owns, and
# prints the ID of the process. The process must outlive this script, whose group root ends.
# shellcheck disable=SC2016,SC2154 # expanded by the inner shell; PS_NONCE is set before, c and p by mapped
cd /
t=/tmp/podstead.h$(printf %s "$PS_NONCE" | cut -c1-8)
mkdir -m 0755 "$t" || exit 1
exec 9<"$t"
{ cat /proc/sys/kernel/random/boot_id; readlink /proc/self/ns/pid; } >"$t/mark"
mapped "$t" 'umask 077; echo secret >"$1/secret" && chown 5:5 "$1/secret" && cat "$1/secret" >"$1/own"
exec setpriv --reuid 5 --regid 5 --clear-groups sleep 60' "" setsid >/dev/null 2>&1 || { rm -rf "$t"; exit 1; }
n=0; while [ ! -s "$t/own" ] && kill -0 "$p" 2>/dev/null && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done
kill -9 "$c"
[ -s "$t/own" ] || { kill -9 "$p"; rm -rf "$t"; exit 1; }
n=0; while [ "$(cat /proc/"$p"/comm)" != sleep ] && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done
echo "$p"
