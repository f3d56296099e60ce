"""An HTTP server that takes everything and keeps nothing, so that it is never the one waited for: ``python -m benchmarks.sink``."""

from __future__ import annotations

import socket
import threading

BLOCK = 1 << 20


def take(connection: socket.socket) -> None:
    """Requests of one connection, until it closes. With MSG_TRUNC the kernel drops the bytes without copying them (tcp(7))."""
    block = bytearray(BLOCK)
    waiting = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in waiting:
                more = connection.recv(65536)
                if not more:
                    return
                waiting += more
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            if lines.get(b"expect") == b"100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = int(lines.get(b"content-length", 0)) - len(waiting)
            waiting = b"" if left >= 0 else waiting[left:]
            while left > 0:
                left -= connection.recv_into(block, min(BLOCK, left), socket.MSG_TRUNC) or left
            connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=take, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
