# shellcheck shell=sh
# Isolation between two users, in three short scripts: one user's container ID 5 owns a secret file and a process
# (PS_HOLD), the other user tries to reach both (PS_REACH), as root of a namespace and as the very ID that the process
# has in it, if it has one; and the first clears up (PS_DROP). The process must outlive its script, whose group root ends.
# shellcheck disable=SC2016,SC2034 # expanded by inner shells; used by probe.sh

# A process that is root of a new namespace with this user's whole ID map. It enters the namespace that another one has
# made: Ubuntu's AppArmor takes all capabilities from the one that makes it.
PS_MAPPED='LC_ALL=C; export LC_ALL
mapped() { # folder script argument [setsid]
  unshare -U sleep 30 &
  c=$!
  n=0; while [ "$(readlink /proc/$c/ns/user)" = "$(readlink /proc/self/ns/user)" ] && kill -0 $c && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done
  newuidmap $c $PS_UIDMAP && newgidmap $c $PS_GIDMAP || { kill -9 $c; return 1; }
  $4 nsenter -t $c -U -S 0 -G 0 -- sh -c "$2" sh "$1" "$3" &
  p=$!
}'

PS_HOLD="$PS_MAPPED"'
cd /
t=$(mktemp -d /tmp/podstead.XXXXXX) && chmod 0755 "$t" || exit 1
mapped "$t" '\''umask 077; echo secret >"$1/secret" && chown 5:5 "$1/secret" && cat "$1/secret" >"$1/own"
exec setpriv --reuid 5 --regid 5 --clear-groups sleep 30'\'' "" setsid >/dev/null 2>&1 || { rm -rf "$t"; exit 1; }
n=0; while [ ! -s "$t/own" ] && kill -0 $p 2>/dev/null && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done
kill -9 $c
[ -s "$t/own" ] || { kill -9 $p; rm -rf "$t"; exit 1; }
n=0; while [ "$(cat /proc/$p/comm)" != sleep ] && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done
printf "%s %s\n" "$p" "$t"'

PS_REACH="$PS_MAPPED"'
cd /
reach() { if cat "$ps_folder/secret"; then echo "$1 read"; else echo "$1 no-read"; fi; if kill -0 "$ps_pid"; then echo "$1 signal"; else echo "$1 no-signal"; fi; }
{ reach user
t=$(mktemp -d /tmp/podstead.XXXXXX) || exit 1
mapped "$t" '\''if cat "${2#* }/secret"; then echo root read; else echo root no-read; fi
u=$(stat -c %u "/proc/${2%% *}")
if kill -0 "${2%% *}" || { [ "${u:-65534}" != 65534 ] && setpriv --reuid "$u" --clear-groups sh -c "kill -0 ${2%% *}"; }
then echo root signal; else echo root no-signal; fi'\'' "$ps_pid $ps_folder" && { wait $p; kill -9 $c; }
rm -rf "$t"; } 2>/dev/null'

PS_DROP='case $(cat "/proc/$ps_pid/comm" 2>/dev/null) in sleep) kill -9 "$ps_pid" ;; esac
rm -rf "$ps_folder"'
