# shellcheck shell=sh
# Starts the user's own Podman as root of a user namespace, with folders laid over all that it would write in.
# $1 $2 folders of the probe, $3 runtime folder to cover or nothing, $4 yes: cover /tmp, $5 yes: cover folders at all, $6 name
# for trials, $7 the storage, then other folders that Podman would write in. PS_UID and PS_GID are in the environment.
# What it makes outside is noted at 6 before it is made. 3 takes what podman info prints, 5 how each command ended, 4, 7 and 8
# what each said, and 9 the names of files that are too large for a copy, as they are there or as empty ones.
# shellcheck disable=SC2154 # PS_UID, PS_GID
T=$1 R=$2 X=$3 tmp=$4 cover=$5 w=$6 store=$7
shift 7
over() { mount --rbind "$1" "$2" || exit 70; }
writable() { echo "$1/$w" >&6; mkdir "$1/$w" && rmdir "$1/$w"; }
take() { # from to: a copy only of what may be written to, which is opened and no more; no name is used, or it might be made
  if ! (: >>/proc/self/fd/3) 3<"$1"; then :; elif [ "$(wc -c <"$1")" -ge 67108864 ]; then
    : >"$2"
    if mount --bind "$1" "$2" && mount -o remount,bind,ro "$2"; then echo "bound $1" >&9; else umount "$2"; echo "left $1" >&9; fi
    return
  elif cp -p "$1" "$2"; then return
  fi
  : >"$2"
  over "$1" "$2"
}
copy() { # from to: what Podman reads when it starts; what it may not write in is there itself
  for e in "$1"/* "$1"/.[!.]*; do
    b=${e##*/}
    case $b in .podstead.*) continue ;; esac
    if [ -L "$e" ]; then cp -P "$e" "$2/$b"
    elif [ -d "$e" ]; then
      mkdir "$2/$b"
      if ! writable "$e"; then over "$e" "$2/$b"; continue; fi
      for f in "$e"/* "$e"/.[!.]*; do
        case $f in *.gz) continue ;; esac
        if [ ! -f "$f" ] || [ -L "$f" ]; then continue; fi
        take "$f" "$2/$b/${f##*/}"
      done
    elif [ -f "$e" ]; then take "$e" "$2/$b"
    fi
  done
}
if [ "$cover" = yes ]; then
  n=0
  for g in "$@" "$store"; do
    kept=$g
    case $g/ in "${X:-/nonexistent}"/*) continue ;; /tmp/*) [ "$tmp" != yes ] || continue ;; esac
    d=$g
    while [ -n "$d" ] && [ ! -e "$d" ]; do
      echo "$d" >&6
      case $d in */*) d=${d%/*} ;; *) d= ;; esac
    done
    mkdir -p "$g"
    g=$(cd -P "$g" && pwd) || continue
    a=no
    if writable "$g"; then a=yes; else for e in "$g"/*/; do if writable "${e%/}"; then a=yes; break; fi; done; fi
    [ $a = yes ] || continue
    n=$((n + 1))
    mkdir -p "$T/own/$n" || exit 70
    if [ "$kept" = "$store" ] || [ -e "$g/bolt_state.db" ]; then copy "$g" "$T/own/$n"; fi
    over "$T/own/$n" "$g"
  done
  l=$(echo /dev/shm/libpod_rootless_lock_*)
  mkdir -p "$T/shm" || :
  for f in $l; do if [ -f "$f" ] && [ -r "$f" ]; then take "$f" "$T/shm/${f##*/}"; fi; done
  if [ -d /dev/shm ]; then
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm || exit 70
    for f in "$T/shm"/*; do if [ -f "$f" ]; then take "$f" "/dev/shm/${f##*/}"; fi; done
  fi
  if [ "$tmp" = yes ]; then mount -t tmpfs -o mode=1777 tmpfs /tmp || exit 70; fi
fi 2>/dev/null
if [ "$cover" = yes ] && [ -n "$X" ]; then
  mkdir -p "$T/session" || exit 70
  mount -t tmpfs -o mode=0700 tmpfs "$T/session" || exit 70
  for e in "$X"/*; do
    b=${e##*/}
    case $b in containers | libpod | crun | podstead.*) continue ;; esac
    if [ -L "$e" ]; then cp -P "$e" "$T/session/$b"
    elif [ -d "$e" ]; then mkdir "$T/session/$b" && mount --rbind "$e" "$T/session/$b"
    elif [ -e "$e" ]; then : >"$T/session/$b" && mount --bind "$e" "$T/session/$b"
    fi
  done
  mount --rbind "$T/session" "$X" || exit 70
fi 2>/dev/null
cd "$HOME" 2>/dev/null || cd /
_CONTAINERS_USERNS_CONFIGURED="done" _CONTAINERS_ROOTLESS_UID=$PS_UID _CONTAINERS_ROOTLESS_GID=$PS_GID
export _CONTAINERS_USERNS_CONFIGURED _CONTAINERS_ROOTLESS_UID _CONTAINERS_ROOTLESS_GID
limit=
if command -v timeout >/dev/null; then limit="timeout -k 2 25"; fi
# which packages its programs are from costs podman info a dozen processes, and is of no interest here
for f in /usr/bin/dpkg /usr/bin/rpm /usr/bin/pacman; do [ ! -f $f ] || mount --bind /usr/bin/false $f; done 2>/dev/null
$limit podman info --format json >&3 2>&4 </dev/null
echo "start $?" >&5
$limit podman ps -a -q >/dev/null 2>&7 </dev/null
echo "list $?" >&5
# the policy is read before anything is pulled; what else a pull writes goes to a storage of its own
mkdir -p "$T/pull" "$R"
$limit podman --root "$T/pull" --runroot "$R/p" --tmpdir "$R/q" --storage-driver vfs pull -q dir:/nonexistent >/dev/null 2>&8 </dev/null
echo "policy $?" >&5
