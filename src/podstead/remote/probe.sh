# shellcheck shell=sh
# Starts the probe of one user inside that user's session, and adds what only root can show.
# Set before this text, quoted: PS_NONCE, PS_USER, PS_SECONDS, PS_PROBE (the whole probe_user script), PS_DENIED_GID.

ps_start() {
    bus=/run/user/$(id -u "$PS_USER")/bus
    if [ -S "$bus" ] && command -v systemd-run >/dev/null &&
        ps_as_user "$PS_USER" systemd-run --user --quiet --collect --pipe --wait true; then
        ps_record context session
        # on standard input, because systemd expands ${NAME} in the arguments of a unit (systemd.service(5)); the time
        # limit is the unit's, so systemd ends everything that the probe started
        printf '%s\n' "$PS_PROBE" | ps_as_user "$PS_USER" \
            systemd-run --user --quiet --collect --pipe --wait -p "RuntimeMaxSec=$PS_SECONDS" sh -s
    else
        ps_record context direct
        limit=
        if command -v timeout >/dev/null; then limit="timeout -k 5 $PS_SECONDS"; fi
        # shellcheck disable=SC2086 # a command and its words
        printf '%s\n' "$PS_PROBE" | ps_as_user "$PS_USER" $limit sh -s
    fi
    ps_record ended "$?"
}

# shellcheck disable=SC2016 # a variable of perl
ps_denied() { # the counter-proof of ICMP sockets: a group outside the range must be refused
    [ -n "$PS_DENIED_GID" ] && [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null || return 0
    ps_record denied
    if command -v perl >/dev/null; then
        setpriv --reuid "$PS_USER" --regid "$PS_DENIED_GID" --clear-groups \
            perl -MSocket -e 'print socket(my $s, AF_INET, SOCK_DGRAM, 1) ? "ok" : $!+0'
    elif command -v python3 >/dev/null; then
        setpriv --reuid "$PS_USER" --regid "$PS_DENIED_GID" --clear-groups python3 -c \
            'import socket
try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1); print("ok")
except OSError as e: print(e.errno)'
    fi
}

ps_all() {
    ps_start
    ps_denied
    ps_record end
}

ps_bounded() { ps_all | head -c 4000000; } # whatever a user's own programs print, it ends here
