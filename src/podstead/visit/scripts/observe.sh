# shellcheck shell=sh
# Looks at a host and prints what it finds; decides nothing and changes nothing. POSIX sh: dash, busybox ash, bash.
# Set before this text by podstead.visit.script, quoted: PS_NONCE, PS_USERS, PS_SYSCTLS, PS_MANAGERS, PS_PACKAGES, PS_FILES, and the
# functions of package managers that look (packages/); in the script that people carry away also PS_SCRIPT (what it is).
# needs: frame.sh record.sh facts.sh session.sh
# holds: PS_LOOK=observe_user.sh
# shellcheck disable=SC2086 # PS_USERS, PS_SYSCTLS and PS_FILES are lists of names that hold no blanks

ps_file() {
    [ -f "$1" ] || return 0
    if [ -r "$1" ]; then
        ps_record file "$1"
        cat "$1"
    else
        ps_record unreadable "$1"
    fi
}

# shadow opens neither file through a link, and what lies behind one may be a user's
ps_is_link() { [ -L "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; }

ps_packages() { # of the first package manager that the host has
    for m in $PS_MANAGERS; do
        "ps_has_$m" || continue
        ps_record packages "$m"
        "ps_query_$m"
        return
    done
    ps_record packages none
}

ps_lock_segments() { # of every account: the drop-in of engine settings is everybody's
    ps_record lock-segments
    # anybody may make a folder there and mount a file system of their own on it, which may hang
    { echo /dev/shm/libpod_lock && getent passwd | awk -F: '$3 ~ /^[0-9]+$/ { print "/dev/shm/libpod_rootless_lock_" $3 }'; } |
        sort -u | awk 'NR == FNR { mounted[$2] = 1; next } !($0 in mounted)' /proc/self/mounts - |
        ps_within 10 4000000 xargs stat -c '%s %u %n'
    ps_record storage-seen
    ps_within 10 4000 stat -c '%u %n' /var/lib/containers/storage/db.sql /var/lib/containers/storage/libpod/bolt_state.db
}

ps_engine_files() { # what holds beside podstead's own drop-in, where engine settings are asked about
    case " $PS_FILES " in *" /etc/containers/containers.conf "*) ;; *) return 0 ;; esac
    for f in /etc/containers/containers.conf.d/*.conf; do
        case " $PS_FILES " in *" $f "*) ;; *) ps_file "$f" ;; esac
    done
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

ps_names() { # the users' names, a line each; in some there is a backslash, which some shells take for part of a pattern
    (
        set -f
        [ -z "$PS_USERS" ] || printf '%s\n' $PS_USERS
    )
}

ps_passwd() { # names on standard input: their entries
    if getent --version >/dev/null; then
        tr '\n' '\0' | xargs -0 getent passwd --
    else # musl's takes no options, and stops at the first name that it does not know
        grep -v '^-' | while IFS= read -r n; do getent passwd "$n" || n=$n awk -F: '$1 == ENVIRON["n"]' /etc/passwd; done
    fi
}

ps_user() { # name uid home: what is root's own to say, then what is seen with the user's own rights
    ps_record user "$1"
    printf '%s:%s\n' "$2" "$3"
    ps_record stat
    # systemd writes names there as a string of C (src/login/logind-dbus.c)
    stat -c '%a:%u:%g:%F:%n' "/var/lib/systemd/linger/$(printf '%s\n' "$1" | sed 's/\\/\\\\/g')"
    ps_record look "$1"
    # packed, so that nothing in it can be a record; what stands behind it is root's word on how it ended
    {
        ps_look_as "$@" </dev/null
        ps_looked=$?
        printf '\n@@ended %s\n' "$ps_looked"
    } | { if [ -n "$PS_FOLDER" ]; then tee "$PS_FOLDER/look"; else cat; fi; } | ps_pack
    # nobody is proved who could not be looked at
    [ -z "$PS_FOLDER" ] || grep -aq '^@@[0-9a-f]\{32\} looked' "$PS_FOLDER/look" || printf '%s\n' "$1" >>"$PS_FOLDER/unseen"
}

ps_look_as() { # name uid home
    if [ "$PS_ME" = 0 ]; then
        ps_as_user "$PS_LOOK_SECONDS" 200000 "$1" sh -c "$PS_LOOK" sh "$@"
    else # with the rights that there are
        ps_within "$PS_LOOK_SECONDS" 200000 sh -c "$PS_LOOK" sh "$@"
    fi
}

ps_users() { # lines of passwd on standard input. Whoever hangs costs the others less and less.
    PS_LOOK_SECONDS=20
    while IFS=: read -r n _ i _ _ h _; do
        began=$(date +%s)
        ps_user "$n" "$i" "$h"
        [ $(($(date +%s) - began)) -lt $PS_LOOK_SECONDS ] || [ $PS_LOOK_SECONDS -le 5 ] || PS_LOOK_SECONDS=$((PS_LOOK_SECONDS - 5))
    done
}

ps_observe() {
    [ -z "${PS_SCRIPT-}" ] || ps_record script "$PS_SCRIPT"
    ps_record id
    printf '%s %s\n' "$PS_ME" "$(id -un)"
    ps_record files
    grep -H '' /etc/os-release /usr/lib/os-release /proc/1/comm /etc/nsswitch.conf /proc/sys/kernel/osrelease \
        /proc/sys/kernel/threads-max
    ps_record sysctl
    (cd /proc/sys && grep -H '' $PS_SYSCTLS)
    # opening tells a read-only file system, which busybox's test does not for root; others may not write anyway
    [ "$PS_ME" != 0 ] || for k in $PS_SYSCTLS; do
        [ ! -e "/proc/sys/$k" ] || (: >>"/proc/sys/$k") || printf '%s:read-only\n' "!$k"
    done
    ps_record sysctl-names
    for f in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf \
        /lib/sysctl.d/*.conf /etc/sysctl.conf; do
        [ -e "$f" ] && printf '%s\n' "$f"
    done
    [ -L /etc/sysctl.d/99-sysctl.conf ] && printf '!linked\n'
    ps_record sysctl-lines
    grep -HnE '^[^#;]*=|^[[:space:]]*-' /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf \
        /usr/lib/sysctl.d/*.conf /lib/sysctl.d/*.conf /etc/sysctl.conf
    ps_record login-defs
    grep -E '^[[:space:]]*(SUB_[UG]ID_(MIN|MAX|COUNT|DETERMINISTIC)|[UG]ID_(MIN|MAX))[[:space:]]' /etc/login.defs
    ps_record passwd
    getent passwd || cat /etc/passwd
    ps_record passwd-named
    ps_names | ps_passwd
    ps_record passwd-owners
    # a directory may hide its accounts from a listing and still know the owners of ranges
    for f in /etc/subuid /etc/subgid; do ps_is_link $f || cut -d: -f1 $f; done | sort -u | head -n 2000 | ps_passwd
    ps_record group
    getent group || cat /etc/group
    for f in /etc/subuid /etc/subgid; do ps_is_link $f || ps_file $f; done
    for f in $PS_FILES /etc/containers/storage.conf /usr/share/containers/storage.conf; do
        ps_file "$f"
    done
    ps_engine_files
    ps_record stat
    stat -c '%a:%u:%g:%F:%n' /etc/subuid /etc/subgid /etc/subuid.lock /etc/subgid.lock /run/systemd/system \
        /run/.containerenv /.dockerenv
    stat -L -c '%a:%u:%g:%F:%n' "$(command -v newuidmap)" "$(command -v newgidmap)"
    ps_tools
    ps_lock_segments
    ps_packages
    ps_facts
    if grep -qiE '^[[:space:]]*subid[[:space:]]*:' /etc/nsswitch.conf && command -v getsubids >/dev/null; then
        ps_names | while IFS= read -r u; do
            ps_record getsubids "$u"
            getsubids "$u"
            ps_record getsubgids "$u"
            getsubids -g "$u"
        done
    fi
    ps_names | ps_passwd | ps_users
    ps_record end
}
