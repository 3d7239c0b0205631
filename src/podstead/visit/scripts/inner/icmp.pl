# Opens an ICMP echo socket, and prints "ok" or the errno.
use Socket;
print socket(my $s, AF_INET, SOCK_DGRAM, 1) ? "ok" : $!+0;
