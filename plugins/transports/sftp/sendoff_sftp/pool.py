"""The connections to one server, kept and shared: few of them, with a session in one for each try that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Timer

from sendoff import CredentialNeeded, HostKeyUnknown, Interrupted, NeedsPerson, SendoffError, Transient

from sendoff_sftp.connection import Connection
from sendoff_sftp.files import Files
from sendoff_sftp.watch import LOOK_UP_EVERY, Watch
from sendoff_sftp.wire import Said, Wire

LONGEST_IDLE = 60.0  # seconds; then a session is let go
_FRESH = 1.0  # seconds; a session that was idle for longer is asked whether it still lives
_PING = 10.0


@dataclass(slots=True)
class Line:
    """A session of somebody's for the time being. kept: another has used it before, and nobody knows whether it still lives."""

    connection: Connection
    wire: Wire
    idle_since: float = 0.0
    kept: bool = False

    @property
    def files(self) -> Files:
        """The server's files."""
        return Files(self.wire)


class Pool:
    """Lines to one server as one user. dial: makes a connection. patience: seconds for a session to open."""

    def __init__(self, dial: Callable[[Watch], Connection], patience: float) -> None:
        self._dial, self._patience = dial, patience
        self._connections: list[Connection] = []
        self._idle: list[Line] = []
        self._lock, self._dialing = Lock(), Lock()
        self._failures, self._open = 0, True
        self._failure: SendoffError | None = None
        self._sweep: Timer | None = None

    @contextmanager
    def line(self, watch: Watch, *, fresh: bool = False) -> Iterator[Line]:
        """A line for this try; kept for the next one where nothing is left open in it. fresh: none that somebody has used before."""
        if fresh:
            self._drop(lambda _: True)
        line = self._taken(watch)
        watch.share(line.connection.cut)
        try:
            yield line
        except Transient as error:
            if error.facts.get("stalled"):
                line.connection.cut()
            raise
        finally:
            watch.share(None)
            self._give_back(line, watch)

    def close(self) -> None:
        """Lets the idle ones go now and the busy ones when they come back."""
        with self._lock:
            self._open = False
        self._drop(lambda _: True)

    # -- taking

    def _taken(self, watch: Watch) -> Line:
        while (line := self._kept()) is not None:
            line.kept = True
            line.wire.use(watch)
            if self._lives(line, watch):
                return line
            self._end(line)
        connection, made = self._reserved(), False
        while True:
            if connection is None:
                connection, made = self._connected(watch)
            try:
                return self._session(connection, watch)
            except Transient as error:
                if made or error.facts.get("connection") not in ("full", "broken"):
                    raise
                connection = None

    def _session(self, connection: Connection, watch: Watch) -> Line:
        watch.share(connection.cut)
        try:
            return Line(connection, connection.conversation(watch, self._patience))
        except BaseException:
            self._left(connection)
            raise
        finally:
            watch.share(None)

    def _kept(self) -> Line | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _lives(self, line: Line, watch: Watch) -> bool:
        """Whether a line that was idle for a while can still be used; the server is asked, briefly."""
        if not line.wire.reusable or not line.connection.alive:
            return False
        if watch.now() - line.idle_since < _FRESH:
            return True
        try:
            return line.wire.lives(_PING)
        except Interrupted:
            self._end(line)
            raise
        except (SendoffError, Said):
            return False

    def _reserved(self) -> Connection | None:
        """A connection that has room for one more session, counted as used."""
        with self._lock:
            self._connections = [one for one in self._connections if one.alive]
            found = next((one for one in self._connections if not one.full), None)
            if found is not None:
                found.users += 1
            return found

    def _connected(self, watch: Watch) -> tuple[Connection, bool]:
        """A connection, and whether it is new or one that another made meanwhile: one at a time, so that a refused login is not tried by all at once."""
        before = self._failures
        while not self._dialing.acquire(timeout=LOOK_UP_EVERY):
            watch.heard()
            watch.check()
        try:
            found = self._reserved()
            if found is not None:
                return found, False
            if self._failures != before and isinstance(self._failure, CredentialNeeded | HostKeyUnknown):
                raise _again(self._failure)
            made = self._dialed(watch)
        finally:
            self._dialing.release()
        with self._lock:
            made.users = 1
            self._connections.append(made)
        return made, True

    def _dialed(self, watch: Watch) -> Connection:
        try:
            return self._dial(watch)
        except NeedsPerson as error:
            self._failures, self._failure = self._failures + 1, error
            raise

    # -- giving back

    def _give_back(self, line: Line, watch: Watch) -> None:
        line.idle_since = watch.now()
        with self._lock:
            keep = self._open and line.wire.reusable and line.connection.alive
            if keep:
                self._idle.append(line)
                self._wait_to_sweep(watch)
        if not keep:
            self._end(line)

    def _end(self, line: Line) -> None:
        line.wire.close()
        line.connection.full = False
        self._left(line.connection)

    def _left(self, connection: Connection) -> None:
        """One session fewer in it; the last one closes it."""
        with self._lock:
            connection.users -= 1
            over = connection.users == 0
            if over and connection in self._connections:
                self._connections.remove(connection)
        if over:
            connection.close()

    def _wait_to_sweep(self, watch: Watch) -> None:
        if self._sweep is None:
            self._sweep = Timer(LONGEST_IDLE, self._swept, (watch,))
            self._sweep.daemon = True
            self._sweep.start()

    def _swept(self, watch: Watch) -> None:
        """Those that nobody wanted for a while are let go."""
        now = watch.now()
        with self._lock:
            self._sweep = None
        self._drop(lambda line: now - line.idle_since >= LONGEST_IDLE - 1)
        with self._lock:
            if self._idle:
                self._wait_to_sweep(watch)

    def _drop(self, which: Callable[[Line], bool]) -> None:
        with self._lock:
            gone = [line for line in self._idle if which(line)]
            self._idle = [line for line in self._idle if not which(line)]
        for line in gone:
            self._end(line)


def _again(error: SendoffError) -> SendoffError:
    """The same error for another try."""
    return type(error)(error.message, hint=error.hint, **error.facts)
