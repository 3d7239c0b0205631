# shellcheck shell=sh
# The part of the user's probe that binds ports and opens ICMP echo sockets, each on both sides of its boundary.
# needs: record.sh probe_helpers.sh
# holds: ps_sockets_perl=inner/sockets.pl ps_sockets_python=inner/sockets.py
# shellcheck disable=SC2154 # what is held

# It needs a language: perl is part of every Debian, python3 of every Fedora.
ps_sockets() {
    if command -v perl >/dev/null && perl -MSocket -e 'Socket->import("AF_INET6")'; then
        ps_record sockets perl
        ps_limit 20 perl -e "$ps_sockets_perl" "$PS_PORTS"
    elif command -v python3 >/dev/null; then
        ps_record sockets python3
        ps_limit 20 python3 -c "$ps_sockets_python" "$PS_PORTS"
    fi
}
