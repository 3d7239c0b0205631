# shellcheck shell=sh
# What explains failures: facts of the host that no part manages. Decides nothing, changes nothing.
# needs: record.sh fact.sh

ps_lock_state() { # a lock file of shadow holds the process ID of its owner
    [ -e "$1" ] || return 0
    pid=
    read -r pid <"$1"
    pid=$(printf %s "$pid" | tr -d '\0')
    case $pid in
    '' | *[!0-9]*) s=none ;;
    *) if [ -d "/proc/$pid" ]; then s=alive; else s=dead; fi ;;
    esac
    ps_fact lock "$1 $s"
}

ps_device() { if [ -c "$1" ]; then stat -c %a "$1"; else echo missing; fi; }

ps_kernel_facts() {
    # busybox's stat does not know cgroup v2 by name
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then ps_fact cgroup cgroup2fs; else ps_fact cgroup "$(stat -f -c %T /sys/fs/cgroup)"; fi
    [ ! -r /sys/fs/cgroup/cgroup.controllers ] || ps_fact cgroup.controllers "$(cat /sys/fs/cgroup/cgroup.controllers)"
    [ ! -r /sys/fs/cgroup/unified/cgroup.controllers ] ||
        ps_fact cgroup.hybrid "$(cat /sys/fs/cgroup/unified/cgroup.controllers)"
    [ ! -r /sys/fs/selinux/enforce ] || ps_fact selinux "$(cat /sys/fs/selinux/enforce)"
    p=/proc/1/mountinfo
    [ -r $p ] || p=/proc/self/mountinfo
    ps_fact root.propagation "$(awk '$5 == "/" { s = "private"; for (i = 7; $i != "-"; i++) if ($i ~ /^shared:/) s = "shared" }
        END { print s }' $p)"
    ps_fact proc.options "$(awk '$2 == "/proc" { print $4 }' /proc/self/mounts | tail -n 1)"
    ps_fact boot.id "$(cat /proc/sys/kernel/random/boot_id)"
    if [ -e /proc/self/ns/user ]; then ps_fact ns.user yes; else ps_fact ns.user no; fi
    # the kernel keeps an unreachable IPv6 default on lo
    if awk '$2 == "00000000" || $2 == "00" && $1 ~ /^0+$/ && $NF != "lo" { f = 1 } END { exit !f }' \
        /proc/net/route /proc/net/ipv6_route; then ps_fact route default; else ps_fact route none; fi
    ps_fact dev.tun "$(ps_device /dev/net/tun)"
    ps_fact dev.fuse "$(ps_device /dev/fuse)"
    if [ -r /sys/kernel/security/apparmor/profiles ]; then
        ps_fact apparmor.loaded "$(grep -E '^(podman|crun|runc|buildah|passt|pasta)' /sys/kernel/security/apparmor/profiles | tr '\n' ' ')"
    fi
    for f in podman crun runc usr.bin.passt usr.bin.pasta; do
        [ ! -e "/etc/apparmor.d/$f" ] || ps_fact apparmor.file "$f"
    done
}

ps_system_facts() {
    [ ! -e /run/ostree-booted ] || ps_fact ostree yes
    if command -v systemctl >/dev/null; then ps_fact systemd "$(systemctl --version | head -n 1)"; fi
    # Quadlets of users wait for the target of the system through this unit (podman-systemd.unit(5), from Podman 5.3 on)
    for f in /usr/lib/systemd/user /lib/systemd/user /etc/systemd/user; do
        [ ! -e $f/podman-user-wait-network-online.service ] || ps_fact online.waits "$(systemctl is-active network-online.target)"
    done
    [ ! -d /etc/pam.d ] || ps_fact pam.systemd "$(grep -lsE '^[^#]*pam_systemd' /etc/pam.d/* | grep -c .)"
    p=no
    for f in /lib/security /lib64/security /usr/lib64/security /lib/*/security /usr/lib/security /usr/lib/*/security; do
        [ ! -e "$f/pam_systemd.so" ] || p=yes
    done
    ps_fact pam.module $p
    [ ! -r /run/systemd/container ] || ps_fact container "$(cat /run/systemd/container)"
    for f in /etc/subuid.lock /etc/subgid.lock; do ps_lock_state $f; done
    p=$(command -v podman) && ps_fact podman.path "$(readlink -f "$p")"
    if grep -qiE '^[[:space:]]*subid[[:space:]]*:' /etc/nsswitch.conf; then
        [ -z "$p" ] || ps_fact podman.libsubid "$(grep -aoE 'libsubid\.so\.[0-9]+' "$p" | head -n 1)"
        for f in /usr/lib/libsubid_*.so /usr/lib64/libsubid_*.so /usr/lib/*/libsubid_*.so; do
            [ ! -e "$f" ] || ps_fact libsubid.module "${f##*/}"
        done
    fi
    h=$(command -v newuidmap) && ps_mount helper.mount "$h"
    for f in /etc/containers/policy.json /usr/share/containers/policy.json; do [ ! -e $f ] || ps_fact policy $f; done
    grep -HnsE '^[[:space:]]*(graphroot|runroot|mount_program)[[:space:]]*=' /etc/containers/storage.conf | ps_fact_each storage.key
    grep -HnsE '^[^#]*(slirp4netns|network_backend[[:space:]]*=[[:space:]]*"cni")' /etc/containers/containers.conf \
        /etc/containers/containers.conf.d/*.conf | ps_fact_each network.removed
    grep -hsE '^x![[:space:]]|^x[[:space:]]' /etc/tmpfiles.d/*.conf /usr/lib/tmpfiles.d/*.conf | grep -E '/tmp/(podman|storage)-run' |
        ps_fact_each tmpfiles.keep
    grep -ls podman /etc/systemd/system/*.service | while IFS= read -r f; do
        grep -HE '^(User|DynamicUser)=' "$f" | head -n 1
    done | ps_fact_each unit.user
    ps_fact tmp.keep end
}

ps_facts() {
    ps_record facts
    ps_kernel_facts
    ps_system_facts
}
