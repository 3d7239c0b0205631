# shellcheck shell=sh
# A process that is root of a new namespace with this user's whole ID map. It enters the namespace that another one has
# made: Ubuntu's AppArmor takes all capabilities from the one that makes it.
# shellcheck disable=SC2015,SC2034,SC2086,SC2154 # the end is for the failure of either; p is used behind this; PS_UIDMAP and PS_GIDMAP are words that are set before
LC_ALL=C; export LC_ALL
mapped() { # folder script argument [setsid]
  unshare -U sleep 30 &
  c=$!
  n=0; while [ "$(readlink /proc/$c/ns/user)" = "$(readlink /proc/self/ns/user)" ] && kill -0 $c && [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done
  newuidmap $c $PS_UIDMAP && newgidmap $c $PS_GIDMAP || { kill -9 $c; return 1; }
  $4 nsenter -t $c -U -S 0 -G 0 -- sh -c "$2" sh "$1" "$3" &
  p=$!
}
