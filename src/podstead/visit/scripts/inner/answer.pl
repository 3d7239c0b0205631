# Answers at port 8080 of the container with its argument, for a minute.
use Socket;
$SIG{ALRM} = sub { exit 1 };
alarm 60;
socket(my $s, AF_INET, SOCK_STREAM, 0) or exit 1;
setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
bind($s, pack_sockaddr_in(8080, INADDR_ANY)) or exit 1;
listen($s, 5);
open(my $r, ">", "/vol/listening");
close $r;
while (accept(my $c, $s)) { syswrite($c, $ARGV[0] . "\n"); close $c }
