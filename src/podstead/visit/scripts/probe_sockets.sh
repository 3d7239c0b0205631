# shellcheck shell=sh
# The part of the user's probe that binds ports and opens ICMP echo sockets, each on both sides of its boundary.

# Binding and ICMP echo sockets need a language: perl is part of every Debian, python3 of every Fedora.
# shellcheck disable=SC2016 # perl's variables
ps_perl='use Socket; use Errno; sub say2 { print join(" ", @_), "\n" }
for my $p (split / /, $ARGV[0]) {
  for my $f ([4, AF_INET, "127.0.0.1"], [6, AF_INET6, "::1"]) {
    my ($v, $family, $host) = @$f;
    my $a = $v == 4 ? pack_sockaddr_in($p, inet_aton($host)) : pack_sockaddr_in6($p, Socket::inet_pton(AF_INET6, $host));
    my $r = "ok";
    if (!socket(my $s, $family, SOCK_STREAM, 0)) { $r = $!+0 } elsif (!bind($s, $a)) { $r = $!+0 }
    say2("bind", $v, $p, $r);
  }
}
say2("icmp", 4, 0, socket(my $s, AF_INET, SOCK_DGRAM, 1) ? "ok" : $!+0);
say2("icmp", 6, 0, socket(my $t, AF_INET6, SOCK_DGRAM, 58) ? "ok" : $!+0);'
ps_python='import socket, sys
def out(*a): print(*a)
def attempt(v, kind, proto, address=None):
    try:
        s = socket.socket(socket.AF_INET if v == 4 else socket.AF_INET6, kind, proto)
        if address: s.bind(address)
        return "ok"
    except OSError as e:
        return e.errno
for p in sys.argv[1].split():
    for v, host in ((4, "127.0.0.1"), (6, "::1")):
        out("bind", v, p, attempt(v, socket.SOCK_STREAM, 0, (host, int(p))))
out("icmp", 4, 0, attempt(4, socket.SOCK_DGRAM, 1))
out("icmp", 6, 0, attempt(6, socket.SOCK_DGRAM, 58))'

ps_sockets() {
    if command -v perl >/dev/null && perl -MSocket -e 'Socket->import("AF_INET6")'; then
        ps_record sockets perl
        ps_limit 20 perl -e "$ps_perl" "$PS_PORTS"
    elif command -v python3 >/dev/null; then
        ps_record sockets python3
        ps_limit 20 python3 -c "$ps_python" "$PS_PORTS"
    fi
}
