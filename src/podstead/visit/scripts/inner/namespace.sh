# shellcheck shell=sh
# What is tried inside the user namespace that podman unshare makes.
# $1 folder, $2 $3 last container IDs, $4 runtime folder, $5 not empty: with podman info of storage that is new
echo --uid; cat /proc/self/uid_map; echo --gid; cat /proc/self/gid_map; echo --setgroups; cat /proc/self/setgroups
echo --chown
f=$1/owned; : >"$f" || exit 3
for o in 1:1 5:5 "$2:$3"; do chown "$o" "$f" 2>&1 && echo "chown $o ok"; done
chown "$(($2 + 1))" "$f" 2>&1 && echo "chown beyond-uid ok"
chown ":$(($3 + 1))" "$f" 2>&1 && echo "chown beyond-gid ok"
chown 5:5 "$f"
made=$?
echo --nested
unshare -U --map-root-user cat /proc/self/uid_map 2>&1
echo --extents
{ read -r m; read -r m m n; } </proc/self/uid_map; [ "${n:-99}" -lt 99 ] || n=99
for m in "0 0 1\n1 1 $n\n" "0 0 $((n + 1))\n"; do
  unshare -U sleep 20 >/dev/null 2>&1 & p=$!
  n=0; while [ "$(readlink "/proc/$p/ns/user")" = "$(readlink /proc/self/ns/user)" ] && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done
  if printf '%b' "$m" | cat >"/proc/$p/uid_map" 2>/dev/null; then echo ok; else echo refused; fi
  kill -9 $p 2>/dev/null; wait $p 2>/dev/null
done
echo --process
if setpriv --help 2>&1 | grep -q -e --reuid; then setpriv --reuid 5 --regid 7 --clear-groups sleep 20 >/dev/null 2>&1 & else
chroot --userspec=5:7 --groups= / sleep 20 >/dev/null 2>&1 & fi
p=$!
# it is still root's while it is on its way there
n=0; while [ "$(cat "/proc/$p/comm")" != sleep ] && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done 2>/dev/null
echo $p
[ -z "$5" ] || {
  TMPDIR=$1 podman --root "$1/i" --runroot "$4/i" --tmpdir "$4/j" info --format json >"$1/info" 2>"$1/info-said"
  echo $? >"$1/info-rc"
}
exit $made
