# Binds each of the ports, and opens ICMP echo sockets. Prints KIND FAMILY PORT and "ok" or the errno.
use Errno;
use Socket;
sub out { print join(" ", @_), "\n" }
for my $p (split / /, $ARGV[0]) {
  for my $f ([4, AF_INET, "127.0.0.1"], [6, AF_INET6, "::1"]) {
    my ($v, $family, $host) = @$f;
    my $a = $v == 4 ? pack_sockaddr_in($p, inet_aton($host)) : pack_sockaddr_in6($p, Socket::inet_pton(AF_INET6, $host));
    my $r = "ok";
    if (!socket(my $s, $family, SOCK_STREAM, 0)) { $r = $!+0 } elsif (!bind($s, $a)) { $r = $!+0 }
    out("bind", $v, $p, $r);
  }
}
out("icmp", 4, 0, socket(my $s, AF_INET, SOCK_DGRAM, 1) ? "ok" : $!+0);
out("icmp", 6, 0, socket(my $t, AF_INET6, SOCK_DGRAM, 58) ? "ok" : $!+0);
