# shellcheck shell=sh
# Looks at a host and prints what it finds; decides nothing and changes nothing. POSIX sh: dash, busybox ash, bash.
# Set before this text by podstead.script, quoted: PS_NONCE, PS_USERS, PS_SYSCTLS, PS_PACKAGES, PS_FILES.
# frame.sh and facts.sh stand before it.
# shellcheck disable=SC2086 # PS_USERS, PS_SYSCTLS, PS_PACKAGES and PS_FILES are lists of names that hold no blanks

ps_file() {
    [ -f "$1" ] || return 0
    if [ -r "$1" ]; then
        ps_record file "$1"
        cat "$1"
    else
        ps_record unreadable "$1"
    fi
}

ps_packages() {
    if command -v dpkg-query >/dev/null; then
        ps_record packages apt
        # a tab between the fields; db:Status-Status is "installed" only for a finished installation
        dpkg-query -W -f='${Package}\t${Version}\t${db:Status-Status}\n' $PS_PACKAGES
        if ! command -v podman >/dev/null && command -v apt-cache >/dev/null; then
            ps_record candidate
            apt-cache policy podman
        fi
    elif command -v apk >/dev/null; then
        ps_record packages apk
        for p in $PS_PACKAGES; do
            v=$(apk info -e -v "$p") && [ -n "$v" ] && printf '%s\t%s\tinstalled\n' "$p" "${v#"$p"-}"
        done
    elif command -v pacman >/dev/null; then
        ps_record packages pacman
        pacman -Q $PS_PACKAGES | while read -r p v; do printf '%s\t%s\tinstalled\n' "$p" "$v"; done
    elif command -v rpm >/dev/null; then
        m=dnf
        command -v dnf >/dev/null || m=yum
        command -v zypper >/dev/null && m=zypper
        ps_record packages "$m"
        rpm -q --qf '%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\tinstalled\n' $PS_PACKAGES
    else
        ps_record packages none
    fi
}

ps_lock_segments() { # of every account: the drop-in of engine settings is everybody's
    ps_record lock-segments
    { echo /dev/shm/libpod_lock && getent passwd | awk -F: '$3 ~ /^[0-9]+$/ { print "/dev/shm/libpod_rootless_lock_" $3 }'; } |
        sort -u | xargs stat -c '%s %u %n'
}

ps_tools() {
    ps_record tools
    for b in podman newuidmap newgidmap usermod useradd getsubids crun runc conmon pasta slirp4netns fuse-overlayfs \
        nft iptables catatonit loginctl systemctl systemd-run; do
        p=$(command -v $b) && printf '%s %s\n' "$b" "$p"
    done
    for b in newuidmap newgidmap; do
        p=$(command -v $b) || continue
        # only a helper without the setuid bit needs a look at its file capabilities
        [ -u "$p" ] || { command -v getcap >/dev/null && printf 'cap.%s %s\n' "$b" "$(getcap "$p")"; }
    done
}

ps_pause_process() { # user runtime-directory uid
    # without a runtime directory Podman has made one of its own, where anybody else could have made it, too
    for f in "$2/libpod/tmp/pause.pid" "$2/libpod/pause.pid" "/tmp/podman-run-$3/libpod/tmp/pause.pid" \
        "/tmp/storage-run-$3/libpod/tmp/pause.pid"; do
        [ "$(stat -c %u "${f%/libpod/*}")" = "$3" ] || continue
        [ -f "$f" ] || continue # root must not wait at a pipe that the user put there
        read -r pid <"$f" || [ -n "$pid" ] || continue
        case $pid in '' | *[!0-9]*) continue ;; esac
        [ -r "/proc/$pid/uid_map" ] || continue
        ps_record pause "$1"
        cat "/proc/$pid/comm"
        ps_record pause-uid "$1"
        cat "/proc/$pid/uid_map"
        ps_record pause-gid "$1"
        cat "/proc/$pid/gid_map"
        # conmon is the monitor of one running container, catatonit/podman are not
        n=0
        for d in /proc/[0-9]*; do
            c=
            read -r c <"$d/comm" || continue
            [ "$c" = conmon ] && [ "$(stat -c %u "$d")" = "$3" ] && n=$((n + 1))
        done
        ps_record running "$1"
        printf '%s\n' "$n"
        return 0
    done
}

ps_passwd() { # names on standard input: their entries
    if getent --version >/dev/null; then
        tr '\n' '\0' | xargs -0 getent passwd --
    else # musl's takes no options, and stops at the first name that it does not know
        grep -v '^-' | while IFS= read -r n; do getent passwd "$n" || awk -F: -v n="$n" '$1 == n' /etc/passwd; done
    fi
}

ps_user_file() { # user path: the user decides how large it is, and whether it is a link to what only root may read
    if [ "$(id -u)" = 0 ]; then ps_as_user "$1" head -c 65536 "$2"; else head -c 65536 "$2"; fi
}

ps_user() { # name uid home
    r=/run/user/$2
    ps_record user "$1"
    printf '%s:%s\n' "$2" "$3"
    f=$3/.config/containers/storage.conf
    if [ -f "$f" ]; then
        ps_record file "$f"
        ps_user_file "$1" "$f"
    fi
    ps_record stat
    stat -c '%a:%u:%g:%F:%n' "$r" "$r/bus" "/var/lib/systemd/linger/$1" "$3" "$3/.local/share/containers/storage" \
        "$3/.local/share/containers/storage/db.sql" "$3/.local/share/containers/storage/libpod/bolt_state.db" \
        "$3/.local/share/containers/storage"/*-images
    ps_pause_process "$1" "$r" "$2"
    ps_record user-facts "$1"
    ps_user_facts "$1" "$2" "$3"
}

ps_observe() {
    ps_record id
    printf '%s %s\n' "$(id -u)" "$(id -un)"
    ps_record files
    grep -H '' /etc/os-release /usr/lib/os-release /proc/self/uid_map /proc/self/gid_map /proc/1/comm \
        /etc/nsswitch.conf /proc/sys/kernel/osrelease /proc/sys/kernel/threads-max /proc/self/status
    ps_record sysctl
    (cd /proc/sys && grep -H '' $PS_SYSCTLS)
    # opening tells a read-only file system, which busybox's test does not for root; others may not write anyway
    [ "$(id -u)" != 0 ] || for k in $PS_SYSCTLS; do
        [ ! -e "/proc/sys/$k" ] || (: >>"/proc/sys/$k") || printf '%s:read-only\n' "!$k"
    done
    ps_record sysctl-names
    for f in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf \
        /lib/sysctl.d/*.conf /etc/sysctl.conf; do
        [ -e "$f" ] && printf '%s\n' "$f"
    done
    [ -L /etc/sysctl.d/99-sysctl.conf ] && printf '!linked\n'
    [ -L /lib ] && printf '!merged\n'
    ps_record sysctl-lines
    grep -HnE '^[^#;]*=' /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf \
        /usr/lib/sysctl.d/*.conf /lib/sysctl.d/*.conf /etc/sysctl.conf
    ps_record login-defs
    grep -E '^[[:space:]]*(SUB_[UG]ID_(MIN|MAX|COUNT|DETERMINISTIC)|[UG]ID_(MIN|MAX))[[:space:]]' /etc/login.defs
    ps_record passwd
    getent passwd || cat /etc/passwd
    ps_record passwd-named
    [ -z "$PS_USERS" ] || printf '%s\n' $PS_USERS | ps_passwd
    ps_record passwd-owners
    # a directory may hide its accounts from a listing and still know the owners of ranges
    cut -d: -f1 /etc/subuid /etc/subgid | sort -u | head -n 2000 | ps_passwd
    ps_record group
    getent group || cat /etc/group
    for f in /etc/subuid /etc/subgid $PS_FILES /etc/containers/storage.conf /usr/share/containers/storage.conf; do
        ps_file "$f"
    done
    ps_record stat
    stat -c '%a:%u:%g:%F:%n' /etc/subuid /etc/subgid /etc/subuid.lock /etc/subgid.lock /run/systemd/system \
        /run/.containerenv /.dockerenv
    stat -L -c '%a:%u:%g:%F:%n' "$(command -v newuidmap)" "$(command -v newgidmap)"
    ps_tools
    ps_lock_segments
    ps_packages
    ps_facts
    if grep -qiE '^[[:space:]]*subid[[:space:]]*:' /etc/nsswitch.conf && command -v getsubids >/dev/null; then
        for u in $PS_USERS; do
            ps_record getsubids "$u"
            getsubids "$u"
            ps_record getsubgids "$u"
            getsubids -g "$u"
        done
    fi
    [ -z "$PS_USERS" ] || printf '%s\n' $PS_USERS | ps_passwd | while IFS=: read -r n _ i _ _ h _; do ps_user "$n" "$i" "$h"; done
    ps_record end
}
