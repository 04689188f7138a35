"""Asks a window to close: `x11_close.py SOCKET WINDOW` sends WM_DELETE_WINDOW, as a window manager does.

The X11 protocol by hand, since no program of Debian's does this without a window manager.
"""

import socket
import struct
import sys


def read(server: socket.socket, size: int) -> bytes:
    """Just so many bytes."""
    data = b""
    while len(data) < size:
        chunk = server.recv(size - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def atom(server: socket.socket, name: bytes) -> int:
    """The number of a name (InternAtom)."""
    server.sendall(struct.pack("<BxHHxx", 16, 2 + (len(name) + 3) // 4, len(name)) + name + bytes(-len(name) % 4))
    return int(struct.unpack_from("<L", read(server, 32), 8)[0])


def main(place: str, window: int) -> None:
    """Connect, send a ClientMessage, wait until the server has taken it."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(place)
        server.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
        accepted, _, _, more = struct.unpack("<BxHHH", read(server, 8))
        read(server, 4 * more)
        if accepted != 1:
            sys.exit("the X server refused the connection")
        protocols, delete = atom(server, b"WM_PROTOCOLS"), atom(server, b"WM_DELETE_WINDOW")
        message = struct.pack("<BBHLL5L", 33, 32, 0, window, protocols, delete, 0, 0, 0, 0)
        server.sendall(struct.pack("<BBHLL", 25, 0, 11, window, 0) + message)
        atom(server, b"WM_PROTOCOLS")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
