# Prints what answers at a port of this host, as ask.pl does.
import socket
import sys

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
print(connection.recv(200).decode())
