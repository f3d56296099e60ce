"""The server itself: it listens on loopback, a thread for each connection."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType

from tests.servers.rufh.connection import Connection
from tests.servers.rufh.fault import Rule, Script
from tests.servers.rufh.ledger import Ledger, Seen
from tests.servers.rufh.limit import Limits
from tests.servers.rufh.shelf import HIDDEN, Shelf
from tests.servers.rufh.site import Site
from tests.servers.rufh.upload import Upload
from tests.servers.rufh.uploads import Uploads


class RufhServer:
    """Takes resumable uploads as the draft says; ``with RufhServer(folder) as server: server.url``.

    Parameters
    ----------
    folder: where the targets' files are; uploads on their way are in ``.uploads`` below it and go on after a restart.
    rate: bytes a second of each body; None = as fast as they come. Can be set while it runs.
    limits: what is announced and enforced.
    script: what goes wrong, and when; ``server.script.add`` adds more.
    progress: bytes between two 104 that tell the offset.
    resumable: False = ``Upload-Complete`` means nothing here, and each PUT or POST is the whole.
    announces: False = OPTIONS tells nothing, and only creation shows that uploads are resumable.
    interim: False = no 104 at all.
    terse: answers carry only what the newest drafts require: no length and completeness with an offset, no offset with an append.
    keep_completed: False = an upload resource is gone with the final answer.
    relative: True = the ``Location`` of an upload is a path.
    clock: the wall clock, in seconds, for lifetimes.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        port: int = 0,
        rate: float | None = None,
        limits: Limits = Limits(),  # noqa: B008, it is frozen
        script: Sequence[Rule] = (),
        progress: int = 1024 * 1024,
        resumable: bool = True,
        announces: bool = True,
        interim: bool = True,
        terse: bool = False,
        keep_completed: bool = True,
        relative: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder, self._port = Path(folder), port
        self.script, self._ledger = Script(script), Ledger()
        self._site = Site(
            url="", shelf=Shelf(self.folder), uploads=Uploads(self.folder / HIDDEN, clock), limits=limits, script=self.script, ledger=self._ledger,
            released=Event(), rate=rate, progress=progress, resumable=resumable, announces=announces, interim=interim, terse=terse,
            keep_completed=keep_completed, relative=relative,
        )  # fmt: skip
        self._open: set[socket.socket] = set()
        self._threads: list[Thread] = []
        self._lock = Lock()
        self._listener: socket.socket | None = None

    # -- life

    def open(self) -> RufhServer:
        """Listens from now on."""
        self._site.uploads.open()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._site.rate is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)  # or the kernel would take megabytes ahead of the pace
        listener.bind(("127.0.0.1", self._port))
        listener.listen(128)
        self._listener, self._port = listener, listener.getsockname()[1]
        self._site.url = self.url
        self._begin(self._accept)
        return self

    def close(self) -> None:
        """Hangs up on everybody and returns when its threads are gone."""
        self.release()
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            listener.close()
        self.hang_up()
        for thread in list(self._threads):
            thread.join(10)

    def __enter__(self) -> RufhServer:
        return self.open()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # -- what tests ask

    @property
    def url(self) -> str:
        """Its root, ``http://127.0.0.1:PORT/``."""
        return f"http://127.0.0.1:{self._port}/"

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def rate(self) -> float | None:
        """Bytes a second of each body."""
        return self._site.rate

    @rate.setter
    def rate(self, value: float | None) -> None:
        self._site.rate = value

    @property
    def requests(self) -> tuple[Seen, ...]:
        """All requests so far, in order of arrival."""
        return self._ledger.rows()

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._ledger.connections

    @property
    def live(self) -> tuple[str, ...]:
        """The ids of the upload resources that answer."""
        return self._site.uploads.live()

    def upload(self, address: str) -> Upload | None:
        """The upload resource of an id or an address; None = none answers there."""
        return self._site.uploads.find(address.rpartition("/")[2])

    def stored(self, path: str) -> bytes:
        """What a target below the root holds; ``FileNotFoundError`` when nothing is there."""
        return self._site.shelf.path(path).read_bytes()

    def wait_until(self, true: Callable[[tuple[Seen, ...]], bool], *, timeout: float = 20.0) -> tuple[Seen, ...]:
        """The requests as soon as ``true`` of them; ``TimeoutError`` after so many seconds."""
        return self._ledger.wait_until(true, timeout)

    def wait_for(self, method: str, nth: int = 1, *, bytes: int = 0, over: bool = False, timeout: float = 20.0) -> Seen:
        """The nth request of a method as soon as so many bytes of its body are here, or it is over."""

        def found(rows: tuple[Seen, ...]) -> Seen | None:
            return next((row for row in rows if (row.method, row.nth) == (method, nth) and row.received >= bytes and (row.over or not over)), None)

        seen = found(self.wait_until(lambda rows: found(rows) is not None, timeout=timeout))
        assert seen is not None
        return seen

    def release(self) -> None:
        """Ends every stall, delay and pace: those connections are closed."""
        self._site.released.set()

    def hang_up(self) -> None:
        """Breaks every open connection."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    # -- its threads

    def _begin(self, work: Callable[[], None]) -> None:
        thread = Thread(target=work, name="rufh-server", daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _accept(self) -> None:
        listener = self._listener
        while listener is not None and self._listener is not None:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            self._begin(lambda connected=connected: self._serve(connected))  # type: ignore[misc]

    def _serve(self, connected: socket.socket) -> None:
        with self._lock:
            self._open.add(connected)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._listener is not None:
                Connection(connected, self._site).serve()
        finally:
            with self._lock:
                self._open.discard(connected)
            connected.close()
