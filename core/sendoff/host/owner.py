"""The process, or the part of one, that owns a journal."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sendoff import __version__
from sendoff.desk.endpoint import Endpoint
from sendoff.desk.lock import Lock
from sendoff.desk.place import Place
from sendoff.desk.variables import for_the_host
from sendoff.errors import HostUnavailable, JournalFull, Json, SendoffError, StoreRefused, to_json
from sendoff.host.server import Reception, Server
from sendoff.host.survival import survival
from sendoff.host.verbs import Verbs
from sendoff.host.work import Build, Work

CLOSE = 8.0  # seconds the work has to break off; with the server's own second that makes a stop of less than ten
EXPECTED = 10.0  # seconds in which whoever started us is on the way
LOCK = 0.25  # seconds to try: clients hold the lock for a moment to see whether it is free

log = logging.getLogger("sendoff.host")


class Host:
    """The owner of one journal: holds its lock, does its work, answers at its socket.

    Parameters
    ----------
    place: whose journal. build: puts the work together. environment: of this process.
    stays: does not leave when idle. background: has no terminal to lose. service: the unit that runs it.
    """

    def __init__(
        self, place: Place, build: Build, environment: Mapping[str, str], *, stays: bool = True, background: bool = False, service: str | None = None
    ) -> None:
        self.place = place
        self._build, self._environment, self._stays, self._background = build, environment, stays, background
        self._service, self.replaced = service, False
        self._lock, self._endpoint = Lock(place.lock), Endpoint(place, environment)
        self._stopping = threading.Event()
        self._reception = Reception(config=place.config, variables=for_the_host(environment), pid=os.getpid(), stopping=self._stopping, service=service)
        self._server = Server(self._reception, tick=self._tick, stop=self.stop)
        self._watched = _print_of(place.config)
        self._configuration_error: dict[str, Json] | None = None
        self._began = self._busy = time.monotonic()
        self._looking: asyncio.Future[None] | None = None
        self._listener: socket.socket | None = None
        self._work: Work | None = None

    @property
    def work(self) -> Work:
        """The desk itself, for who lives in this process; open."""
        assert self._work is not None
        return self._work

    def open(self) -> None:
        """Own the journal and begin to work; what cannot be is let go again before it is raised."""
        self.place.prepare()
        if not self._lock.take(LOCK, version=__version__):
            pid = self._lock.holder().get("pid")
            raise HostUnavailable(f"a host is already running (pid {pid}) for {self.place.state}", running=True, pid=pid)
        try:
            work = self._build(folder=Path(self.place.state), config_file=Path(self.place.config), environ=self._environment)
            work.open()
        except BaseException:
            self._lock.release()
            raise
        self._work = work
        self._reception.open(Verbs(work, facts=self.facts, stop=self._asked_to_stop, stopping=self._stopping))

    def listen(self) -> None:
        """Be there for clients; ``OSError`` where no socket can be bound."""
        self._listener = self._endpoint.bind()
        _let_go_in_children(self)

    def serve(self) -> None:
        """Answer until somebody says stop, a signal comes, or nothing is left to do."""
        self._server.run(sockets=[] if self._listener is None else [self._listener])

    def connection(self) -> socket.socket:
        """A connection from inside this process, which needs no address; ``HostUnavailable`` at the end."""
        ours, theirs = socket.socketpair()
        if not self._server.take(theirs):
            ours.close()
            theirs.close()
            raise HostUnavailable(f"the host of {self.place.state} has stopped")
        return ours

    @property
    def stopping(self) -> bool:
        """Somebody has said stop."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Come to an end; returns at once. From now on nobody new is served."""
        if self._listener is not None and not self._stopping.is_set() and self._lock.stands():
            self._endpoint.unlink()  # first: who has connected before this is told, who comes later finds nobody
        self._stopping.set()
        self._server.should_exit = True

    def _asked_to_stop(self, replace: bool) -> None:
        self.replaced = replace
        self.stop()

    def close(self) -> None:
        """Break off the work so that the next host goes on with it, and let the journal go."""
        self.stop()
        if self._listener is not None:
            self._listener.close()
        try:
            if self._work is not None:
                self._work.close(CLOSE)
        finally:
            self._work = None
            self._lock.release()

    def facts(self) -> dict[str, Json]:
        """What the host knows of itself, for ``status``."""
        return {
            "pid": os.getpid(), "version": __version__, "interpreter": sys.executable, "uptime": round(time.monotonic() - self._began, 3),
            "state": self.place.state, "config": self.place.config, "socket": self.place.socket,
            "configuration_error": self._configuration_error, **survival(self.place, self._environment, service=self._service, background=self._background),
        }  # fmt: skip

    # -- once a second ------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        """Look around, in a thread, because looking may take its time; never twice at once."""
        if self._looking is None or self._looking.done():
            loop = asyncio.get_running_loop()
            self._looking = loop.create_future()
            looker = threading.Thread(target=self._look, args=(loop, self._looking), name="sendoff-look", daemon=True)
            try:
                looker.start()
            except RuntimeError:  # no more threads just now: the next look is in a second
                self._looking.set_result(None)

    def _look(self, loop: asyncio.AbstractEventLoop, done: asyncio.Future[None]) -> None:
        leaves = False
        begun = self._reception.begun
        try:
            self._reread()
            leaves = self._has_been_idle()
            if not self._lock.stands():
                log.error("%s was removed; this host leaves, for what it would record nobody would find", self.place.state)
                loop.call_soon_threadsafe(self.stop)
        except Exception:  # whatever the work raises is told; the host lives on, or is on its way out
            log.log(logging.DEBUG if self._stopping.is_set() else logging.ERROR, "looking around failed", exc_info=True)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(self._looked, done, leaves, begun)

    def _looked(self, done: asyncio.Future[None], leaves: bool, begun: int) -> None:
        """In the loop, where calls begin: a call that came while we looked may have brought work, and nobody would do it if we left now."""
        done.set_result(None)
        if leaves and begun == self._reception.begun and not self._reception.calls:
            log.info("nothing to do; leaving")
            self.stop()

    def _reread(self) -> None:
        found = _print_of(self.place.config)
        if found == self._watched:
            return
        try:
            self.work.reconfigure()
        except (JournalFull, StoreRefused) as error:  # not the file's fault: it is read again with the next look
            told, self._configuration_error = self._configuration_error, to_json(error)
            if told != self._configuration_error:
                log.warning("%s; the configuration is read again", error)
            return
        except SendoffError as error:
            log.warning("%s; the configuration before stays in force", error)
            self._configuration_error = to_json(error)
        else:
            self._configuration_error = None
        self._watched = found

    def _has_been_idle(self) -> bool:
        now = time.monotonic()
        expected = self._reception.begun == 0 and now - self._began < EXPECTED
        if expected or self._stays or self._reception.calls or self._reception.followers or not self.work.idle():
            self._busy = now
        return now - self._busy >= self.work.configuration.idle_exit and self._busy != now

    def let_go(self) -> None:
        """In a forked child: whatever is ours by descriptor must not outlive us there."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        sockets = [connection.transport.get_extra_info("socket") for connection in self._server.server_state.connections]
        for one in [*sockets, self._listener]:
            if one is not None and one.fileno() >= 0:
                os.dup2(nowhere, one.fileno(), inheritable=False)
        os.close(nowhere)


def _print_of(path: str) -> tuple[int, int, int] | None:
    """What changes when a file changes."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _let_go_in_children(host: Host) -> None:
    known = weakref.ref(host)

    def let_go() -> None:
        found = known()
        if found is not None:
            found.let_go()

    os.register_at_fork(after_in_child=let_go)
