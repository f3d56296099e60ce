"""A way to the server on which the answer to a commit gets lost, or the commit itself."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread


class Gate:
    """Passes bytes between clients and a server; ``lose`` says at which words of a client its connection ends."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._words, self._arrives = b"", False
        self.shut = False
        self.lost = Event()
        Thread(target=self._accept, daemon=True, name="gate").start()

    def lose(self, words: bytes, *, arrives: bool, shut: bool = False) -> None:
        """The next connection that says these words ends. arrives: once the server has answered, which nobody hears. shut: nobody comes in again."""
        self._words, self._arrives, self._shutting = words, arrives, shut

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.shut:
                    client.close()
                else:
                    Thread(target=self._serve, args=(client,), daemon=True, name="gate-way").start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            down = Thread(target=self._down, args=(server, client), daemon=True, name="gate-down")
            down.start()
            with suppress(OSError):
                while (piece := client.recv(2**20)) and not self._is_lost(piece, client, server):
                    server.sendall(piece)
            for one in (server, client):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            down.join()

    def _is_lost(self, piece: bytes, client: socket.socket, server: socket.socket) -> bool:
        if not self._words or self._words not in piece:
            return False
        self._words = b""
        self.shut = self._shutting
        if self._arrives:
            with suppress(OSError):
                client.shutdown(socket.SHUT_WR)  # whatever comes down from here on reaches nobody
            self._answered = Event()
            server.sendall(piece)
            assert self._answered.wait(10), "the server did not answer"
        self.lost.set()
        return True

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while piece := server.recv(2**20):
                with suppress(OSError):
                    client.sendall(piece)
                answered = getattr(self, "_answered", None)
                if answered is not None:
                    answered.set()


@contextmanager
def gate_to(port: int) -> Iterator[Gate]:
    """One for as long as a block lasts."""
    made = Gate(port)
    try:
        yield made
    finally:
        made.close()
