# Opens an ICMP echo socket, and prints "ok" or the errno, as icmp.pl does.
import socket

try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1)
    print("ok")
except OSError as error:
    print(error.errno)
