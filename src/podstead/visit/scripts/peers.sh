# shellcheck shell=sh
# Isolation between two users, in three short scripts: one user's container ID 5 owns a secret file and a process
# (PS_HOLD), the other user tries to reach both (PS_REACH), as root of a namespace and as the very ID that the process
# has in it, if it has one; and the first clears up (PS_DROP). The process must outlive its script, whose group root ends.
# The first user can put anything in the place of either, to make the other fail or pass, or to have files of the other's
# opened. So root looks at both before and after, and opens none (PS_SEE); the other stands in the folder that root has
# seen before anything is tried, and what is read goes nowhere.
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
t=/tmp/podstead.h$(printf %s "$PS_NONCE" | cut -c1-8)
mkdir -m 0755 "$t" || exit 1
exec 9<"$t"
{ cat /proc/sys/kernel/random/boot_id; readlink /proc/self/ns/pid; } >"$t/mark"
mapped "$t" '\''umask 077; echo secret >"$1/secret" && chown 5:5 "$1/secret" && cat "$1/secret" >"$1/own"
exec setpriv --reuid 5 --regid 5 --clear-groups sleep 60'\'' "" setsid >/dev/null 2>&1 || { rm -rf "$t"; exit 1; }
n=0; while [ ! -s "$t/own" ] && kill -0 $p 2>/dev/null && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done
kill -9 $c
[ -s "$t/own" ] || { kill -9 $p; rm -rf "$t"; exit 1; }
n=0; while [ "$(cat /proc/$p/comm)" != sleep ] && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done
echo "$p"'

# Arguments: folder, process ID, UID of its owner, UID on the host of container ID 5. Prints what no user can set back
# after a change (times of the last change of an inode, the start of a process), or nothing where anything is wrong.
PS_SEE='[ "$(stat -c "%F %u %a" "$1")" = "directory $3 755" ] || exit 1
[ "$(stat -c "%F %u %a" "$1/secret")" = "regular file $4 600" ] || exit 1
[ "$(stat -c %d "$1")" = "$(stat -c %d /tmp)" ] || exit 1
! grep -qF " $1" /proc/self/mounts || exit 1
[ "$(stat -c %u "/proc/$2")" = "$4" ] || exit 1
! sed "s/.*) //" "/proc/$2/stat" | grep -q "^[ZX]" || exit 1
echo $(stat -c %d:%i "$1" "$1/secret")
stat -c %z "$1" "$1/secret"
sed "s/.*) //" "/proc/$2/stat" | cut -d" " -f20'

PS_REACH="$PS_MAPPED"'
cd "$ps_folder" && [ "$(echo $(stat -c %d:%i . ./secret))" = "$ps_same" ] || exit 1
{ if [ -f ./secret ] && [ ! -L ./secret ] && cat ./secret >/dev/null; then echo user read; else echo user no-read; fi
if kill -0 "$ps_pid"; then echo user signal; else echo user no-signal; fi
mapped "" '\''if [ -f ./secret ] && [ ! -L ./secret ] && cat ./secret >/dev/null; then echo root read; else echo root no-read; fi
u=$(stat -c %u "/proc/$2")
if kill -0 "$2" || { [ "${u:-65534}" != 65534 ] && setpriv --reuid "$u" --clear-groups sh -c "kill -0 $2"; }
then echo root signal; else echo root no-signal; fi'\'' "$ps_pid" && { wait $p; kill -9 $c; }; } 2>/dev/null'

PS_DROP='case $(cat "/proc/$ps_pid/comm" 2>/dev/null) in sleep) kill -9 "$ps_pid" ;; esac
rm -rf "$ps_folder"'
