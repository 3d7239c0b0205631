# shellcheck shell=sh
# Root looks at what hold.sh has made, before and after, and opens none of it: the user can put anything in the place of either.
# $1 folder, $2 process ID, $3 UID of its owner, $4 UID on the host of container ID 5. Prints what no user can set back after a
# change (times of the last change of an inode, the start of a process), or nothing where anything is wrong.
# shellcheck disable=SC2005,SC2046 # on one line
[ "$(stat -c "%F %u %a" "$1")" = "directory $3 755" ] || exit 1
[ "$(stat -c "%F %u %a" "$1/secret")" = "regular file $4 600" ] || exit 1
[ "$(stat -c %d "$1")" = "$(stat -c %d /tmp)" ] || exit 1
! grep -qF " $1" /proc/self/mounts || exit 1
[ "$(stat -c %u "/proc/$2")" = "$4" ] || exit 1
! sed "s/.*) //" "/proc/$2/stat" | grep -q "^[ZX]" || exit 1
echo $(stat -c %d:%i "$1" "$1/secret")
stat -c %z "$1" "$1/secret"
sed "s/.*) //" "/proc/$2/stat" | cut -d" " -f20
