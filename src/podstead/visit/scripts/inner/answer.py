# Answers at port 8080 of the container with its argument, for a minute, as answer.pl does.
import signal
import socket
import sys

signal.signal(signal.SIGALRM, lambda *_: sys.exit(1))
signal.alarm(60)
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("", 8080))
server.listen(5)
open("/vol/listening", "w").close()
while True:
    connection = server.accept()[0]
    connection.sendall(sys.argv[1].encode() + b"\n")
    connection.close()
