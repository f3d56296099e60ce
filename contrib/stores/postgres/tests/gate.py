"""A way to the server on which the answer to a commit gets lost, or the commit itself."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

COMMITTED = b"COMMIT\0"  # what a server says when it has


class Gate:
    """Passes bytes between clients and a server; ``lose`` says what gets lost."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._words, self._arrives, self._shutting, self._said = b"", False, False, False
        self.shut = False
        self.lost = Event()
        Thread(target=self._accept, daemon=True, name="gate").start()

    def lose(self, words: bytes, *, arrives: bool, shut: bool = False) -> None:
        """The connection that says these words ends there; arrives: at the server's answer to the commit that follows. shut: nobody comes in again."""
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
            down = Thread(target=self._pass, args=(server, client, self._is_lost_going_down), daemon=True, name="gate-down")
            down.start()
            self._pass(client, server, self._is_lost_going_up)
            down.join()

    def _pass(self, source, target, is_lost) -> None:
        with suppress(OSError):
            while piece := source.recv(2**20):
                if is_lost(piece):
                    self._words, self._said, self.shut = b"", False, self._shutting
                    self.lost.set()
                    break
                target.sendall(piece)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _is_lost_going_up(self, piece: bytes) -> bool:
        self._said = self._said or (bool(self._words) and self._words in piece)
        return self._said and not self._arrives

    def _is_lost_going_down(self, piece: bytes) -> bool:
        return self._said and COMMITTED in piece


@contextmanager
def gate_to(port: int) -> Iterator[Gate]:
    """One for as long as a block lasts."""
    made = Gate(port)
    try:
        yield made
    finally:
        made.close()
