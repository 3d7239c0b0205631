# shellcheck shell=sh
# Runs as the user and proves what works, each proof with its counter-proof. Prints evidence; judges nothing.
# POSIX sh: dash, busybox ash, bash. Leaves no process, no file and no Podman database of the user's behind.
# Set before this text, quoted: PS_NONCE; PS_UIDMAP, PS_GIDMAP (arguments of newuidmap for the whole grant); PS_UIDOVER,
# PS_GIDOVER (one ID too many); PS_OTHER (somebody else's ID); PS_RAW (a raw map); PS_LAST, PS_GLAST (last container ID);
# PS_PORTS (ports to bind); PS_DO (what to do: words out of helpers, sockets, engine, containers; or sweep alone).
# needs: record.sh probe_helpers.sh probe_sockets.sh probe_space.sh probe_engine.sh
# shellcheck disable=SC2034 # variables of those files

ps_context() {
    ps_record who
    printf '%s\n' "$(id -un)" "$PS_UID" "$PS_GID" "$(id -G)"
    ps_record passwd
    getent passwd "$PS_UID"
    ps_record environment
    printf '%s\n' "USER=${USER-}" "HOME=${HOME-}" "XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR-}" "PATH=$PATH"
    ps_record status
    grep -E '^(NoNewPrivs|Seccomp|CapBnd):' /proc/self/status
    ps_record own-map
    cat /proc/self/uid_map
    ps_record access
    [ -x . ] && echo directory
    [ -w "$HOME" ] && echo home
    [ -r /etc/subuid ] && echo /etc/subuid
    [ -r /etc/subgid ] && echo /etc/subgid
    [ -S "${XDG_RUNTIME_DIR:-/nonexistent}/bus" ] && echo bus
    [ "$(stat -c %u "${XDG_RUNTIME_DIR:-/nonexistent}")" = "$PS_UID" ] && echo runtime-dir
    ps_record limits
    grep -E '^Max (open files|processes)' /proc/self/limits
    ps_record helpers
    for b in newuidmap newgidmap podman; do p=$(command -v $b) && printf '%s %s\n' $b "$p"; done
    ps_record helper-stat
    stat -L -c '%n %A %u' "$(command -v newuidmap)" "$(command -v newgidmap)"
}

child=
T=
R=
H=
L=
K=
W=
LC_ALL=C
export LC_ALL
cd "$HOME" || cd /
trap 'ps_clean' EXIT
# systemd signals a unit's processes until it finds no new one: what clears up must not start in the middle of that
trap 'trap "" HUP INT TERM; sleep 1; exit 143' HUP INT TERM
{
    if ps_does sweep; then
        ps_own_name
        K=yes
        ps_sweep
        exit 0
    fi
    ps_context
    if ps_does helpers; then ps_helpers; fi
    if ps_does sockets; then ps_sockets; fi
    if ps_does engine; then ps_clear_left; fi
    if ps_does engine && command -v podman >/dev/null && ps_space; then
        ps_engine
        ps_clean
    fi
    ps_record probed
} 2>/dev/null </dev/null
