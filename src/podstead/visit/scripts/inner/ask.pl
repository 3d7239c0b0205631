# Prints what answers at a port of this host.
use Socket;
alarm 5;
socket(my $s, AF_INET, SOCK_STREAM, 0) or exit 1;
connect($s, pack_sockaddr_in($ARGV[0], inet_aton("127.0.0.1"))) or die "$!\n";
sysread($s, my $t, 200);
print $t;
