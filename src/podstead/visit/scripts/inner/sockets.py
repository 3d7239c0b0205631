# Binds each of the ports, and opens ICMP echo sockets, as sockets.pl does.
import socket
import sys


def attempt(
    family: int, kind: int, protocol: int, address: "tuple[str, int] | None" = None
) -> "int | str | None":
    try:
        sock = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, kind, protocol)
        if address:
            sock.bind(address)
    except OSError as error:
        return error.errno
    return "ok"


for port in sys.argv[1].split():
    for family, host in ((4, "127.0.0.1"), (6, "::1")):
        print("bind", family, port, attempt(family, socket.SOCK_STREAM, 0, (host, int(port))))
print("icmp", 4, 0, attempt(4, socket.SOCK_DGRAM, 1))
print("icmp", 6, 0, attempt(6, socket.SOCK_DGRAM, 58))
